"""Classes of unequal size: weights for the loss, or indices that draw rare classes more often.

Use one of the two, not both. Weights leave the data as they are; resampling shows a rare class
oftener, which augmentation can make use of.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError


def class_weights(
    labels: Any, num_classes: int, *, beta: float | None = None
) -> NDArray[np.float64]:
    """Weight of each class in the loss; their mean over the pictures is 1.

    Args:
        labels: (N,) integers 0..num_classes-1.
        num_classes: Number of classes.
        beta: None weighs by the inverse of the count. Otherwise 0 <= beta < 1: by the inverse of
            the "effective number" (1 - beta ** n) / (1 - beta), which is gentler on rare classes;
            0 gives equal weights, 0.999 and 0.9999 are usual.

    Returns:
        (num_classes,) float64. Keras takes ``dict(enumerate(weights))`` as ``class_weight``.

    Raises:
        OptionError: Labels out of range, a class without a picture, or beta out of range.

    Reference:
        Cui, Jia, Lin, Song, Belongie 2019, "Class-Balanced Loss Based on Effective Number of
        Samples", CVPR. They make the weights sum to the number of classes; we keep the mean loss.
    """
    counts = class_counts(labels, num_classes)
    if counts.min() == 0:
        empty = np.flatnonzero(counts == 0).tolist()
        raise OptionError(
            f"Classes {empty} have no picture, so they cannot be weighed. Add pictures or leave "
            "these classes out."
        )
    if beta is None:
        weights = 1.0 / counts
    elif 0 <= beta < 1:
        weights = (1.0 - beta) / (1.0 - np.power(beta, counts, dtype=np.float64))
    else:
        raise OptionError(f"beta must be None or 0 <= beta < 1, but got {beta}.")
    normalised: NDArray[np.float64] = weights * counts.sum() / (weights * counts).sum()
    return normalised


def oversample(labels: Any, num_classes: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Indices that show each class as often as the largest one.

    Each picture of a class comes equally often, give or take one: none is left out by chance.

    Args:
        labels: (N,) integers 0..num_classes-1.
        num_classes: Number of classes.
        seed: Of the choice of those that come once more, and of the order.

    Returns:
        (num_classes of those with pictures * largest count,) int64, shuffled.

    Raises:
        OptionError: Labels out of range.
    """
    counts = class_counts(labels, num_classes)
    return _draw(np.asarray(labels), int(counts.max()), seed)


def undersample(labels: Any, num_classes: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Indices that show each class as often as the smallest one; the rest is left aside.

    Args and errors as of `oversample`.

    Returns:
        (classes with pictures * smallest count,) int64, shuffled, no index twice.
    """
    counts = class_counts(labels, num_classes)
    return _draw(np.asarray(labels), int(counts[counts > 0].min()), seed)


def class_counts(labels: Any, num_classes: int) -> NDArray[np.int64]:
    """Number of pictures of each class, (num_classes,) int64.

    Raises:
        OptionError: No labels, not integers, or out of range.
    """
    classes = np.asarray(labels)
    if classes.ndim != 1 or classes.size == 0 or classes.dtype.kind not in "iu":
        raise OptionError(
            f"Labels must be a list of integers, but got {classes.dtype} of shape {classes.shape}."
        )
    if not 0 <= classes.min() <= classes.max() < num_classes:
        raise OptionError(
            f"The labels run from {classes.min()} to {classes.max()}, but there are {num_classes} "
            "classes, counted from 0."
        )
    return np.bincount(classes, minlength=num_classes).astype(np.int64)


def _draw(classes: NDArray[Any], each: int, seed: int) -> NDArray[np.int64]:
    generator = np.random.default_rng(seed)
    drawn = []
    for label in np.unique(classes):
        rows = generator.permutation(np.flatnonzero(classes == label))
        drawn.append(np.resize(rows, each))
    return generator.permutation(np.concatenate(drawn)).astype(np.int64)
