"""Factors by which channels of a network are made larger or smaller, so that they reach alike.

A *factor* belongs to one channel, or to several that are added to each other. Keras graphs and
``.tflite`` files each follow their own channels; what is the same for both is here.

Reference: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction",
ICCV 2019, arXiv:1906.04721; we take the ranges of activations from what is measured.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from edgecnn.core.components import connected

Places = NDArray[np.int64]
Doubles = NDArray[np.float64]

BALANCE = 0.5
"""Half by the ranges of activations, half by the weights that a channel meets."""
LEAST_SHARE = 0.01
"""Of the widest channel: one that is all but dead is made larger by the inverse at most."""


def settle(
    count: int, joins: Sequence[tuple[Places, Places]], pinned: Collection[int]
) -> tuple[Places, NDArray[np.bool_]]:
    """Number the factors that are left when those of joined channels are one.

    Args:
        count: Of factors before.
        joins: Pairs of arrays of factors that are the same, place by place.
        pinned: Factors that have to be 1.

    Returns:
        (count,) int64, the new place of each; and (factors,) bool, whether a factor is free.
    """
    kept, places = np.unique(connected(count, joins), return_inverse=True)
    free = np.ones(len(kept), np.bool_)
    free[places[sorted(pinned)]] = False
    return places, free


def factor_sizes(
    reach: Doubles, met: Doubles, free: NDArray[np.bool_], balance: float = BALANCE
) -> Doubles:
    """What channels are divided by.

    Args:
        reach: (factors,) largest absolute value of a channel, 0..1 as a share of its tensor's.
        met: (factors,) largest weight that it meets, 0..1 as a share of those with the same step.
        free: (factors,) bool; the others get 1.
        balance: 1 minds the ranges alone, 0 the weights alone.

    Returns:
        (factors,) positive.
    """
    sizes = np.maximum(reach, LEAST_SHARE) ** balance
    sizes /= np.maximum(met, LEAST_SHARE) ** (1.0 - balance)
    return np.where(free, sizes, 1.0)
