"""Handwritten digits of 8 x 8 pixels, which scikit-learn brings along: the smallest real data set.

Good for a first try and for tests: a net learns it in seconds. Nothing is downloaded.

Reference: Alpaydin, Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI Machine Learning
Repository (CC BY 4.0); scikit-learn holds its test part, 1,797 digits of 13 writers.
"""

from __future__ import annotations

import os
from typing import Literal

import numpy as np

from edgecnn.data.image_data import ImageData
from edgecnn.data.splits import part
from edgecnn.errors import OptionError
from edgecnn.optional import require

LEVELS = 16
"""The brightest value of the source, which counts the dark pixels in a 4 x 4 block."""


def load(
    split: Literal["test", "train", "all"] = "test",
    folder: str | os.PathLike[str] | None = None,
) -> ImageData:
    """Read the digits.

    Args:
        split: ``train`` (80 %), ``test`` (20 %), or ``all`` of the 1,797. The authors did not part
            them; this stratified split is ours and never changes. Writers are not recorded, so both
            parts may hold digits of one hand.
        folder: Must be None: the digits are part of scikit-learn.

    Returns:
        Images (N, 8, 8) uint8, bright on black, 0..255, labels (N,) int64 and ten names.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        OptionError: There is no such split, or a folder was named.
    """
    if folder is not None:
        raise OptionError(f"The digits come from scikit-learn, not from a folder ({folder}).")
    source = require("sklearn.datasets", extra="train").load_digits()
    images = np.rint(source.images * (255 / LEVELS)).astype(np.uint8)
    labels = source.target.astype(np.int64)
    data = ImageData(images, labels, tuple(str(digit) for digit in range(10)))
    return data.select(part("digits", split, labels))
