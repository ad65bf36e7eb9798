#!/usr/bin/env bash
# Prove the device column on an emulated Raspberry Pi 4 (Cortex-A72, 64-bit Debian 12).
#
# Usage: tests/arm/run.sh PYTHON [WHEEL]
#   PYTHON  any Python with pip (and build, when no WHEEL is given); it only fetches and unpacks
#   WHEEL   the wheel to prove; made from this checkout when left out
# STEPS in the environment leaves some of the steps out.
#
# An arm64 Debian is unpacked into a cache folder, the base dependencies' aarch64 wheels and ours
# beside it, and QEMU's user-mode emulator runs its Python in a chroot. No kernel support is needed
# (no binfmt_misc): every process is started by the emulator by name. It needs root for chroot, and
# a mount namespace in which /proc/cpuinfo is that of a Pi: LiteRT reads it to choose its kernels.
#
# Emulation proves answers, memory and packaging; it says nothing about speed.
# Exit status: 0 proven, 1 failed, 77 this machine cannot run it (no root, no namespaces).
set -euo pipefail

python=$1 wheel=${2:-}
checkout=$(cd "$(dirname "$0")/../.." && pwd)
cd "$checkout"

suite=bookworm
# The Python of that Debian, which is that of Raspberry Pi OS 12.
abi=311
cache=${XDG_CACHE_HOME:-$HOME/.cache}/edgecnn/arm
root=$cache/root-$suite

if [ "$(id -u)" -ne 0 ]; then
    if sudo -n true 2>/dev/null; then
        exec sudo -n --preserve-env "$0" "$@"
    fi
    echo "test-arm: needs root (chroot, mount namespace), and this is user $(id -un)." >&2
    exit 77
fi
if ! unshare --mount true 2>/dev/null; then
    echo "test-arm: this machine gives root no mount namespace (unshare --mount)." >&2
    exit 77
fi

need_tools() {
    local missing=()
    command -v debootstrap >/dev/null || missing+=(debootstrap)
    command -v qemu-aarch64-static >/dev/null || missing+=(qemu-user-static)
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
    if [ ${#missing[@]} -gt 0 ]; then
        .ci/apt "${missing[@]}"
    fi
}

# Unpacks an arm64 Debian with Python. There is no second stage: nothing in it is configured, and
# Python does not need it to be.
need_root() {
    if [ -e "$root/.complete" ]; then
        return
    fi
    echo "Unpacking an arm64 Debian $suite into $root"
    rm -rf "$root"
    mkdir -p "$root"
    if ! debootstrap --foreign --arch=arm64 --variant=minbase --include=python3 \
        "$suite" "$root" >"$cache/debootstrap.log" 2>&1; then
        tail -5 "$cache/debootstrap.log" >&2
        echo "test-arm: debootstrap failed; is there a network?" >&2
        exit 1
    fi
    local package
    for package in "$root"/var/cache/apt/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink --no-same-owner
    done
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root/proc"
    mkdir -p "$root"/{proc,opt/dependencies,opt/edgecnn,opt/scratch}
    cp "$(command -v qemu-aarch64-static)" "$root/usr/bin/qemu-aarch64-static"
    touch "$root/.complete"
}

fetch_for_arm() {
    "$python" -m pip install --quiet --disable-pip-version-check --no-compile --upgrade \
        --only-binary=:all: --python-version 3.11 --implementation cp \
        --abi cp$abi --abi abi3 --abi none --platform manylinux_2_28_aarch64 \
        --platform manylinux_2_27_aarch64 --platform manylinux_2_17_aarch64 \
        --platform manylinux2014_aarch64 "$@" \
        2> >(grep -v "is ignored: it is neither a file nor a directory" >&2 || true)
}

# Each line: the fields of /proc/cpuinfo that a Raspberry Pi 4 shows, for four cores.
pi_cpuinfo() {
    local core
    for core in 0 1 2 3; do
        printf 'processor\t: %d\nBogoMIPS\t: 108.00\n' "$core"
        printf 'Features\t: fp asimd evtstrm crc32 cpuid\nCPU implementer\t: 0x41\n'
        printf 'CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n\n'
    done
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
need_tools
need_root

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "$wheel" ]; then
    "$python" -m build --wheel --outdir "$work/dist" . >"$work/build.log" 2>&1 \
        || { tail -20 "$work/build.log" >&2; exit 1; }
    wheel=$(echo "$work"/dist/*.whl)
fi

# What the wheel says it needs, and nothing else; kept until the wheel or the constraints say more.
metadata='import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    name = next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
    sys.stdout.write(wheel.read(name).decode())'
needed=$("$python" -c "$metadata" "$wheel" | sed -n '/extra ==/d; s/^Requires-Dist: //p')
key=$(cat constraints.txt <(echo "$needed") | sha256sum | cut -c1-16)
dependencies=$cache/dependencies-$key
if [ ! -e "$dependencies/.complete" ]; then
    echo "Fetching the base dependencies for aarch64"
    rm -rf "$cache"/dependencies-*
    mapfile -t requirements <<<"$needed"
    fetch_for_arm --constraint constraints.txt --target "$dependencies" "${requirements[@]}"
    touch "$dependencies/.complete"
fi
fetch_for_arm --no-deps --target "$work/edgecnn" "$wheel"
cp tests/arm/prove.py "$work/edgecnn/"
pi_cpuinfo >"$work/cpuinfo"
mkdir "$work/scratch"

megabytes() { du -sm --apparent-size "$@" | awk '{sum += $1} END {print sum}'; }
echo "Base dependencies on aarch64: $(megabytes "$dependencies") MB; edgecnn with its zoo: $(megabytes "$work/edgecnn") MB"

export root dependencies work STEPS="${STEPS:-imports doctor classify detect faces verify}"
unshare --mount bash -euo pipefail -c '
    mount --bind "$dependencies" "$root/opt/dependencies"
    mount --bind "$work/edgecnn" "$root/opt/edgecnn"
    mount --bind "$work/scratch" "$root/opt/scratch"
    mount -t proc proc "$root/proc"
    mount --bind "$work/cpuinfo" "$root/proc/cpuinfo"
    mount --rbind /dev "$root/dev"
    prove() {
        env -i HOME=/opt/scratch LANG=C.UTF-8 COLUMNS=100 PATH=/usr/sbin:/usr/bin \
            PYTHONPATH=/opt/edgecnn:/opt/dependencies PYTHONDONTWRITEBYTECODE=1 \
            timeout 1200 chroot "$root" /usr/bin/qemu-aarch64-static -cpu cortex-a72 /usr/bin/python3.11 /opt/edgecnn/prove.py "$@"
    }
    for step in $STEPS; do
        prove "$step"
    done
'
echo "The device column is proven on an emulated Cortex-A72."
