"""Relative speed of a bundle's variants, for `Variant.speed`.

Every (variant, backend, arithmetic) runs in one process, in turns, so that whatever else the
machine does hits all of them alike; the median of each is divided by the median of the first
variant on LiteRT. Times include filling the input and exclude decoding.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Speed
from edgecnn.runtime.backend import Array, Compute, Engine, ModelFile
from edgecnn.runtime.machine import this_machine
from edgecnn.runtime.policy import candidates, get_backend

REFERENCE = "litert"


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to run a model."""

    file: str
    backend: str
    compute: Compute


def settings(bundle: Bundle) -> list[Setting]:
    """All ways to run a bundle on this machine, bfloat16 included where the processor has it."""
    found = [Setting(variant.file, name, "f32") for variant, name in candidates(bundle.manifest)]
    if "bf16" in this_machine().features:
        floats = {v.file for v in bundle.manifest.variants if v.precision != "int8"}
        found += [
            Setting(setting.file, setting.backend, "bf16")
            for setting in list(found)
            if setting.file in floats and "bf16" in get_backend(setting.backend).computes
        ]
    return found


def median_latencies(
    bundle: Bundle, *, rounds: int = 60, threads: int = 1, warm_up: int = 5
) -> dict[Setting, float]:
    """Median milliseconds of one inference for each setting, measured in turns.

    Args:
        bundle: What to run.
        rounds: How often each setting runs.
        threads: For each engine.
        warm_up: Runs that are not counted.
    """
    engines = {setting: _open(bundle, setting, threads) for setting in settings(bundle)}
    times: dict[Setting, list[float]] = defaultdict(list)
    try:
        for turn in range(warm_up + rounds):
            for setting, engine in engines.items():
                elapsed = _run_once(engine)
                if turn >= warm_up:
                    times[setting].append(elapsed)
    finally:
        for engine in engines.values():
            engine.close()
    return {setting: float(np.median(taken)) for setting, taken in times.items()}


def relative_speeds(latencies: dict[Setting, float]) -> dict[str, tuple[Speed, ...]]:
    """`Variant.speed` of each file, relative to the first file that LiteRT ran.

    Args:
        latencies: From `median_latencies`.
    """
    reference = next(ms for setting, ms in latencies.items() if setting.backend == REFERENCE)
    machine = this_machine().kind
    speeds: dict[str, list[Speed]] = defaultdict(list)
    for setting, ms in latencies.items():
        speeds[setting.file].append(
            Speed(
                machine=machine,
                backend=setting.backend,
                compute=setting.compute,
                ratio=round(ms / reference, 2),
            )
        )
    return {file: tuple(found) for file, found in speeds.items()}


def _open(bundle: Bundle, setting: Setting, threads: int) -> Engine:
    variant = next(v for v in bundle.manifest.variants if v.file == setting.file)
    model, weights = bundle.read_variant(variant)
    return get_backend(setting.backend).open(
        ModelFile(variant.file, variant.format, model, weights),
        threads=threads,
        compute=setting.compute,
    )


def _fill(view: Array) -> None:
    view.fill(1)


def _run_once(engine: Engine) -> float:
    feeds = dict.fromkeys(engine.inputs, _fill)
    start_s = time.perf_counter()
    engine.infer(feeds)
    return (time.perf_counter() - start_s) * 1e3
