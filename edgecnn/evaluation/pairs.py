"""Pairs of pictures with their distance and the two identities: what a verification test is.

Who is in a pair matters as much as its distance: pairs that share a person are not independent, so
rates need the number of *people* behind them, and intervals are drawn over people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
RowDistances = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
"""From (n, D) and (n, D) to the (n,) distances of the rows to each other."""
MAX_IMPOSTORS = 1_000_000
"""A folder of 2,000 pictures has two million pairs; more than these say little more."""
_ROWS = 16_384


@dataclass(frozen=True, slots=True, eq=False)
class ScoredPairs:
    """Compared pictures.

    Attributes:
        distances: (P,) float64, finite; small is alike.
        first, second: (P,) int64 identity of either side, index into ``names``. Equal in genuine
            pairs, different in impostor pairs.
        names: Of the identities.
        folds: (P,) int64 part of the test that a pair belongs to, or None.
    """

    distances: Doubles
    first: Ints
    second: Ints
    names: tuple[str, ...]
    folds: Ints | None = None

    def __post_init__(self) -> None:
        if not len(self.distances) == len(self.first) == len(self.second):
            raise OptionError(
                f"There are {len(self.distances)} distances for {len(self.first)} and "
                f"{len(self.second)} identities; each pair needs one distance and two identities."
            )
        if not np.isfinite(self.distances).all():
            raise OptionError("Some distances are NaN or infinite: an embedding is broken.")

    def __len__(self) -> int:
        return len(self.distances)

    @property
    def genuine(self) -> NDArray[np.bool_]:
        """(P,) whether both sides are one identity."""
        return np.asarray(self.first == self.second, np.bool_)

    @property
    def genuine_people(self) -> int:
        """Identities that have a genuine pair."""
        return len(np.unique(self.first[self.genuine]))

    @property
    def impostor_people_pairs(self) -> int:
        """Different pairs of identities among the impostors, whichever comes first."""
        low = np.minimum(self.first, self.second)[~self.genuine]
        high = np.maximum(self.first, self.second)[~self.genuine]
        return len(np.unique(low * len(self.names) + high))

    def select(self, mask: NDArray[np.bool_]) -> ScoredPairs:
        """Some of the pairs; all names stay."""
        folds = None if self.folds is None else self.folds[mask]
        return ScoredPairs(
            self.distances[mask], self.first[mask], self.second[mask], self.names, folds
        )


def index_pairs(
    identities: Ints, *, max_impostors: int = MAX_IMPOSTORS, seed: int = 0
) -> tuple[Ints, Ints]:
    """Which pictures of a set are compared: all genuine pairs, and impostors up to a number.

    Args:
        identities: (N,) of the pictures.
        max_impostors: With more, a seeded choice of so many is taken.
        seed: Of the choice.

    Returns:
        (P,) and (P,) rows of either side, each pair once.
    """
    total = len(identities) * (len(identities) - 1) // 2
    sizes = np.unique(identities, return_counts=True)[1]
    genuine_count = int((sizes * (sizes - 1) // 2).sum())
    if total - genuine_count <= max_impostors:
        first, second = np.triu_indices(len(identities), 1)
        return first.astype(np.int64), second.astype(np.int64)
    order = np.argsort(identities, kind="stable")
    people = np.split(order, np.cumsum(sizes)[:-1])
    genuine = [rows[np.stack(np.triu_indices(len(rows), 1))] for rows in people]
    impostors = _some_impostors(identities, max_impostors, np.random.default_rng(seed))
    first, second = np.concatenate([*genuine, impostors], axis=1)
    return first, second


def compare_rows(
    vectors: NDArray[Any], first: Ints, second: Ints, distances: RowDistances
) -> Doubles:
    """Distances of chosen pairs of rows, some at a time.

    Args:
        vectors: (N, D).
        first: (P,) rows of one side.
        second: (P,) rows of the other.
        distances: Of the embedding space.
    """
    found = np.empty(len(first), np.float64)
    for start in range(0, len(first), _ROWS):
        part = slice(start, start + _ROWS)
        found[part] = distances(vectors[first[part]], vectors[second[part]])
    return found


def _some_impostors(identities: Ints, count: int, rng: np.random.Generator) -> Ints:
    """(2, count) rows of different identities, no pair twice, uniform over all such pairs."""
    pictures, chosen = len(identities), np.empty(0, np.int64)
    while len(chosen) < count:
        a, b = rng.integers(0, pictures, (2, count + count // 8 + 16))
        keep = identities[a] != identities[b]
        low, high = np.minimum(a, b)[keep], np.maximum(a, b)[keep]
        drawn = np.concatenate([chosen, low * pictures + high])
        _, where = np.unique(drawn, return_index=True)
        chosen = drawn[np.sort(where)]
    chosen = chosen[:count]
    return np.stack([chosen // pictures, chosen % pictures])
