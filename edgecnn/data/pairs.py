"""Which pictures a verification test compares: lists of pairs, and folders of people.

| rows of a list                | meaning                                                    |
|-------------------------------|------------------------------------------------------------|
| ``name  1  4``                | LFW, one person: ``name/name_0001`` and ``name/name_0004``   |
| ``name  1  other  2``         | LFW, two people                                            |
| ``one/a.jpg  other/b.jpg``    | two files; folders are people                              |
| ``a.jpg  b.jpg  1``           | two files of one person (1) or of two (0)                  |

LFW's lists begin with ``10 300`` (folds, and pairs of each kind in one) or ``1100`` (pairs of each
kind). Cells are parted by tabs, else by commas, else by spaces.

Reference: Huang et al. 2007, "Labeled Faces in the Wild: A Database for Studying Face Recognition
in Unconstrained Environments".
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgecnn.data.class_folders import list_folder
from edgecnn.data.picture_files import SUFFIXES
from edgecnn.errors import SourceError

Ints = NDArray[np.int64]
_NAMED = 5
"""So many missing files are named in a message; the others are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class PicturePairs:
    """Pictures, whose they are, and which of them are compared.

    Attributes:
        files: (F) paths, each once.
        identities: (F,) int64, index into ``names``.
        names: Of the people.
        first, second: (P,) int64 rows of ``files``; None for a folder, where all are compared.
        folds: (P,) int64, or None.
    """

    files: tuple[Path, ...]
    identities: Ints
    names: tuple[str, ...]
    first: Ints | None = None
    second: Ints | None = None
    folds: Ints | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    files: tuple[Path, Path]
    people: tuple[str, str]
    same: bool | None


def open_pairs(
    what: str | os.PathLike[str], images: str | os.PathLike[str] | None = None
) -> PicturePairs:
    """Open a list of pairs, or a folder with a folder for each person.

    Args:
        what: The file or folder.
        images: Where the pictures of a list lie; None for its own folder.

    Raises:
        SourceError: It cannot be read or understood, or pictures are missing; says which line.
    """
    path = Path(what)
    if path.is_dir():
        return _folder(path)
    root = path.parent if images is None else Path(images)
    rows, folds = _read(path, root)
    missing = [
        f"line {row.line}: {file}" for row in rows for file in row.files if not file.is_file()
    ]
    if missing:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise SourceError(
            f"{path} names pictures that are not there: {'; '.join(missing[:_NAMED])}{more}. "
            "Say where they lie with --images."
        )
    return _pairs(path, rows, folds)


def _folder(path: Path) -> PicturePairs:
    people = [one for one in path.iterdir() if one.is_dir() and not one.name.startswith(".")]
    if len(people) < 2:
        raise SourceError(
            f"{path} has {len(people)} folders inside; expected one for each of at least two "
            "people, named after the person, with the pictures in it."
        )
    listed = list_folder(path)
    return PicturePairs(listed.files, listed.labels, listed.names)


def _read(path: Path, root: Path) -> tuple[list[_Row], Ints | None]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError(f"Cannot read {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is no list of pairs in UTF-8: {error}.") from error
    lines = [
        (number, cells)
        for number, line in enumerate(text.splitlines(), start=1)
        if (cells := _cells(line)) and not line.startswith("#")
    ]
    if not lines:
        raise SourceError(f"{path} is empty. Expected a pair of pictures a line.")
    header = lines[0][1]
    counted = len(header) <= 2 and all(cell.isdecimal() for cell in header)
    rows = [_row(path, number, cells, root) for number, cells in lines[counted:]]
    if not counted:
        return rows, None
    folds, each = (1, int(header[0])) if len(header) == 1 else (int(header[0]), int(header[1]))
    if len(rows) != folds * each * 2:
        raise SourceError(
            f"{path} announces {folds} folds of {each} pairs of either kind, which makes "
            f"{folds * each * 2} lines, but has {len(rows)}. It was cut off, or has another header."
        )
    if folds < 2:
        return rows, None
    return rows, np.repeat(np.arange(folds, dtype=np.int64), each * 2)


