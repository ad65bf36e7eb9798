"""Pictures in files: which of a folder belong to a set, and which class a folder stands for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from converters.inputs.input_set import Ints
from edgecnn.errors import SourceError
from edgecnn.video.files import IMAGE_SUFFIXES, natural_key


def pictures_below(folder: Path) -> list[Path]:
    """Every picture in a folder and the folders below it, hidden ones left out, in natural order.

    Raises:
        SourceError: The folder cannot be read, or holds no picture, or an empty one.
    """
    try:
        files = [
            file
            for file in folder.rglob("*")
            if file.suffix.lower() in IMAGE_SUFFIXES
            and not any(part.startswith(".") for part in file.relative_to(folder).parts)
            and file.is_file()
        ]
    except OSError as error:
        raise SourceError(f"Cannot read the folder {folder}: {error.strerror or error}.") from error
    if not files:
        raise SourceError(
            f"The folder {folder} holds no pictures, nor do folders below it. Expected files that "
            f"end in {', '.join(sorted(IMAGE_SUFFIXES))}."
        )
    check_files(files)
    return sorted(files, key=natural_key)


def check_files(files: Sequence[Path]) -> None:
    """Find files that are missing or empty before anything is begun; content is not looked at.

    Raises:
        SourceError: Names the first one.
    """
    for file in files:
        try:
            size = file.stat().st_size
        except OSError as error:
            raise SourceError(f"Cannot read {file}: {error.strerror or error}.") from error
        if size == 0:
            raise SourceError(f"{file} is empty (0 bytes). Remove it from the set.")


def class_folders(folder: Path, files: Sequence[Path]) -> list[str]:
    """For each file the name of the folder directly below ``folder`` that it lies in, or ""."""
    parts = [file.relative_to(folder).parts for file in files]
    return [part[0] if len(part) > 1 else "" for part in parts]


def classes_by_folder(folders: Sequence[str], labels: Sequence[str]) -> Ints | None:
    """(N,) int64 class ids when every folder is named like a label; None when one is not."""
    numbers = {label: number for number, label in enumerate(labels)}
    if not all(name in numbers for name in folders):
        return None
    return np.array([numbers[name] for name in folders], np.int64)
