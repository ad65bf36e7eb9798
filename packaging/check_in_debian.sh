#!/usr/bin/env bash
# Prove the folder that `make package` made, in a Debian that has nothing of ours.
#
# Usage: packaging/check_in_debian.sh [FOLDER]
#   FOLDER  what make package made; dist/edgecnn when left out
# The pictures of the window go to out/package.
#
# Two roots are made once and kept in a cache folder: one as debootstrap leaves it, in which the
# command line has to work, and one with the system libraries that Qt loads, in which the window has
# to open: drawn into memory, and on an X server (where Xvfb is to be had). Both are entered with
# chroot and without a network. The folder is read-only there.
# Exit status: 0 proven, 1 failed, 77 this machine cannot run it (no root, no namespaces).
set -euo pipefail

cd "$(dirname "$0")/.."
folder=$(realpath "${1:-dist/edgecnn}")
suite=bookworm
# What packaging/README.txt names.
libraries=$(sed -n '/apt-get install/,/^$/p' packaging/README.txt | tr -d '\\\n' | sed 's/.*install//')
cache=${XDG_CACHE_HOME:-$HOME/.cache}/edgecnn/package

if [ ! -x "$folder/edgecnn" ]; then
    echo "There is no $folder/edgecnn. Make it with: make package" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    if sudo -n true 2>/dev/null; then
        exec sudo -n --preserve-env "$0" "$@"
    fi
    echo "check_in_debian: needs root (chroot, mount namespace), and this is user $(id -un)." >&2
    exit 77
fi
if ! unshare --mount --net true 2>/dev/null; then
    echo "check_in_debian: this machine gives root no namespaces (unshare --mount --net)." >&2
    exit 77
fi

