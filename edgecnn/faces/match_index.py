"""Whose face is nearest among a million templates, without comparing with all of them.

A graph of near neighbours (HNSW) is walked towards the face; the candidates that it gives are then
compared exactly, so that distances, margins and the second person are those of `Matcher`. What the
graph may do is miss the nearest template: how often is measured by ``benchmarks/faces_index.py``.

The graph lives in memory alone and is made anew when people change, which takes minutes for a
million templates; below some 100,000 `Matcher` is the better choice.

Reference: Y. A. Malkov and D. A. Yashunin, "Efficient and Robust Approximate Nearest Neighbor
Search Using Hierarchical Navigable Small World Graphs", 2018.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecnn.errors import GalleryError
from edgecnn.faces.match import Matcher, Nearest
from edgecnn.faces.records import Floats, Metric
from edgecnn.optional import require

CANDIDATES = 32
"""Templates that are compared exactly, at first."""
BREADTH = 256
"""Nodes of the graph that are kept in view while it is walked; more find more and take longer."""
_CARE = 256
"""Nodes in view while the graph is made: making it takes longer, and each answer finds more."""


class IndexedMatcher(Matcher):
    """As `Matcher`, by a graph; arguments as there.

    Args:
        vectors, counts, metric, active: See `Matcher`.
        breadth: See `BREADTH`.

    Raises:
        MissingExtraError: The extra ``index`` is not installed.
    """

    def __init__(
        self,
        vectors: Floats,
        counts: ArrayLike,
        metric: Metric,
        active: NDArray[np.bool_] | None = None,
        *,
        breadth: int = BREADTH,
    ) -> None:
        index = require("usearch.index", extra="index")
        super().__init__(vectors, counts, metric, active)
        # Templates of cosine spaces have length 1 by now: the same neighbours by either distance.
        # The graph looks at half-precision copies: it waits for memory more than it computes.
        self._graph = index.Index(
            ndim=self.dimension,
            metric="l2sq",
            dtype="f16",
            connectivity=16,
            expansion_add=_CARE,
            expansion_search=breadth,
        )
        rows = np.arange(len(self._points), dtype=np.uint64)
        # Several threads lose templates: two that come at the same time do not see each other, and
        # some of them no walk ever reaches (usearch 2.26: some 2 of 5,000 by two threads).
        self._graph.add(rows, self._points, threads=1)

    def nearest(self, vectors: Floats) -> list[Nearest]:
        """The two nearest people for each of some faces; as `Matcher.nearest`."""
        queries = self.checked(vectors)
        if not len(self):
            return [Nearest(-1, np.inf, -1, np.inf)] * len(queries)
        if not np.isfinite(queries).all():
            raise GalleryError("An embedding is not finite: the embedder failed on this face.")
        return [self._by_graph(query) for query in queries]

    @property
    def breadth(self) -> int:
        """Nodes in view; may be changed between faces."""
        return int(self._graph.expansion_search)

    @breadth.setter
    def breadth(self, breadth: int) -> None:
        self._graph.expansion_search = breadth

    @property
    def graph_bytes(self) -> int:
        """Memory of the graph and its copies of the templates, as it says itself."""
        return int(self._graph.memory_usage)

    def _by_graph(self, query: Floats) -> Nearest:
        """Candidates until two people are among them."""
        wanted = CANDIDATES
        while True:
            found = self._graph.search(query, min(wanted, len(self)), threads=1)
            rows = np.sort(np.asarray(found.keys, np.int64))
            owners = self._owners[rows]
            # Everything that was asked for and one person: he has more templates than that.
            if len(self._people) == 1 or (owners != owners[0]).any() or wanted >= len(self):
                return self._two_nearest_of(rows, query)
            wanted *= 8

    def _two_nearest_of(self, rows: NDArray[np.int64], query: Floats) -> Nearest:
        distances = self._distances(rows, query)
        owners = self._owners[rows]
        best = int(distances.argmin())
        others = np.flatnonzero(owners != owners[best])
        person = int(self._people[owners[best]])
        if not len(others):
            return Nearest(person, float(distances[best]), -1, np.inf)
        second = others[distances[others].argmin()]
        return Nearest(
            person,
            float(distances[best]),
            int(self._people[owners[second]]),
            float(distances[second]),
        )

    def _distances(self, rows: NDArray[np.int64], query: Floats) -> NDArray[np.float64]:
        points = self._points[rows].astype(np.float64)
        if self.metric == "cosine":
            return np.asarray(1.0 - points @ query, np.float64)
        points -= query
        return np.asarray(np.sqrt(np.einsum("ij,ij->i", points, points)), np.float64)
