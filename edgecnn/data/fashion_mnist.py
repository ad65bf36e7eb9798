"""Fashion-MNIST: 70,000 grey pictures of clothes, 28 x 28 pixels, ten classes.

Small enough to train on two cores in minutes, and hard enough that quantization errors show, which
MNIST itself is not. Nothing is downloaded: Debian packages the files.

Reference: Xiao, Rasul, Vollgraf 2017, "Fashion-MNIST: a Novel Image Dataset for Benchmarking
Machine Learning Algorithms". MIT licence, Zalando SE.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import numpy as np

from edgecnn.data.idx import read_idx
from edgecnn.data.image_data import ImageData
from edgecnn.errors import OptionError, SourceError

NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
ENVIRONMENT = "EDGECNN_FASHION_MNIST"
SYSTEM_FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package ``dataset-fashion-mnist`` puts the files."""
SIDE = 28
_PREFIXES = {"train": "train", "test": "t10k"}


def load(
    split: Literal["test", "train"] = "test", folder: str | os.PathLike[str] | None = None
) -> ImageData:
    """Read Fashion-MNIST from its four IDX files.

    Args:
        split: ``test`` (10,000 pictures) or ``train`` (60,000), as the authors parted them.
        folder: Where ``t10k-images-idx3-ubyte.gz`` and the like are, gzipped or not; by default
            the folder named by the environment variable EDGECNN_FASHION_MNIST, or else Debian's.

    Returns:
        Images (N, 28, 28) uint8 with the piece bright on black, labels (N,) int64 and ten names.

    Raises:
        OptionError: There is no such split.
        SourceError: The files are not there, damaged, or of another data set.
    """
    if split not in _PREFIXES:
        raise OptionError(
            f"Fashion-MNIST has the splits {' and '.join(sorted(_PREFIXES))}, but got {split!r}."
        )
    where = Path(folder or os.environ.get(ENVIRONMENT) or SYSTEM_FOLDER)
    images_file = _find(where, f"{_PREFIXES[split]}-images-idx3-ubyte")
    labels_file = _find(where, f"{_PREFIXES[split]}-labels-idx1-ubyte")
    images, labels = read_idx(images_file), read_idx(labels_file)
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise SourceError(
            f"{images_file} holds values of shape {images.shape}; expected (N, {SIDE}, {SIDE})."
        )
    if labels.ndim != 1:
        raise SourceError(f"{labels_file} holds values of shape {labels.shape}; expected (N,).")
    try:
        return ImageData(images, labels.astype(np.int64), NAMES)
    except SourceError as error:
        raise SourceError(f"Fashion-MNIST in {where}: {error}") from error


def _find(folder: Path, name: str) -> Path:
    for file in (folder / f"{name}.gz", folder / name):
        if file.is_file():
            return file
    raise SourceError(
        f"Fashion-MNIST is not in {folder}: there is no {name}.gz. Install it with "
        "'apt-get install dataset-fashion-mnist' (Debian, Ubuntu), or put its four .gz files into "
        f"a folder and name it: load(folder=...) or the environment variable {ENVIRONMENT}."
    )
