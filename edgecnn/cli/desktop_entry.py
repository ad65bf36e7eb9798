"""The app in the menu of the user's desktop: an entry and an icon, put there and taken away.

Both lie in the user's own folders, as the XDG specifications of desktop entries and icon themes
have it, so nothing is asked of the system.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import platformdirs

from edgecnn.errors import EdgeCNNError
from edgecnn.zoo.catalogue import assets_path

_ENTRY = Path("applications/edgecnn.desktop")
_ICON = Path("icons/hicolor/scalable/apps/edgecnn.svg")
_RESERVED = str.maketrans({letter: f"\\{letter}" for letter in '"`$\\'})


def install() -> list[Path]:
    """Write the entry and the icon; what was there of an earlier time is replaced.

    Returns:
        The files.

    Raises:
        EdgeCNNError: This is no Linux desktop, or the files cannot be written.
    """
    source = assets_path() / "icons"
    template = (source / "edgecnn.desktop").read_text("utf-8")
    program = command()
    lines = []
    for line in template.splitlines():
        if line.startswith("Exec="):
            lines += [f"TryExec={_escaped(program[0])}", f"Exec={exec_line([*program, 'app'])}"]
        else:
            lines.append(line)
    entry, icon = files()
    try:
        _write(icon, (source / "edgecnn.svg").read_bytes())
        _write(entry, ("\n".join(lines) + "\n").encode())
    except OSError as error:
        raise EdgeCNNError(
            f"Cannot write {error.filename or entry}: {error.strerror or error}."
        ) from error
    return [entry, icon]


def remove() -> list[Path]:
    """Take the entry and the icon away.

    Returns:
        The files that were there.

    Raises:
        EdgeCNNError: This is no Linux desktop, or a file cannot be removed.
    """
    gone = []
    for file in files():
        try:
            file.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise EdgeCNNError(f"Cannot remove {file}: {error.strerror or error}.") from error
        gone.append(file)
    return gone


def files() -> tuple[Path, Path]:
    """Where the entry and the icon lie.

    Raises:
        EdgeCNNError: This is no Linux desktop.
    """
    if not sys.platform.startswith("linux"):
        raise EdgeCNNError(
            f"Desktop entries belong to Linux desktops, but this is {sys.platform}. "
            "Open the window with: edgecnn app"
        )
    home = Path(platformdirs.user_data_path())
    return home / _ENTRY, home / _ICON


def command() -> list[str]:
    """The words that start edgecnn as it was started now, with absolute paths."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    found = shutil.which(sys.argv[0])
    if found is not None and Path(found).name == "edgecnn":
        return [str(Path(found).absolute())]
    return [sys.executable, "-m", "edgecnn"]


def exec_line(words: list[str]) -> str:
    """A command line as the key ``Exec`` wants it: quoted where needed, ``%`` doubled."""
    return _escaped(" ".join(_quoted(word) for word in words)).replace("%", "%%")


def _quoted(word: str) -> str:
    plain = all(letter.isalnum() or letter in "/._-+:@%" for letter in word)
    return word if plain else f'"{word.translate(_RESERVED)}"'


def _escaped(text: str) -> str:
    """As every value of an entry is written: backslashes doubled."""
    return text.replace("\\", "\\\\")


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".edgecnn-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        # A temporary file is its owner's alone; menus of other programs read this one.
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
