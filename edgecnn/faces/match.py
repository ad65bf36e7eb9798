"""Whose face is nearest, among many templates, at the cost of one matrix product.

Templates lie in one matrix, person after person, so a person is a range of rows. The nearest
template overall is the best person; without that person's rows, the nearest is the second best.
Distances are compared as products (the smallest ``|a - b|`` has the largest ``a.b - |b|^2 / 2``),
and only those of the two winners are computed, in double precision: a distance near 0 suffers from
the subtraction otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecnn.errors import GalleryError, OptionError
from edgecnn.faces.records import Contents, Floats, Metric

_QUERIES_AT_ONCE = 64
"""Keeps the table of products small however many faces are asked about."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The two people nearest to a face.

    Attributes:
        person: Index of the nearest; -1 when nobody is enrolled.
        distance: To that person's nearest template; infinite when nobody is enrolled.
        second: Index of the next person; -1 when there is none.
        second_distance: Likewise; infinite when there is none.
    """

    person: int
    distance: float
    second: int
    second_distance: float


class Matcher:
    """Templates, ready to be compared.

    Args:
        vectors: (T, D) float32, all templates, those of a person together.
        counts: (P,) how many templates each person has.
        metric: Of the embedding space.
        active: (P,) bool, who may be found; None for all.
    """

    def __init__(
        self,
        vectors: Floats,
        counts: ArrayLike,
        metric: Metric,
        active: NDArray[np.bool_] | None = None,
    ) -> None:
        sizes = np.asarray(counts, np.int64).reshape(-1)
        if sizes.sum() != len(vectors) or (sizes < 0).any():
            raise OptionError(f"{len(vectors)} vectors do not divide into counts {sizes.tolist()}.")
        self.metric = metric
        self.dimension = int(vectors.shape[1])
        keep = np.ones(len(sizes), np.bool_) if active is None else np.asarray(active, np.bool_)
        rows = np.repeat(keep, sizes)
        self._people = np.flatnonzero(keep & (sizes > 0))
        kept = sizes[self._people]
        self._owners = np.repeat(np.arange(len(kept), dtype=np.int32), kept)
        self._ends = np.cumsum(kept)
        self._starts = self._ends - kept
        points = vectors if rows.all() else vectors[rows]
        if metric == "cosine":
            points = directions(points)
        self._points = np.ascontiguousarray(points, np.float32)
        squares = np.einsum("ij,ij->i", self._points, self._points, dtype=np.float64)
        self._half_squares = (squares / 2).astype(np.float32)

    @classmethod
    def of(cls, contents: Contents, now_utc: str) -> Matcher:
        """Of a gallery, without those whose time is over."""
        active = np.array([not person.expired(now_utc) for person in contents.people], np.bool_)
        counts = [len(person.templates) for person in contents.people]
        return cls(contents.matrix(), counts, contents.metric, active)

    def __len__(self) -> int:
        return len(self._points)

    def nearest(self, vectors: Floats) -> list[Nearest]:
        """The two nearest people for each of some faces.

        Args:
            vectors: (Q, D) float32.

        Raises:
            GalleryError: Another dimension, or values that are not finite.
        """
        queries = self.checked(vectors)
        if not len(self._points):
            return [Nearest(-1, np.inf, -1, np.inf)] * len(queries)
        if len(queries) == 1:  # a product with one vector has a kernel of its own
            return [self._two_nearest(self._points @ queries[0], queries[0])]
        found: list[Nearest] = []
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            some = queries[start : start + _QUERIES_AT_ONCE]
            closeness = some @ self._points.T
            found += [
                self._two_nearest(row, query) for row, query in zip(closeness, some, strict=True)
            ]
        return found

    def checked(self, vectors: Floats) -> Floats:
        """Faces as they are compared: (Q, D) float32, in a cosine space at length 1.

        Raises:
            GalleryError: Another dimension.
        """
        queries = np.asarray(vectors, np.float32)
        if queries.ndim != 2 or queries.shape[1] != self.dimension:
            raise GalleryError(
                f"Templates have {self.dimension} numbers, but a face came with shape "
                f"{queries.shape}. It is from another embedder."
            )
        return directions(queries) if self.metric == "cosine" else queries

    def _two_nearest(self, closeness: Floats, query: Floats) -> Nearest:
        """The answer for one face; ``closeness`` (T,), its products, is used up."""
        closeness -= self._half_squares
        best = int(closeness.argmax())
        position = self._owners[best]
        distance = self._distance(best, query)
        if not math.isfinite(distance):  # as what is not finite spreads to every product
            raise GalleryError("An embedding is not finite: the embedder failed on this face.")
        if len(self._people) == 1:
            return Nearest(int(self._people[position]), distance, -1, np.inf)
        closeness[self._starts[position] : self._ends[position]] = -np.inf
        next_best = int(closeness.argmax())
        second = self._owners[next_best]
        return Nearest(
            int(self._people[position]),
            distance,
            int(self._people[second]),
            self._distance(next_best, query),
        )

    def _distance(self, row: int, query: Floats) -> float:
        if self.metric == "cosine":
            return 1.0 - float(np.dot(self._points[row].astype(np.float64), query))
        gap = np.subtract(self._points[row], query, dtype=np.float64)
        return math.sqrt(np.dot(gap, gap))

    def to_person(self, vectors: Floats, person: int) -> NDArray[np.float64]:
        """(Q,) distances of faces to the nearest template of one person (1:1)."""
        position = np.flatnonzero(self._people == person)
        if not len(position):
            raise GalleryError("This person has no templates, or the time of consent is over.")
        rows = slice(int(self._starts[position[0]]), int(self._ends[position[0]]))
        table = distances(np.asarray(vectors, np.float32), self._points[rows], self.metric)
        return np.asarray(table.min(axis=1), np.float64)


def distances(a: Floats, b: Floats, metric: Metric) -> NDArray[np.float64]:
    """(A, B) distances of all rows of one set to all rows of another, in double precision."""
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if metric == "cosine":
        return np.asarray(1.0 - directions(first) @ directions(second).T, np.float64)
    squares = (first**2).sum(1)[:, None] + (second**2).sum(1)[None] - 2 * first @ second.T
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), np.float64)


def closest_pairs(vectors: Floats, counts: ArrayLike, metric: Metric) -> NDArray[np.float64]:
    """The smallest distance between the templates of each pair of people.

    Args:
        vectors: (T, D), those of a person together.
        counts: (P,) how many each person has; those with none are left out.
        metric: Of the embedding space.

    Returns:
        (P' (P' - 1) / 2,) distances, P' being the people with templates.
    """
    sizes = np.asarray(counts, np.int64).reshape(-1)
    ends = np.cumsum(sizes)
    starts, ends = (ends - sizes)[sizes > 0], ends[sizes > 0]
    found = [np.empty(0, np.float64)]
    for index in range(len(starts) - 1):
        mine = vectors[starts[index] : ends[index]]
        to_later = distances(mine, vectors[ends[index] :], metric).min(axis=0)
        found.append(np.minimum.reduceat(to_later, starts[index + 1 :] - ends[index]))
    return np.concatenate(found)


def own_distances(vectors: Floats, counts: ArrayLike, metric: Metric) -> NDArray[np.float64]:
    """Distance of each template to the nearest other template of its person.

    What a genuine attempt looks like; people with one template have none.
    """
    sizes = np.asarray(counts, np.int64).reshape(-1)
    ends = np.cumsum(sizes)
    found = [np.empty(0, np.float64)]
    for start, end in zip(ends - sizes, ends, strict=True):
        if end - start > 1:
            table = distances(vectors[start:end], vectors[start:end], metric)
            np.fill_diagonal(table, np.inf)
            found.append(table.min(axis=1))
    return np.concatenate(found)


def directions(vectors: NDArray[Any]) -> NDArray[Any]:
    """Vectors at length 1.

    Raises:
        GalleryError: A zero vector has no direction.
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if (norms == 0).any():
        raise GalleryError("A zero vector has no direction: the embedder failed on this face.")
    return np.asarray(vectors / norms, vectors.dtype)
