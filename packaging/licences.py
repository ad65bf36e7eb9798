"""The licences of everything in a package, gathered from where each file came from.

Nothing is listed by hand: each file that was packed is traced to the distribution, the Python or
the system package that brought it. A file whose licence cannot be found fails the build, because a
folder without it must not be passed on.
"""

from __future__ import annotations

import csv
import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path

HERE = Path(__file__).parent
TEXTS = HERE / "licences"
"""Texts of licences that are named by packages which do not carry them."""

_LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|authors|third.?party)", re.IGNORECASE)
_LGPL = ("LGPL-3.0.txt", "GPL-3.0.txt")
_WITHOUT_TEXT = {
    "pyside6_essentials": _LGPL,
    "pyside6-essentials": _LGPL,
    "shiboken6": _LGPL,
}

ABOUT = """\
Licences of what this folder holds
==================================

edgecnn is under the Apache License 2.0 (edgecnn/LICENSE). Each part that it brings keeps its own
licence; the folders here hold the texts. The models and pictures that come along have theirs beside
them, in _internal/edgecnn/_assets (README.md, and LICENSE in each folder of zoo).

Qt, PySide6 and Shiboken are used under the GNU Lesser General Public License, version 3. They are
shared libraries, unchanged, in _internal/PySide6 and _internal/shiboken6: put your own build of the
same version in their place and edgecnn runs with it. Their source is published by the Qt Project
at download.qt.io, and PySide's at code.qt.io. So it is with FFmpeg (LGPL 2.1 or later), in
_internal/opencv_python_headless.libs; its source is published at ffmpeg.org.

The program edgecnn itself is the loader of PyInstaller, which may be passed on under any terms.

"""


@dataclass
class _Part:
    """A distribution or package of the system, and what says its licence."""

    name: str
    version: str
    licence: str
    texts: dict[str, Path] = field(default_factory=dict)


class UnknownLicenceError(Exception):
    """A file was packed of which nobody says the licence."""


def collect(packed: Iterable[Path], root: Path, target: Path) -> list[str]:
    """Write the licences of packed files.

    Args:
        packed: Where each file came from.
        root: The checkout; its own files are under its LICENSE.
        target: Folder to make; holds ``README.txt`` and a folder a part.

    Returns:
        Names of the parts, sorted.

    Raises:
        UnknownLicenceError: A file belongs to nothing, or its part says no licence.
    """
    parts = {"edgecnn": _Part("edgecnn", "", "Apache-2.0", {"LICENSE": root / "LICENSE"})}
    for path in sorted(set(packed)):
        if path.is_relative_to(root) and not _is_installed(path):
            continue
        part = _part_of(path)
        parts[part.name] = part
    if target.exists():
        shutil.rmtree(target)
    for name, part in parts.items():
        for text, source in part.texts.items():
            (target / name / text).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / name / text)
    lines = [f"{p.name} {p.version}: {p.licence}\n" for _, p in sorted(parts.items())]
    (target / "README.txt").write_text(ABOUT + "".join(lines), "utf-8")
    return sorted(parts)


def _is_installed(path: Path) -> bool:
    return "site-packages" in path.parts


@functools.cache
def _owners() -> dict[str, Distribution]:
    """Which distribution brought each installed file; the lists are read, no file is touched."""
    found = {}
    for one in distributions():
        home = os.path.realpath(str(one.locate_file("")))
        for row in csv.reader((one.read_text("RECORD") or "").splitlines()):
            found[os.path.normpath(f"{home}/{row[0]}")] = one
    return found


def _part_of(path: Path) -> _Part:
    resolved = path.resolve()
    if _is_installed(resolved):
        if str(resolved) in _owners():
            return _of_distribution(_owners()[str(resolved)])
        raise UnknownLicenceError(f"{path} belongs to no installed distribution.")
    if resolved.is_relative_to(Path(sys.base_prefix).resolve()) and "python" in str(resolved):
        return _of_python()
    return _of_system(path)


@functools.cache
def _of_distribution(one: Distribution) -> _Part:
    about = one.metadata
    name = about["Name"]
    texts = {}
    for file in one.files or ():
        if _LICENCE_FILE.search(file.name) and file.suffix not in (".py", ".pyc", ".pyi", ".h"):
            inside = "/".join(file.parts[1:]) or file.name
            source = Path(str(one.locate_file(file)))
            texts[inside.removeprefix("licenses/")] = source
    for text in _WITHOUT_TEXT.get(name.lower(), ()):
        texts[text] = TEXTS / text
    licence = about["License-Expression"] or _first_line(about["License"]) or _classified(one)
    if not texts and not licence:
        raise UnknownLicenceError(f"The distribution {name} says no licence.")
    return _Part(name, about["Version"], licence or "see its text", texts)


def _first_line(text: str | None) -> str:
    return text.strip().splitlines()[0] if text and text.strip() else ""


def _classified(one: Distribution) -> str:
    found = one.metadata.get_all("Classifier") or []
    named = [line.rpartition(" :: ")[2] for line in found if line.startswith("License ::")]
    return ", ".join(named)


@functools.cache
def _of_python() -> _Part:
    version = "{}.{}.{}".format(*sys.version_info[:3])
    places = (
        Path(sys.base_prefix) / f"lib/python{version.rpartition('.')[0]}/LICENSE.txt",
        Path(f"/usr/share/doc/python{version.rpartition('.')[0]}/copyright"),
    )
    for place in places:
        if place.is_file():
            return _Part("Python", version, "PSF-2.0", {"LICENSE.txt": place})
    raise UnknownLicenceError(f"Python {version} came without its licence; looked in {places}.")


def _of_system(path: Path) -> _Part:
    """The Debian package of a library that lies in the system's folders."""
    spellings = {str(path), str(path.resolve())}
    spellings |= {one.removeprefix("/usr") for one in spellings if one.startswith("/usr/lib")}
    spellings |= {f"/usr{one}" for one in spellings if one.startswith("/lib")}
    for spelling in sorted(spellings):
        found = subprocess.run(
            ["dpkg-query", "--search", spelling], capture_output=True, text=True, check=False
        )
        if found.returncode == 0:
            package = found.stdout.partition(":")[0]
            text = Path("/usr/share/doc") / package / "copyright"
            if text.is_file():
                return _Part(package, "(Debian)", "see its text", {"copyright": text})
    raise UnknownLicenceError(f"{path} belongs to no package of this system that says a licence.")
