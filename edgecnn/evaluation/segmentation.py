"""Overlap of classes in masks, over a whole set of pictures.

Protocol: Everingham et al. 2015, "The Pascal Visual Object Classes Challenge: A Retrospective",
section 3.3: intersection over union of each class with the pixels of all pictures counted together,
then the mean over classes. Pixels marked `IGNORE` in the truth count nowhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError

Ints = NDArray[np.int64]
IGNORE = 255


def pixel_confusion(
    truth: NDArray[Any], predicted: NDArray[Any], num_classes: int, *, ignore: int = IGNORE
) -> Ints:
    """How many pixels of each class were taken for each other; add those of all pictures.

    Args:
        truth: (H, W) integer class ids, or ``ignore``.
        predicted: (H, W) integer class ids.
        num_classes: C.
        ignore: Value of pixels that do not count.

    Returns:
        (C, C) int64, rows by truth, columns by prediction.

    Raises:
        OptionError: Masks of different sizes, or values that are no class ids.
    """
    if truth.shape != predicted.shape:
        raise OptionError(
            f"The true mask has shape {truth.shape}, but the answer {predicted.shape}: bring the "
            "answer to the size of the picture."
        )
    counted = truth != ignore
    rows, columns = truth[counted].astype(np.int64), predicted[counted].astype(np.int64)
    for what, ids in (("true mask", rows), ("answer", columns)):
        if len(ids) and not 0 <= ids.min() <= ids.max() < num_classes:
            raise OptionError(
                f"The {what} holds values from {ids.min()} to {ids.max()}; class ids of "
                f"{num_classes} classes are 0 to {num_classes - 1} ({ignore} is ignored)."
            )
    counts = np.bincount(rows * num_classes + columns, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes).astype(np.int64)


def class_iou(confusion: Ints) -> NDArray[np.float64]:
    """Intersection over union of each class.

    Args:
        confusion: (C, C) pixels.

    Returns:
        (C,), 0..1; NaN for a class that neither the truth nor an answer shows.
    """
    shared = np.diagonal(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - shared
    shares = np.full(len(confusion), np.nan)
    np.divide(shared, union, out=shares, where=union > 0)
    return shares


def mean_iou(confusion: Ints) -> float:
    """Mean of `class_iou` over the classes that occur.

    Raises:
        OptionError: Not one pixel was counted.
    """
    shares = class_iou(confusion)
    if np.isnan(shares).all():
        raise OptionError(
            "Not one pixel was counted: the masks are empty, or all of it is ignored."
        )
    return float(np.nanmean(shares))
