"""How often the right class is named.

Protocol: top-1 and top-5 accuracy as in Russakovsky et al. 2015, "ImageNet Large Scale Visual
Recognition Challenge", section 4.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError

Ints = NDArray[np.int64]


def top_k_accuracy(truth: Ints, ranked: Ints, k: int = 1) -> float:
    """Share of pictures whose class is among the first ``k`` named.

    Args:
        truth: (N,) class ids.
        ranked: (N, K) class ids, the best first; (N,) for the first alone.
        k: How many of them count, 1..K.

    Returns:
        0..1.

    Raises:
        OptionError: No pictures, other lengths, or a ``k`` that was not asked for.
    """
    right, named = np.asarray(truth), np.asarray(ranked)
    named = named[:, None] if named.ndim == 1 else named
    _check_pairs(right, named)
    if not 1 <= k <= named.shape[1]:
        raise OptionError(f"k must be 1 to {named.shape[1]}, the classes named, but got {k}.")
    return float((named[:, :k] == right[:, None]).any(axis=1).mean())


def accuracy(truth: Ints, predicted: Ints) -> float:
    """Share of pictures whose class is named first; both (N,) class ids.

    Raises:
        OptionError: No pictures, or other lengths.
    """
    return top_k_accuracy(truth, predicted)


def confusion_matrix(truth: Ints, predicted: Ints, num_classes: int) -> Ints:
    """How often each class was taken for each other.

    Args:
        truth: (N,) class ids, 0 to ``num_classes`` - 1.
        predicted: (N,) the same.
        num_classes: C.

    Returns:
        (C, C) int64, rows by truth, columns by prediction.

    Raises:
        OptionError: Other lengths, or class ids outside the range.
    """
    rows, columns = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    _check_pairs(rows, columns[:, None])
    for what, ids in (("truth", rows), ("predicted", columns)):
        if not 0 <= ids.min() <= ids.max() < num_classes:
            raise OptionError(
                f"{what} runs from {ids.min()} to {ids.max()}; class ids of {num_classes} classes "
                f"are 0 to {num_classes - 1}."
            )
    counts = np.bincount(rows * num_classes + columns, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes).astype(np.int64)


def class_recall(confusion: Ints) -> NDArray[np.float64]:
    """Share of each class's pictures that were named right.

    Args:
        confusion: (C, C) from `confusion_matrix`.

    Returns:
        (C,), 0..1; NaN for a class without pictures.
    """
    pictures = confusion.sum(axis=1)
    shares = np.full(len(confusion), np.nan)
    np.divide(np.diagonal(confusion), pictures, out=shares, where=pictures > 0)
    return shares


def _check_pairs(truth: NDArray[Any], named: NDArray[Any]) -> None:
    if truth.ndim != 1 or len(truth) != len(named) or len(truth) == 0:
        raise OptionError(
            f"truth has shape {truth.shape} and the answers {named.shape}; expected one answer for "
            "each of at least one picture."
        )
