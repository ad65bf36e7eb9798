"""A folder of class folders: the name of each folder is the class of the pictures inside it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from edgecnn.data.picture_files import SUFFIXES, PictureFiles
from edgecnn.errors import SourceError

_SPLITS = {"train", "test", "val", "valid", "validation"}


def list_folder(folder: str | os.PathLike[str]) -> PictureFiles:
    """List labelled pictures; none of them is read yet.

    Classes and files are sorted the way people count (``2.png`` before ``10.png``), so that an
    index means the same picture on every machine. Folders below a class folder belong to it. Hidden
    files and folders, and files that are no pictures by their ending, are passed over.

    Args:
        folder: Holds one folder a class, at least two.

    Raises:
        SourceError: No such folder, no class folders or only one, a class without pictures, or
            folders that are named like splits instead of classes.
    """
    root = Path(folder)
    if not root.is_dir():
        raise SourceError(f"{root} is not a folder. Pass the folder that holds one folder a class.")
    classes = sorted((one for one in _visible(root) if one.is_dir()), key=_natural)
    names = tuple(one.name for one in classes)
    if not classes:
        raise SourceError(
            f"{root} has no folders inside. Expected one folder a class, named like the class, "
            "with its pictures in it."
        )
    if {name.lower() for name in names} <= _SPLITS:
        raise SourceError(
            f"The folders in {root} are splits ({', '.join(names)}), not classes. Pass one of "
            f"them: {root / names[0]}."
        )
    if len(classes) == 1:
        raise SourceError(
            f"{root} has a single class folder, {names[0]!r}. A classifier needs at least two "
            "classes; put pictures of anything else into a folder of their own."
        )
    found = [_pictures_below(one) for one in classes]
    empty = [str(one) for one, files in zip(classes, found, strict=True) if not files]
    if empty:
        raise SourceError(
            f"No pictures in {', '.join(empty)}. Put some in ({', '.join(SUFFIXES)}) or remove the "
            "folder, or the net would have a class that it never saw."
        )
    labels = np.repeat(np.arange(len(classes)), [len(files) for files in found])
    files = tuple(file for one in found for file in one)
    return PictureFiles(files, labels.astype(np.int64), names)


def _pictures_below(folder: Path) -> list[Path]:
    files: list[Path] = []
    for one in sorted(_visible(folder), key=_natural):
        if one.is_dir():
            files += _pictures_below(one)
        elif one.suffix.lower() in SUFFIXES:
            files.append(one)
    return files


def _visible(folder: Path) -> list[Path]:
    try:
        return [one for one in folder.iterdir() if not one.name.startswith(".")]
    except OSError as error:
        raise SourceError(f"Cannot list {folder}: {error.strerror or error}.") from error


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Sorts numbers inside names by their value."""
    parts = re.split(r"(\d+)", path.name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
