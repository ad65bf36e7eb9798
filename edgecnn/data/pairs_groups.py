"""Which group each person belongs to: a CSV with a column ``person`` and one for each attribute.

    person,sex,age
    Ada,female,30-50
    Bob,male,

An empty cell means that it is not known. Group labels describe people; keep such a file as safe as
the pictures.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

from edgecnn.errors import SourceError


def read_groups(file: str | os.PathLike[str], people: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Read group labels.

    Args:
        file: UTF-8 text with a header line.
        people: Names that pictures have; others in the file are passed over.

    Returns:
        Attribute -> person -> group.

    Raises:
        SourceError: It cannot be read, has no column ``person`` or no other, names a person twice,
            or none of those who are on pictures.
    """
    path = Path(file)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            header = [(name or "").strip() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            if "person" not in header or len(header) < 2:
                raise SourceError(
                    f"{path} has the columns {', '.join(header) or '(none)'}; expected person and "
                    "one for each attribute, for example: person,sex,age."
                )
            rows = [(reader.line_num, {k: (v or "").strip() for k, v in cells.items() if k})
                    for cells in reader]  # fmt: skip
    except OSError as error:
        raise SourceError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path} is no CSV file in UTF-8: {error}.") from error
    known, seen = set(people), dict[str, int]()
    groups: dict[str, dict[str, str]] = {name: {} for name in header if name != "person"}
    for line, cells in rows:
        person = cells["person"]
        if person in seen:
            raise SourceError(
                f"{path}, line {line}: {person!r} is already in line {seen[person]}. Remove one."
            )
        seen[person] = line
        for attribute, members in groups.items():
            if person in known and cells[attribute]:
                members[person] = cells[attribute]
    if not any(groups.values()):
        raise SourceError(
            f"{path} names {len(seen)} people, but none of those on the pictures "
            f"({', '.join(sorted(known)[:3])}, ...). Write them as their folders are called."
        )
    return groups
