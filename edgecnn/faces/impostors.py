"""Tables of impostor scores: how near different people came to each other in public photographs.

A table holds scores alone, no vector and no picture, so it can be given away; it lets a gallery of
three people have a threshold with a rate that three people can never support. It belongs to one
embedding space. Tables lie in ``assets/faces/SPACE.json``; ``benchmarks/impostors.py`` makes them.

All pairs of some hundred people are far more than there are people: whoever resembles many is in
many of them. So the bounds of a table are found by drawing people, with replacement, and counting
the pairs of those who were drawn; they are wider than those of as many independent pairs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import Strict
from edgecnn.errors import BundleError, GalleryError, OptionError
from edgecnn.evaluation.binomial import CONFIDENCE
from edgecnn.evaluation.bootstrap import MIN_PEOPLE, REPLICATES, draws
from edgecnn.faces.calibrate import TARGETS, pairs_needed, threshold_for, upper_bound
from edgecnn.faces.match import closest_pairs
from edgecnn.faces.records import Floats, Metric
from edgecnn.zoo.catalogue import assets_path

_SPACE = re.compile(r"[A-Za-z0-9._-]{1,80}")
_DIGITS = 4
_SMALL = 2_000
"""A table of so many pairs keeps them all."""
_KEPT = 0.015
"""Share that larger ones keep: 1 in 100 needs less than 1 % of a sample, and so does what follows
when a gallery adds pairs of its own."""


class Bound(Strict, frozen=True, kw_only=True):
    """A threshold of a table.

    Attributes:
        target: False-match rate that it keeps.
        threshold: Distances below it are matches.
        upper_bound: 95 % bound of the rate at this threshold; at most ``target``.
    """

    target: float
    threshold: float
    upper_bound: float


class ImpostorTable(Strict, frozen=True, kw_only=True):
    """Smallest distances between pairs of different people.

    Attributes:
        space: Embedding space that they were measured in.
        photographs: Name of the set of photographs.
        licence: Of the photographs.
        source: Where they are from.
        identities: How many people.
        images: How many photographs.
        distances: The smallest, one for each pair of people, rising. The others of the
            ``identities * (identities - 1) / 2`` may be left out: no threshold lies among them.
        bounds: Thresholds by drawing people, largest rate first; of few people there are none.
    """

    version: int = 1
    space: str
    photographs: str
    licence: str
    source: str
    identities: int
    images: int
    distances: tuple[float, ...]
    bounds: tuple[Bound, ...] = ()

    def __post_init__(self) -> None:
        least = self.pairs if self.pairs <= _SMALL else math.ceil(_KEPT * self.pairs)
        if self.identities < 2 or not least <= len(self.distances) <= self.pairs:
            raise OptionError(
                f"{self.identities} identities make {self.pairs:,} pairs, of which a table has the "
                f"smallest {least:,} distances or more, but this one has {len(self.distances):,}."
            )
        values = np.asarray(self.distances)
        if not np.isfinite(values).all() or (values < 0).any() or (np.diff(values) < 0).any():
            raise OptionError("The distances of a table are finite, not negative, and rise.")

    @property
    def pairs(self) -> int:
        """Pairs of people that were compared."""
        return self.identities * (self.identities - 1) // 2

    def bound_for(self, target: float) -> Bound | None:
        """The loosest threshold that keeps a rate; None when the table supports none."""
        return next((bound for bound in self.bounds if bound.target <= target), None)

    def scores(self, others: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """The smallest distances of a sample: of the table's pairs, and of others.

        What is left out of the table is no smaller than its last distance; others are counted as
        if they were no larger, which can only lower a threshold.

        Args:
            others: (n,) of more pairs of people.
        """
        kept = np.asarray(self.distances, np.float64)
        if others is None:
            return kept
        last = np.inf if len(kept) == self.pairs else kept[-1]
        return np.concatenate([kept, np.minimum(others, last)])

    @property
    def words(self) -> str:
        """The set, its licence and its size, for messages."""
        return (
            f"{self.photographs} ({self.licence}): {self.identities} people, {self.pairs:,} pairs"
        )


def find_table(space: str, folder: Path | None = None) -> ImpostorTable | None:
    """The table of an embedding space; None when there is none.

    Args:
        space: Of the embedder's bundle.
        folder: Where tables lie; None for those that come with edgecnn.

    Raises:
        GalleryError: The file is damaged or belongs to another space.
    """
    if not _SPACE.fullmatch(space):
        return None
    try:
        path = (folder if folder is not None else assets_path() / "faces") / f"{space}.json"
        table = msgspec.json.decode(path.read_bytes(), type=ImpostorTable)
    except (FileNotFoundError, BundleError):
        return None
    except (msgspec.DecodeError, OptionError) as error:
        raise GalleryError(f"The table of impostor scores {path} is damaged: {error}") from error
    if table.space != space:
        raise GalleryError(f"{path} is a table of {table.space!r}, not of {space!r}.")
    return table


def make_table(
    vectors: Floats,
    counts: Sequence[int],
    *,
    space: str,
    metric: Metric,
    photographs: str,
    licence: str,
    source: str,
) -> ImpostorTable:
    """A table from embeddings of photographs; what it is made from is not in it.

    Args:
        vectors: (T, D) embeddings, those of a person together.
        counts: How many each person has, at least one.
        space: Of the embedder's bundle.
        metric: Likewise.
        photographs: Name of the set.
        licence: Of the photographs.
        source: Where they are from.

    Raises:
        OptionError: Fewer than two people.
    """
    found = closest_pairs(vectors, counts, metric)
    people = sum(count > 0 for count in counts)
    bounds = bounds_by_people(found, people)
    distances = np.sort(found)
    if len(distances) > _SMALL:
        distances = distances[: math.ceil(_KEPT * len(distances))]
    return ImpostorTable(
        space=space,
        photographs=photographs,
        licence=licence,
        source=source,
        identities=people,
        images=len(vectors),
        distances=tuple(np.round(distances, _DIGITS).tolist()),
        bounds=bounds,
    )


def bounds_by_people(
    distances: NDArray[np.float64], people: int, *, replicates: int = REPLICATES, seed: int = 0
) -> tuple[Bound, ...]:
    """For each usual rate the largest threshold that keeps it in 95 % of draws of people.

    A threshold is never larger than that of as many independent pairs.

    Args:
        distances: Of all pairs of people, in the order of `closest_pairs`.
        people: How many.
        replicates: Draws.
        seed: Of the draws.

    Returns:
        Bounds of the rates that are supported, largest rate first; none with fewer than ten people.
    """
    pairs = people * (people - 1) // 2
    if people < MIN_PEOPLE:
        return ()
    order = np.argsort(distances, kind="stable")[: math.ceil(_KEPT * pairs)]
    first, second = (side[order] for side in np.triu_indices(people, 1))
    rates = np.empty((replicates, len(order) + 1))
    for row, drawn in zip(rates, draws(people, replicates, seed), strict=True):
        times = drawn.astype(np.float64)
        row[0] = 0.0
        np.cumsum(times[first] * times[second], out=row[1:])
        row /= (times.sum() ** 2 - (times**2).sum()) / 2
    upper = np.percentile(rates, 100 * CONFIDENCE, axis=0)  # when so many are below the threshold
    bounds = []
    for target in TARGETS:
        if pairs < pairs_needed(target):
            continue
        independent = threshold_for(target, distances)
        below = min(int(np.flatnonzero(upper <= target)[-1]), independent.false_matches)
        threshold = float(distances[order[min(below, len(order) - 1)]])
        # With few matches the draws say too little: then the exact bound of the pairs is larger.
        bound = max(float(upper[below]), upper_bound(below, pairs))
        bounds.append(Bound(target=target, threshold=threshold, upper_bound=bound))
    return tuple(bounds)
