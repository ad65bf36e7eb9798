"""``edgecnn bench``: how fast each variant of a model is on this machine."""

from __future__ import annotations

import json
from typing import Any

import click

from edgecnn.api import open_bundle
from edgecnn.bundle.io import Bundle
from edgecnn.cli.options import runtime_options
from edgecnn.cli.output import print_table
from edgecnn.errors import BackendError, UnknownNameError
from edgecnn.runtime.backend import Compute
from edgecnn.runtime.machine import this_machine
from edgecnn.runtime.measure import Measured, measure, ways_to_run
from edgecnn.runtime.memory import Measurement, model_key, remember
from edgecnn.runtime.policy import backend_names
from edgecnn.runtime.threads import resolve_threads


@click.command()
@click.argument("model")
@runtime_options
@click.option(
    "--rounds", default=100, metavar="N", show_default=True, help="Timed runs of each variant."
)
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

    MODEL is a bundle's name or path. Trust the ratios more than the milliseconds: other work on
    the machine slows all variants alike.
    """
    if rounds < 1:
        raise click.UsageError("--rounds must be 1 or more.")
    if backend is not None and backend not in (known := backend_names()):
        raise UnknownNameError(f"Unknown backend {backend!r}. Known: {', '.join(known)}.")
    bundle = open_bundle(model)
    ways = [
        way
        for way in ways_to_run(bundle.manifest)
        if backend in (None, way.backend)
        and precision in (None, way.variant.precision)
        and compute in (None, way.compute)
    ]
    if not ways:
        raise BackendError(_nothing_fits(bundle, model, backend, precision, compute))
    count = resolve_threads(threads)
    measured = measure(bundle, ways, threads=count, rounds=rounds)
    measured.sort(key=lambda row: row.median_ms)
    machine = this_machine()
    if as_json:
        document = {
            "model": bundle.manifest.name,
            "machine": {"cpu": machine.cpu, "kind": machine.kind, "cores": machine.cores},
            "measured": [{**_plain(row), "sha256": _hash(bundle, row)} for row in measured],
        }
        click.echo(json.dumps(document))
    else:
        title = f"{bundle.manifest.title} on {machine.cpu} ({machine.kind}), threads: {count}"
        header = ["file", "backend", "compute", "median ms", "p95 ms", "relative"]
        plain = [_plain(row) for row in measured]
        rows = [[str(value) for key, value in row.items() if key in _SHOWN] for row in plain]
        print_table(title, header, rows)
    if keep:
        _remember(bundle, measured)
    if keep and not as_json:
        click.echo("Remembered: from now on the fastest of these is chosen on this machine.")


def _remember(bundle: Bundle, measured: list[Measured]) -> None:
    try:
        for row in measured:
            remember(
                this_machine().key,
                model_key(bundle.manifest, row.way.variant),
                Measurement(
                    backend=row.way.backend,
                    compute=row.way.compute,
                    threads=row.threads,
                    median_ms=round(row.median_ms, 3),
                ),
            )
    except OSError as error:
        raise BackendError(
            f"The figures cannot be remembered: {error.filename}: {error.strerror}. Set HOME, or "
            "XDG_DATA_HOME, to a folder that can be written."
        ) from error


def _nothing_fits(
    bundle: Bundle, model: str, backend: str | None, precision: str | None, compute: str | None
) -> str:
    """What was asked for, and what there is."""
    asked = ", ".join(word for word in (backend, precision, compute) if word is not None)
    there = {
        f"{way.variant.precision} on {way.backend} ({way.compute})": None
        for way in ways_to_run(bundle.manifest)
    }
    if not there:
        return f"{model}: no backend for its files is installed. See: edgecnn doctor"
    return f"{model}: nothing is {asked}. There is {', '.join(there)}."


_SHOWN = frozenset({"file", "backend", "compute", "median_ms", "p95_ms", "ratio"})


def _hash(bundle: Bundle, row: Measured) -> str:
    """Of the file, so that `edgecnn optimize --measured` knows that it was this very one."""
    return bundle.manifest.files[row.way.variant.file].sha256


def _plain(row: Measured) -> dict[str, Any]:
    return {
        "file": row.way.variant.file,
        "precision": row.way.variant.precision,
        "backend": row.way.backend,
        "compute": row.way.compute,
        "threads": row.threads,
        "median_ms": round(row.median_ms, 3),
        "p95_ms": round(row.p95_ms, 3),
        "ratio": round(row.ratio, 3),
    }
