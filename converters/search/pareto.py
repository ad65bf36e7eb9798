"""Which of several ways nothing else beats in every respect."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def pareto_front(costs: NDArray[Any]) -> NDArray[np.bool_]:
    """Mark the points that no other point dominates.

    A point dominates another when it is no worse in every cost and better in at least one. Equal
    points do not dominate each other, so either all or none of them are marked.

    Reference: Deb, "Multi-Objective Optimization using Evolutionary Algorithms", 2001, section 2.4.

    Args:
        costs: (N, K) finite numbers, smaller is better; negate what shall be large.

    Returns:
        (N,) bool.

    Raises:
        ValueError: Not two axes, or a value that is not finite: nothing can be said of it.
    """
    points = np.asarray(costs, np.float64)
    if points.ndim != 2:
        raise ValueError(f"costs must be (N, K), but got shape {points.shape}.")
    if not np.isfinite(points).all():
        raise ValueError("costs must be finite; leave out what was not measured.")
    no_worse = (points[:, None, :] <= points[None, :, :]).all(axis=2)
    better = (points[:, None, :] < points[None, :, :]).any(axis=2)
    dominated: NDArray[np.bool_] = np.asarray((no_worse & better).any(axis=0), np.bool_)
    return ~dominated
