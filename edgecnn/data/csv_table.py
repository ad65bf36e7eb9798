"""A CSV file of labelled pictures: a header, then ``path,label`` and, if wanted, ``group``."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgecnn.data.picture_files import PictureFiles
from edgecnn.errors import SourceError

COLUMNS = ("path", "label")


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    file: Path
    label: str
    group: str


def list_csv(table: str | os.PathLike[str]) -> PictureFiles:
    """List the pictures of a table; none of them is read yet.

    Paths are taken from the folder of the table. Labels are names; when all are whole numbers, they
    are sorted by value. Rows of one ``group`` must not be parted by a split. Other columns are
    ignored.

    Args:
        table: UTF-8 text with a header line.

    Raises:
        SourceError: Missing or unreadable file, missing column, empty cell, picture that does not
            exist, picture that is listed twice (also under another label), no rows, or one class;
            the message names the line.
    """
    path = Path(table)
    rows, grouped = _read(path)
    if not rows:
        raise SourceError(f"{path} has a header but no rows. Expected one picture a line.")
    _check_files(path, rows)
    labels, names = _number([row.label for row in rows])
    if len(names) == 1:
        raise SourceError(
            f"All {len(rows)} rows of {path} have the label {names[0]!r}. A classifier needs at "
            "least two classes."
        )
    groups = _number([row.group for row in rows])[0] if grouped else None
    return PictureFiles(tuple(row.file for row in rows), labels, names, groups)


def _read(path: Path) -> tuple[list[_Row], bool]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            header = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            missing = [name for name in COLUMNS if name not in header]
            if missing:
                raise SourceError(
                    f"{path} has the columns {', '.join(header) or '(none)'}, but lacks "
                    f"{' and '.join(missing)}. Its first line must be: path,label or "
                    "path,label,group."
                )
            grouped = "group" in header
            needed = (*COLUMNS, "group") if grouped else COLUMNS
            rows = []
            for cells in reader:
                values = [(cells[name] or "").strip() for name in needed]
                if not all(values):
                    empty = needed[values.index("")]
                    raise SourceError(f"{path}, line {reader.line_num}: no {empty}.")
                group = values[2] if grouped else ""
                rows.append(_Row(reader.line_num, path.parent / values[0], values[1], group))
    except OSError as error:
        raise SourceError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path} is no CSV file in UTF-8: {error}.") from error
    return rows, grouped


def _check_files(path: Path, rows: list[_Row]) -> None:
    seen: dict[str, _Row] = {}
    for row in rows:
        if not row.file.is_file():
            raise SourceError(f"{path}, line {row.line}: there is no file {row.file}.")
        first = seen.setdefault(os.path.realpath(row.file), row)
        if first is row:
            continue
        both = (
            "with the same label"
            if first.label == row.label
            else f"as {first.label!r} and as {row.label!r}"
        )
        raise SourceError(
            f"{path}, line {row.line}: {row.file} is already in line {first.line}, {both}. A "
            "picture that comes twice can end up on both sides of a split: remove one of the rows."
        )


def _number(values: list[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    whole = all(value.removeprefix("-").isdecimal() for value in values)
    names = sorted(set(values), key=(lambda value: (int(value), value)) if whole else None)
    place = {name: number for number, name in enumerate(names)}
    return np.asarray([place[value] for value in values], np.int64), tuple(names)
