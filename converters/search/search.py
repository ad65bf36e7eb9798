"""The search behind `edgecnn optimize`: from figures of every way to run a model to one of them.

Only numbers here: nothing is measured, opened or written.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from converters.report.schema import Part
from converters.report.text import megabytes, milliseconds
from converters.search.pareto import pareto_front
from edgecnn.bundle.schema import Precision
from edgecnn.runtime.backend import Compute
from edgecnn.wording import counted

AS_FAST = 1.03
"""Latencies within 3 % of each other are equal: two runs of the same file differ by that much."""
MISSES = 3
_ROUNDING = 1e-9
_LEAST_POINTS = 0.1
"""A drop allowed to be 0 is missed by how many tenths of a point, not by infinitely much."""


def way_words(file: str, backend: str, compute: str, threads: int) -> str:
    """A way to run a file in words; f32 is what needs no mention."""
    how = "" if compute == "f32" else f", {compute}"
    return f"{file} on {backend}, {counted(threads, 'thread')}{how}"


class Limits(Part, frozen=True, kw_only=True):
    """What the winner has to keep; None does not limit.

    Attributes:
        max_drop: What the accuracy may lose against the reference, as a share (0.01 is one point).
        max_latency_ms: Of one inference, median, in milliseconds.
        max_size_mb: Of the model file and its weights, in MB (10^6 bytes).
    """

    max_drop: float | None = None
    max_latency_ms: float | None = None
    max_size_mb: float | None = None


class Candidate(Part, frozen=True, kw_only=True):
    """One way to run a model, and what it gives and costs.

    Attributes:
        file: Of a variant.
        precision: Of its weights.
        backend, compute, threads: How it is run.
        bytes: Of the file and its weights.
        accuracy: Metric, or agreement with the reference, 0..1.
        drop: The reference's accuracy less this one.
        latency_ms, p95_ms: Median and 95th percentile of one inference.
        on_front: Nothing is better in latency, size or accuracy without being worse in another.
        excluded: One line for each limit that is not kept.
    """

    file: str
    precision: Precision
    backend: str
    compute: Compute
    threads: int
    bytes: int
    accuracy: float
    drop: float
    latency_ms: float
    p95_ms: float
    on_front: bool = False
    excluded: tuple[str, ...] = ()

    @property
    def way(self) -> str:
        """In words: ``int8.tflite on litert, 2 threads``."""
        return way_words(self.file, self.backend, self.compute, self.threads)

    @property
    def figures(self) -> str:
        """What it gives: latency, size and loss."""
        lost = 100 * self.drop + 0.0
        return (
            f"{milliseconds(self.latency_ms)} ms, {megabytes(self.bytes)} MB, {abs(lost):.2f} "
            f"points of accuracy {'lost' if lost >= 0 else 'gained'}"
        )


def mark(candidates: Sequence[Candidate], limits: Limits) -> list[Candidate]:
    """The same candidates, each told whether it is on the Pareto front and what excludes it."""
    front = pareto_front(
        np.array([[c.latency_ms, c.bytes, -c.accuracy] for c in candidates]).reshape(-1, 3)
    )
    return [
        msgspec.structs.replace(
            one, on_front=bool(on_front), excluded=tuple(line for line, _ in _broken(one, limits))
        )
        for one, on_front in zip(candidates, front, strict=True)
    ]


def pick(marked: Sequence[Candidate]) -> tuple[int, str] | None:
    """The winner: the least latency, of those as fast the smallest, then the most accurate.

    Args:
        marked: From `mark`.

    Returns:
        Its index and why, in words; None when every candidate is excluded.
    """
    fitting = [n for n, one in enumerate(marked) if not one.excluded]
    if not fitting:
        return None
    fastest = min(fitting, key=lambda n: marked[n].latency_ms)
    bound_ms = AS_FAST * marked[fastest].latency_ms
    close = [n for n in fitting if marked[n].latency_ms <= bound_ms]
    winner = min(close, key=lambda n: _order(marked[n]))
    return winner, _why(marked, winner, fastest, len(fitting))


def _order(one: Candidate) -> tuple[float, float, int, float]:
    return (one.bytes, -one.accuracy, one.threads, one.latency_ms)


def _why(marked: Sequence[Candidate], winner: int, fastest: int, fitting: int) -> str:
    one, other = marked[winner], marked[fastest]
    if fitting == 1:
        why = "the only way that keeps every limit" if len(marked) > 1 else "the only way there is"
    elif winner == fastest:
        why = f"the fastest of {fitting} that keep every limit"
    else:
        better = "smaller" if one.bytes < other.bytes else "more accurate"
        if (one.bytes, one.accuracy) == (other.bytes, other.accuracy):
            better = "on fewer threads"
        why = f"as fast as {other.way} within {AS_FAST - 1:.0%}, and {better}"
    return f"{one.way}: {why} ({one.figures})"


def nearest_misses(marked: Sequence[Candidate], limits: Limits, count: int = MISSES) -> list[str]:
    """Of what is excluded, the ways that come closest to keeping the limits, in words."""
    far = [(sum(excess for _, excess in _broken(one, limits)), one) for one in marked]
    closest = sorted((pair for pair in far if pair[1].excluded), key=lambda pair: pair[0])
    return [f"{one.way}: {'; '.join(one.excluded)}" for _, one in closest[:count]]


def asked_for(limits: Limits) -> str:
    """The limits in words; empty without any."""
    bounds = (
        (_points(limits), "points lost"),
        (limits.max_latency_ms, "ms"),
        (limits.max_size_mb, "MB"),
    )
    return ", ".join(f"at most {bound:g} {unit}" for bound, unit in bounds if bound is not None)


def _points(limits: Limits) -> float | None:
    """The drop that is allowed, in percentage points."""
    return None if limits.max_drop is None else round(100 * limits.max_drop, 9)


def _broken(one: Candidate, limits: Limits) -> list[tuple[str, float]]:
    """Each limit that is not kept: in words, and by what share of itself it is missed."""
    found = []
    for value, bound, least, unit in (
        (100 * one.drop, _points(limits), _LEAST_POINTS, "points lost"),
        (one.latency_ms, limits.max_latency_ms, 0.0, "ms"),
        (one.bytes / 1e6, limits.max_size_mb, 0.0, "MB"),
    ):
        if bound is not None and value > bound + _ROUNDING:
            shown = f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
            words = f"{shown} {unit}, {bound:g} allowed"
            found.append((words, (value - bound) / max(bound, least)))
    return found
