"""How fast each way to run a model is, on this machine.

All ways take turns in one process, so that whatever else the machine does slows all of them alike;
the ratios are what to trust.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Manifest, Variant
from edgecnn.runtime.backend import Array, Compute, Engine, ModelFile
from edgecnn.runtime.machine import this_machine
from edgecnn.runtime.policy import candidates, get_backend

REFERENCE = "litert"
WARM_UP_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run a model."""

    variant: Variant
    backend: str
    compute: Compute


@dataclass(frozen=True, slots=True)
class Measured:
    """Latency of one way to run a model.

    Attributes:
        median_ms, p95_ms: Of one inference, input filled, nothing decoded, in milliseconds.
        ratio: Median over that of the first variant on LiteRT (or of the first way).
    """

    way: Way
    threads: int
    median_ms: float
    p95_ms: float
    ratio: float


def ways_to_run(manifest: Manifest) -> list[Way]:
    """All that a bundle was proven on and this machine can do, bfloat16 where it has that."""
    ways = []
    for variant, backend in candidates(manifest):
        ways.append(Way(variant, backend, "f32"))
        offered = get_backend(backend).computes
        if "bf16" in offered and "bf16" in this_machine().features and variant.precision != "int8":
            ways.append(Way(variant, backend, "bf16"))
    return ways


def measure(bundle: Bundle, ways: list[Way], *, threads: int, rounds: int) -> list[Measured]:
    """Time each way in turns.

    Args:
        bundle: Where the files are.
        ways: At least one, of this bundle.
        threads: For each engine.
        rounds: How often each way is timed.

    Returns:
        One entry a way, in the order given.

    Raises:
        BackendError: A backend refuses a file.
    """
    engines: list[Engine] = []
    times = np.empty((rounds, len(ways)))
    try:
        for way in ways:
            model, weights = bundle.read_variant(way.variant)
            file = ModelFile(way.variant.file, way.variant.format, model, weights)
            backend = get_backend(way.backend)
            engines.append(backend.open(file, threads=threads, compute=way.compute))
        for turn in range(-WARM_UP_ROUNDS, rounds):
            for column, engine in enumerate(engines):
                elapsed_ms = _time_once(engine)
                if turn >= 0:
                    times[turn, column] = elapsed_ms
    finally:
        for engine in engines:
            engine.close()
    medians = np.median(times, axis=0)
    on_reference = [way.backend == REFERENCE for way in ways]
    reference = float(medians[on_reference.index(True) if any(on_reference) else 0])
    return [
        Measured(
            way,
            threads,
            float(medians[column]),
            float(np.percentile(times[:, column], 95)),
            float(medians[column]) / reference,
        )
        for column, way in enumerate(ways)
    ]


def _time_once(engine: Engine) -> float:
    feeds = dict.fromkeys(engine.inputs, _fill)
    start_s = time.perf_counter()
    engine.infer(feeds)
    return (time.perf_counter() - start_s) * 1e3


def _fill(view: Array) -> None:
    view.fill(1)