# Makes the roots; a word beside each says that it is whole.
need_roots() {
    local missing=()
    command -v debootstrap >/dev/null || missing+=(debootstrap)
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
    [ ${#missing[@]} -eq 0 ] || .ci/apt "${missing[@]}"
    if [ ! -e "$bare.complete" ]; then
        echo "Making a bare Debian $suite"
        rm -rf "$bare"
        debootstrap --variant=minbase "$suite" "$bare" >"$cache/debootstrap.log" 2>&1 \
            || { tail -5 "$cache/debootstrap.log" >&2; exit 1; }
        touch "$bare.complete"
    fi
    if [ "$(cat "$window.complete" 2>/dev/null)" != "$libraries" ]; then
        echo "Installing into a copy of it:$libraries"
        rm -rf "$window" "$window.complete"
        cp -a "$bare" "$window"
        cp /etc/resolv.conf "$window/etc/resolv.conf"
        # shellcheck disable=SC2086 # words
        DEBIAN_FRONTEND=noninteractive chroot "$window" bash -c \
            "apt-get update && apt-get install -y --no-install-recommends $libraries" \
            >"$cache/apt.log" 2>&1 || { tail -5 "$cache/apt.log" >&2; exit 1; }
        echo "$libraries" >"$window.complete"
    fi
}

mkdir -p "$cache" out/package
bare=$cache/bare-$suite window=$cache/window-$suite
exec 9>"$cache/lock"
flock 9
need_roots

work=$(mktemp -d)
chmod 755 "$work"
display=
stop() {
    [ -z "$display" ] || kill "$display" 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT

# Runs a command of the folder in a root; its files and what it prints are under $work.
# Usage: inside ROOT [VARIABLE=VALUE...] -- ARGUMENT...
inside() {
    local root=$1 variables=()
    shift
    while [ "$1" != -- ]; do
        variables+=("$1")
        shift
    done
    shift
    mkdir -p "$root/opt/edgecnn" "$root/opt/work" "$root/tmp/.X11-unix"
    root=$root folder=$folder work=$work unshare --mount --net bash -euo pipefail -c '
        mount --bind "$folder" "$root/opt/edgecnn"
        mount -o remount,bind,ro "$root/opt/edgecnn"
        mount --bind "$work" "$root/opt/work"
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        [ ! -d /tmp/.X11-unix ] || mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"
        exec env -i HOME=/opt/work LANG=C.UTF-8 COLUMNS=100 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
            "${@:1:'${#variables[@]}'}" timeout 300 chroot "$root" "${@:'$((${#variables[@]} + 1))'}"
    ' inside "${variables[@]}" "$@"
}
edgecnn=/opt/edgecnn/edgecnn
assets=/opt/edgecnn/_internal/edgecnn/_assets

passed=0 failed=0
# Usage: expect NAME STATUS WORDS COMMAND...: the exit status, and words that it prints.
expect() {
    local name=$1 status=0 wanted=$2 words=$3
    shift 3
    "$@" >"$work/said" 2>&1 || status=$?
    if [ "$status" -eq "$wanted" ] && grep -qE -- "$words" "$work/said"; then
        echo "ok      $name"
        passed=$((passed + 1))
        return
    fi
    echo "FAILED  $name: exit status $status (expected $wanted), words: $words"
    sed 's/^/        /' "$work/said" | tail -20
    failed=$((failed + 1))
}
# Usage: expect_picture NAME FILE
expect_picture() {
    if [ "$(head -c 4 "$work/$2" 2>/dev/null | tail -c 3)" = PNG ] \
        && [ "$(stat -c %s "$work/$2")" -gt 100000 ]; then
        cp "$work/$2" out/package/
        echo "ok      $1: out/package/$2"
        passed=$((passed + 1))
    else
        echo "FAILED  $1: there is no picture, or an empty one"
        failed=$((failed + 1))
    fi
}

echo "In a bare Debian $suite, $(du -sm "$folder" | cut -f1) MB of edgecnn:"
expect "says its version" 0 '^edgecnn' inside "$bare" -- $edgecnn --version
expect "lists the models" 0 'detect_nanodet' inside "$bare" -- $edgecnn zoo list
for backend in litert openvino; do
    expect "answers with $backend" 0 'espresso' inside "$bare" -- $edgecnn run \
        $assets/images/coffee.jpg --model classify_efficientnet_lite0 --backend $backend
done
expect "plays the demo clip" 0 '"boxes_xyxy"|"box_xyxy"' inside "$bare" -- \
    $edgecnn run demo --model detect_nanodet --limit 5 --json -
expect "proves a model" 0 ' 0 failed' inside "$bare" -- $edgecnn verify segment_selfie
expect "tries a bare file in a child" 0 'espresso' inside "$bare" -- $edgecnn run \
    $assets/images/coffee.jpg --model $assets/zoo/classify_efficientnet_lite0/int8.tflite
expect "says that it does not convert" 1 'left out of this package' inside "$bare" -- \
    $edgecnn convert model.keras /opt/work/out
expect "names the libraries of the window" 1 'apt-get install .*libegl1' inside "$bare" -- \
    $edgecnn app --screenshot /opt/work/none.png

echo "With the system libraries of Qt:"
expect "opens the window in memory" 0 'picture: ' inside "$window" -- \
    $edgecnn app --source demo --screenshot /opt/work/offscreen.png --after 6
expect_picture "and it shows the demo" offscreen.png
expect "goes into a desktop's menu" 0 'wrote .*edgecnn.desktop' inside "$window" -- \
    $edgecnn app --install-desktop-entry
if command -v Xvfb >/dev/null; then
    mkdir -p /tmp/.X11-unix
    Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp 3>"$work/number" >/dev/null 2>&1 &
    display=$!
    for _ in $(seq 100); do
        [ -s "$work/number" ] && break
        sleep 0.1
    done
    expect "opens the window on an X server" 0 'picture: ' \
        inside "$window" DISPLAY=":$(cat "$work/number")" -- \
        $edgecnn app --source demo --screenshot /opt/work/x11.png --after 6
    grep -vE '^picture: ' "$work/said" >"$work/warnings" || true
    expect_picture "and it shows the demo" x11.png
    expect "and warns of nothing" 0 '^none$' \
        bash -c '[ ! -s "$0" ] && echo none || { cat "$0"; exit 1; }' "$work/warnings"
else
    echo "left out: there is no Xvfb here, so no X server was tried."
fi

if command -v objdump >/dev/null; then
    newest=$(find "$folder" -type f \( -name '*.so*' -o -name edgecnn \) -exec objdump -T {} + 2>/dev/null \
        | grep -oE 'GLIBC_2\.[0-9]+' | sort -uV | tail -1)
    echo "It needs glibc ${newest#GLIBC_} or newer."
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
