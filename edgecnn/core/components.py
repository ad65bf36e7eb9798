"""Connected components of a graph, as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def connected(
    count: int, edges: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]
) -> NDArray[np.int64]:
    """Smallest member of the component of each of ``count`` nodes, int64 (count,).

    For channels that belong together in a network: to be removed together, or made larger together.

    Args:
        count: Number of nodes.
        edges: Pairs of arrays of nodes, int64; each pair is joined place by place.
    """
    parent = np.arange(count)
    if not edges:
        return parent
    one = np.concatenate([edge[0] for edge in edges])
    other = np.concatenate([edge[1] for edge in edges])
    while True:
        before = parent
        low = np.minimum(parent[one], parent[other])
        parent = parent.copy()
        for ends in (one, other):
            np.minimum.at(parent, before[ends], low)
            np.minimum.at(parent, ends, low)
        parent = parent[parent]
        if np.array_equal(parent, before):
            return parent
