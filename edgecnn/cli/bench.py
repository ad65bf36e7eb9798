"""``edgecnn bench``: how fast each variant of a model is on this machine."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass

import click
import numpy as np

from edgecnn.api import open_bundle
from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Variant
from edgecnn.cli.options import runtime_options
from edgecnn.cli.output import print_table
from edgecnn.errors import BackendError
from edgecnn.runtime.backend import Array, Compute, Engine, ModelFile
from edgecnn.runtime.machine import this_machine
from edgecnn.runtime.memory import Measurement, model_key, remember
from edgecnn.runtime.policy import candidates, get_backend
from edgecnn.runtime.threads import resolve_threads


@dataclass(frozen=True, slots=True)
class Measured:
    """Latency of one way to run a model.

    Attributes:
        median_ms, p95_ms: Of one inference, input filled, nothing decoded, in milliseconds.
        ratio: Median over that of the first variant on LiteRT.
    """

    file: str
    precision: str
    backend: str
    compute: str
    threads: int
    median_ms: float
    p95_ms: float
    ratio: float


@click.command()
@click.argument("model")
@runtime_options
@click.option("--rounds", default=100, show_default=True, help="Timed runs of each variant.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--remember", "keep", is_flag=True, help="Let later choices go by these figures.")
def bench(
    model: str,
    backend: str | None,
    precision: str | None,
    compute: Compute | None,
    threads: int | None,
    rounds: int,
    as_json: bool,
    keep: bool,
) -> None:
    """Measure every variant of MODEL on every backend, in turns.

    MODEL is a bundle's name or path. The variants take turns in one process, so that whatever else
    the machine does slows all of them alike: trust the ratios more than the milliseconds.
    """
    if rounds < 1:
        raise click.UsageError("--rounds must be 1 or more.")
    bundle = open_bundle(model)
    count = resolve_threads(threads)
    ways = [
        (variant, name, arithmetic)
        for variant, name in candidates(bundle.manifest)
        if backend in (None, name) and precision in (None, variant.precision)
        for arithmetic in _arithmetics(variant, name, compute)
    ]
    if not ways:
        raise BackendError(f"{model}: no variant fits what was asked for. See: edgecnn doctor")
    measured = measure(bundle, ways, threads=count, rounds=rounds)
    if keep:
        variants = {variant.file: variant for variant in bundle.manifest.variants}
        for row in measured:
            remember(
                this_machine().key,
                model_key(bundle.manifest, variants[row.file]),
                Measurement(
                    backend=row.backend,
                    compute=row.compute,
                    threads=row.threads,
                    median_ms=row.median_ms,
                ),
            )
    machine = this_machine()
    if as_json:
        document = {
            "model": bundle.manifest.name,
            "machine": {"cpu": machine.cpu, "kind": machine.kind, "cores": machine.cores},
            "measured": [asdict(row) for row in measured],
        }
        click.echo(json.dumps(document))
        return
    print_table(
        f"{bundle.manifest.title} on {machine.cpu} ({machine.kind}), {count} threads",
        ["file", "backend", "compute", "median ms", "p95 ms", "relative"],
        [
            [row.file, row.backend, row.compute, f"{row.median_ms:.2f}", f"{row.p95_ms:.2f}",
             f"{row.ratio:.2f}"]
            for row in measured
        ],
    )  # fmt: skip
    if keep:
        click.echo("Remembered: from now on the fastest of these is chosen on this machine.")


def _arithmetics(variant: Variant, backend: str, wanted: Compute | None) -> list[Compute]:
    offered: list[Compute] = ["f32"]
    has_bf16 = "bf16" in this_machine().features and "bf16" in get_backend(backend).computes
    if has_bf16 and variant.precision != "int8":
        offered.append("bf16")
    return [compute for compute in offered if wanted in (None, compute)]


def measure(
    bundle: Bundle, ways: list[tuple[Variant, str, Compute]], *, threads: int, rounds: int
) -> list[Measured]:
    """Median and 95th percentile of each way to run a bundle, measured in turns, fastest first."""
    engines: list[Engine] = []
    try:
        for variant, name, compute in ways:
            model, weights = bundle.read_variant(variant)
            file = ModelFile(variant.file, variant.format, model, weights)
            engines.append(get_backend(name).open(file, threads=threads, compute=compute))
        times = np.empty((rounds, len(ways)))
        for turn in range(-3, rounds):  # three rounds of warm-up
            for column, engine in enumerate(engines):
                feeds = dict.fromkeys(engine.inputs, _fill)
                start_s = time.perf_counter()
                engine.infer(feeds)
                if turn >= 0:
                    times[turn, column] = (time.perf_counter() - start_s) * 1e3
    finally:
        for engine in engines:
            engine.close()
    medians = np.median(times, axis=0)
    names = [name for _, name, _ in ways]
    reference = float(medians[names.index("litert")] if "litert" in names else medians[0])
    rows = [
        Measured(
            file=variant.file,
            precision=variant.precision,
            backend=name,
            compute=compute,
            threads=threads,
            median_ms=round(float(medians[column]), 3),
            p95_ms=round(float(np.percentile(times[:, column], 95)), 3),
            ratio=round(float(medians[column]) / reference, 3),
        )
        for column, (variant, name, compute) in enumerate(ways)
    ]
    return sorted(rows, key=lambda row: row.median_ms)


def _fill(view: Array) -> None:
    view.fill(1)
