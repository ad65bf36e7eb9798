"""Latencies of every way to run a bundle: timed on this machine, or read from another's.

What another machine measured comes as the output of ``edgecnn bench MODEL --json`` there, one file
for each number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from converters.options import Progress
from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Manifest
from edgecnn.errors import OptionError
from edgecnn.runtime.machine import this_machine
from edgecnn.runtime.measure import Way, measure

Key = tuple[str, str, str, int]
"""File, backend, compute and threads."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """What was measured, and where.

    Attributes:
        machine: Class of machine: ``x86-vnni``, ``x86``, ``arm64``.
        cpu: Name of the processor.
        of: Way to run it -> median and 95th percentile, in milliseconds.
    """

    machine: str
    cpu: str
    of: Mapping[Key, tuple[float, float]]


class _Row(msgspec.Struct, frozen=True):
    file: str
    backend: str
    compute: str
    threads: int
    median_ms: float
    p95_ms: float
    sha256: str


class _Machine(msgspec.Struct, frozen=True):
    cpu: str
    kind: str


class _Bench(msgspec.Struct, frozen=True):
    model: str
    machine: _Machine
    measured: tuple[_Row, ...]


def time_here(
    bundle: Bundle,
    ways: Sequence[Way],
    *,
    threads: Sequence[int],
    rounds: int,
    progress: Progress,
) -> Latencies:
    """Time every way with every number of threads, the ways in turns.

    Args:
        bundle: Where the files are.
        ways: At least one, of this bundle.
        threads: For each engine.
        rounds: How often each way is timed.
        progress: Told how far it is.

    Raises:
        BackendError: A backend refuses a file.
    """
    found: dict[Key, tuple[float, float]] = {}
    for done, count in enumerate(threads):
        progress(f"timing on {count} threads", done / len(threads))
        for row in measure(bundle, list(ways), threads=count, rounds=rounds):
            way = row.way
            found[way.variant.file, way.backend, way.compute, count] = (row.median_ms, row.p95_ms)
    progress("timing", 1.0)
    return Latencies(this_machine().kind, this_machine().cpu, found)


def read_measured(
    files: Sequence[str | os.PathLike[str]], manifest: Manifest, threads: Sequence[int] | None
) -> Latencies:
    """Latencies that another machine measured of this very bundle.

    Args:
        files: Outputs of ``edgecnn bench --json``, all of one machine; where two tell of the same
            way, the later one counts.
        manifest: Of the bundle.
        threads: Only these numbers of threads; None for all there are.

    Raises:
        OptionError: No such file or output; of another model, another build of it, or two machines.
    """
    found: dict[Key, tuple[float, float]] = {}
    machines = []
    for name in files:
        bench = _read(Path(name))
        machines.append(bench.machine)
        _check_model(bench, manifest, str(name))
        for row in bench.measured:
            if threads is None or row.threads in threads:
                found[row.file, row.backend, row.compute, row.threads] = (row.median_ms, row.p95_ms)
    if len(set(machines)) != 1:
        named = " and ".join(dict.fromkeys(f"{one.cpu} ({one.kind})" for one in machines))
        raise OptionError(
            f"The measurements are of {named or 'no machine'}; optimize for one machine at a time."
        )
    if not found:
        raise OptionError(f"Nothing was measured with {list(threads or ())} threads.")
    return Latencies(machines[0].kind, machines[0].cpu, found)


def _read(file: Path) -> _Bench:
    try:
        bench = msgspec.json.decode(file.read_bytes(), type=_Bench)
    except OSError as error:
        raise OptionError(f"Cannot read {file}: {error.strerror or error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OptionError(
            f"{file} is no output of `edgecnn bench MODEL --json`: {error}. Measure again there "
            "with this version of edgecnn."
        ) from error
    wrong = [row for row in bench.measured if not (row.median_ms > 0 and row.threads > 0)]
    if wrong:
        raise OptionError(f"{file} holds an impossible latency: {wrong[0]}.")
    return bench


def _check_model(bench: _Bench, manifest: Manifest, where: str) -> None:
    if bench.model != manifest.name:
        raise OptionError(f"{where} measured {bench.model!r}, but the bundle is {manifest.name!r}.")
    for row in bench.measured:
        entry = manifest.files.get(row.file)
        if entry is None or entry.sha256 != row.sha256:
            raise OptionError(
                f"{where} measured another build of {manifest.name}: its {row.file} is not the one "
                "of this bundle. Copy the bundle there and measure again."
            )