def _cells(line: str) -> list[str]:
    if "\t" in line:
        return [cell.strip() for cell in line.strip().split("\t")]
    if "," in line:
        return [cell.strip() for cell in line.strip().split(",")]
    return line.split()


def _row(path: Path, number: int, cells: list[str], root: Path) -> _Row:
    if len(cells) == 3 and cells[1].isdecimal() and cells[2].isdecimal():
        files = _lfw(root, cells[0], cells[1]), _lfw(root, cells[0], cells[2])
        return _Row(number, files, (cells[0], cells[0]), True)
    if len(cells) == 4 and cells[1].isdecimal() and cells[3].isdecimal():
        files = _lfw(root, cells[0], cells[1]), _lfw(root, cells[2], cells[3])
        return _Row(number, files, (cells[0], cells[2]), False)
    labelled = len(cells) == 3 and cells[2] in ("0", "1")
    if (len(cells) == 2 or labelled) and not cells[1].isdecimal():
        one, other = root / cells[0], root / cells[1]
        people = one.parent.name, other.parent.name
        same = cells[2] == "1" if labelled else None
        return _Row(number, (one, other), people, same)
    raise SourceError(
        f"{path}, line {number}: {' | '.join(cells)!r} is no pair. Expected name, number, number; "
        "name, number, name, number; or two files, and perhaps 1 (one person) or 0 (two)."
    )


def _lfw(root: Path, name: str, number: str) -> Path:
    """The picture of that number, whatever kind of picture it is."""
    stem = root / name / f"{name}_{int(number):04d}"
    found = [file for suffix in SUFFIXES if (file := stem.with_name(stem.name + suffix)).is_file()]
    return found[0] if found else stem.with_name(stem.name + ".jpg")


def _pairs(path: Path, rows: Sequence[_Row], folds: Ints | None) -> PicturePairs:
    files = sorted({file for row in rows for file in row.files})
    place = {file: number for number, file in enumerate(files)}
    first = np.array([place[row.files[0]] for row in rows], np.int64)
    second = np.array([place[row.files[1]] for row in rows], np.int64)
    twice = np.flatnonzero(first == second)
    if len(twice):
        row = rows[int(twice[0])]
        raise SourceError(
            f"{path}, line {row.line}: {row.files[0]} is compared with itself, which says nothing. "
            "Remove the line."
        )
    by_folder = all(
        row.same is None or row.same == (row.people[0] == row.people[1]) for row in rows
    )
    if by_folder:
        person = {
            file: who for row in rows for file, who in zip(row.files, row.people, strict=True)
        }
    else:
        person = _linked(path, rows)
    names = tuple(sorted(set(person.values())))
    number_of = {name: number for number, name in enumerate(names)}
    identities = np.array([number_of[person[file]] for file in files], np.int64)
    return PicturePairs(tuple(files), identities, names, first, second, folds)


def _linked(path: Path, rows: Sequence[_Row]) -> dict[Path, str]:
    """Who is on each picture, where folders do not say: whatever is one person with another.

    Raises:
        SourceError: Two pictures are two people in one line and one person by way of others.
    """
    parent = {file: file for row in rows for file in row.files}

    def root_of(file: Path) -> Path:
        while parent[file] != file:
            parent[file] = parent[parent[file]]
            file = parent[file]
        return file

    for row in rows:
        if row.same:
            parent[root_of(row.files[0])] = root_of(row.files[1])
    for row in rows:
        if row.same is None:
            raise SourceError(
                f"{path}, line {row.line}: other lines end in 1 or 0 and go against the folders; "
                "then every line has to."
            )
        if not row.same and root_of(row.files[0]) == root_of(row.files[1]):
            raise SourceError(
                f"{path}, line {row.line}: {row.files[0].name} and {row.files[1].name} are two "
                "people here, but one person by way of other lines."
            )
    return {file: str(root_of(file)) for file in parent}
