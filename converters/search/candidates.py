"""Every way to run a bundle, judged on data and timed, and the one that wins."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from converters.options import Progress, no_progress
from converters.report.schema import Part
from converters.search.accuracy import Accuracies, key_of, measure_accuracy
from converters.search.measured import Latencies, read_measured, time_here
from converters.search.search import (
    Candidate,
    Limits,
    asked_for,
    mark,
    nearest_misses,
    pick,
    way_words,
)
from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Manifest
from edgecnn.errors import OptionError
from edgecnn.runtime.measure import Way, ways_to_run
from edgecnn.runtime.threads import available_cores, resolve_threads
from edgecnn.zoo.card import variant_bytes

MOST_THREADS = 4
"""Tried when no numbers are named; more rarely pay for one picture at a time."""


class Found(Part, frozen=True, kw_only=True):
    """What a search found.

    Attributes:
        model: Name of the bundle.
        machine, cpu: That the latencies are of.
        accuracy_name: What `Candidate.accuracy` is: a metric, or "agreement with float".
        reference: File and backend that drops are counted from.
        reference_accuracy: Its accuracy, 0..1.
        data: What it was measured on, in words.
        used: On how many inputs.
        limits: That were asked for.
        candidates: By rising latency.
        winner: Which of them; None when none keeps every limit.
        reason: Why it won, or why nothing did.
        unjudged: What was timed elsewhere but cannot be judged here.
        warnings: What looks wrong with the data.
    """

    model: str
    machine: str
    cpu: str
    accuracy_name: str
    reference: str
    reference_accuracy: float
    data: str
    used: int
    limits: Limits
    candidates: tuple[Candidate, ...]
    winner: int | None
    reason: str
    unjudged: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def search(
    bundle: Bundle,
    data: Any,
    limits: Limits,
    *,
    threads: Sequence[int] | None = None,
    measured: Sequence[str | os.PathLike[str]] = (),
    pictures: int = 1000,
    rounds: int = 60,
    seed: int = 0,
    progress: Progress = no_progress,
) -> Found:
    """Judge and time every way to run a bundle; the arguments are those of
    `converters.search.optimize.optimize`.

    Raises:
        OptionError: Nothing of the bundle runs here, or arguments that cannot be used.
    """
    for name, value in (("pictures", pictures), ("rounds", rounds)):
        if value < 1:
            raise OptionError(f"{name} must be 1 or more, but got {value}.")
    manifest = bundle.manifest
    ways = ways_to_run(manifest)
    if not ways:
        raise OptionError(
            f"No backend that is installed here runs {manifest.name}, so its accuracy cannot be "
            "measured. See: edgecnn doctor"
        )
    elsewhere = read_measured(measured, manifest, threads) if measured else None
    counts = [] if elsewhere else _threads(threads)
    accuracies = measure_accuracy(
        bundle, data, ways, limit=pictures, seed=seed, threads=available_cores(), progress=progress
    )
    latencies = elsewhere or time_here(
        bundle, ways, threads=counts, rounds=rounds, progress=progress
    )
    marked = mark(_candidates(manifest, ways, accuracies, latencies), limits)
    picked = pick(marked)
    judged = {key_of(way) for way in ways}
    return Found(
        model=manifest.name,
        machine=latencies.machine,
        cpu=latencies.cpu,
        accuracy_name=accuracies.name,
        reference=" on ".join(accuracies.reference[:2]),
        reference_accuracy=accuracies.of[accuracies.reference],
        data=accuracies.origin,
        used=accuracies.used,
        limits=limits,
        candidates=tuple(marked),
        winner=None if picked is None else picked[0],
        reason=_nothing(manifest, marked, limits) if picked is None else picked[1],
        unjudged=tuple(
            f"{way_words(file, backend, compute, count)}: cannot be run here, so its accuracy is "
            "not known"
            for file, backend, compute, count in latencies.of
            if (file, backend, compute) not in judged
        ),
        warnings=accuracies.warnings,
    )


def _threads(given: Sequence[int] | None) -> list[int]:
    """The numbers of threads to try, each once, rising."""
    most = min(available_cores(), MOST_THREADS)
    counts = [count for count in (1, 2, 4) if count <= most] if given is None else list(given)
    if not counts:
        raise OptionError("threads names no number of threads; leave it out, or name some: 1, 2.")
    return sorted({resolve_threads(count) for count in counts})


def _candidates(
    manifest: Manifest, ways: Sequence[Way], accuracies: Accuracies, latencies: Latencies
) -> list[Candidate]:
    """What was both judged and timed, by rising latency."""
    reference = accuracies.of[accuracies.reference]
    known = {key_of(way): way for way in ways}
    found = [
        Candidate(
            file=file,
            precision=known[file, backend, compute].variant.precision,
            backend=backend,
            compute=known[file, backend, compute].compute,
            threads=threads,
            bytes=variant_bytes(known[file, backend, compute].variant, manifest),
            accuracy=accuracies.of[file, backend, compute],
            drop=reference - accuracies.of[file, backend, compute],
            latency_ms=round(median_ms, 4),
            p95_ms=round(p95_ms, 4),
        )
        for (file, backend, compute, threads), (median_ms, p95_ms) in latencies.of.items()
        if (file, backend, compute) in known
    ]
    return sorted(found, key=lambda one: one.latency_ms)


def _nothing(manifest: Manifest, marked: Sequence[Candidate], limits: Limits) -> str:
    if not marked:
        return f"Nothing of {manifest.name} that was measured there can be judged here."
    return (
        f"No way to run {manifest.name} keeps every limit ({asked_for(limits)}). Nearest: "
        + ". ".join(nearest_misses(marked, limits))
        + ". Allow more, or train a smaller net."
    )
