"""Any data set by what a user types: a name, a folder of class folders, or a CSV file."""

from __future__ import annotations

import os
from pathlib import Path

from edgecnn.bundle.schema import InputSpec
from edgecnn.data.class_folders import list_folder
from edgecnn.data.csv_table import list_csv
from edgecnn.data.image_data import ImageData
from edgecnn.data.picture_files import PictureFiles
from edgecnn.errors import OptionError, SourceError
from edgecnn.registry import DATASETS


def open_data(
    what: str | os.PathLike[str], *, split: str | None = None, spec: InputSpec | None = None
) -> ImageData | PictureFiles:
    """Open labelled pictures.

    Args:
        what: A name of `edgecnn.registry.DATASETS`, with its split if wanted
            (``"fashion_mnist:test"``), a folder of class folders, or a ``.csv`` file.
        split: Of a data set by name; ``train`` when neither says one. A folder takes the folder of
            this name inside it.
        spec: The net's input: pictures of files are read now, at that size, as the device resizes
            them. None leaves them on disk.

    Returns:
        `ImageData` for a name, or with ``spec``; else `PictureFiles`.

    Raises:
        OptionError: Two different splits, or a split of a CSV file.
        SourceError: Nothing of that name, or something is wrong with its files.
    """
    text = os.fspath(what)
    name, _, named_split = text.partition(":")
    if name in DATASETS:
        if named_split and split and named_split != split:
            raise OptionError(f"{text!r} names another split than split={split!r}. Say it once.")
        loaded: ImageData = DATASETS[name](named_split or split or "train")
        return loaded
    files = _list(Path(text), split)
    return files if spec is None else files.load(spec)


def _list(path: Path, split: str | None) -> PictureFiles:
    if path.is_dir():
        return list_folder(path / split if split else path)
    if path.suffix.lower() == ".csv":
        if split:
            raise OptionError(
                f"A CSV file has no splits, but split={split!r} was asked of {path}. Pass a file "
                "for each split, or part it with edgecnn.data.splits."
            )
        return list_csv(path)
    raise SourceError(
        f"{str(path)!r} is neither a data set ({', '.join(sorted(DATASETS))}) nor a folder of "
        "class folders nor a .csv file."
    )
