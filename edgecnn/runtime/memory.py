"""What was measured on this machine, kept between runs: one small JSON file in the user's data."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec
import platformdirs

from edgecnn.bundle.schema import Manifest, Variant

MAX_BYTES = 4 * 2**20


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """Latency of one variant on this machine, as `edgecnn bench --remember` found it.

    Attributes:
        backend, compute, threads: How it was run.
        median_ms: Median time of one inference, input filled, in milliseconds.
    """

    backend: str
    compute: str
    threads: int
    median_ms: float


class _Memory(msgspec.Struct):
    machines: dict[str, dict[str, list[Measurement]]] = {}


# Made here and not at the first use: two threads that make it at once crash the interpreter.
_DECODER = msgspec.json.Decoder(_Memory)


def memory_file() -> Path:
    """Where measurements are kept."""
    return Path(platformdirs.user_data_path("edgecnn")) / "measurements.json"


def model_key(manifest: Manifest, variant: Variant) -> str:
    """Identifies the very file that was measured, so that a rebuilt model is measured anew."""
    return f"{manifest.name}/{variant.file}@{manifest.files[variant.file].sha256[:16]}"


def recall(machine: str, model: str) -> tuple[Measurement, ...]:
    """Measurements of a model file on a machine; empty when there are none."""
    return tuple(_read().machines.get(machine, {}).get(model, ()))


def remember(machine: str, model: str, measurement: Measurement) -> None:
    """Keep a measurement; it replaces an earlier one of the same backend, compute and threads."""
    memory = _read()
    models = memory.machines.setdefault(machine, {})
    kept = [old for old in models.get(model, []) if _setting(old) != _setting(measurement)]
    models[model] = [*kept, measurement]
    file = memory_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    content = msgspec.json.format(msgspec.json.encode(memory), indent=1)
    handle, name = tempfile.mkstemp(prefix=".measurements.", dir=file.parent)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    Path(name).replace(file)


def _setting(measurement: Measurement) -> tuple[str, str, int]:
    return measurement.backend, measurement.compute, measurement.threads


def _read() -> _Memory:
    """The file's content. A damaged one counts as empty: what it held can be measured again."""
    try:
        with memory_file().open("rb") as stream:
            return _DECODER.decode(stream.read(MAX_BYTES))
    except (OSError, msgspec.DecodeError):
        return _Memory()
