"""Which variant, backend and number of threads: chosen from facts, and the reason is always said.

In this order:

1. What the caller names is obeyed, and only the rest is chosen.
2. For a few pictures (``quick_start``) LiteRT, if it is there: it opens a model in a tenth of the
   second that OpenVINO takes, which no faster inference makes good.
3. What `edgecnn optimize` picked for this class of machine and wrote into the bundle. It kept to
   limits of accuracy and size, which a bare latency knows nothing of, so it outranks those. Only
   where nothing but the number of threads is named, and that is the picked one.
4. What `edgecnn bench --remember` measured on this machine, with as many threads.
5. What the bundle records for this class of machine (relative latencies, measured when it was
   built).
6. Rules: Arm runs int8 best on LiteRT (OpenVINO computes int8 as float there); x86 with VNNI runs
   the int8 file that OpenVINO's quantizer made; x86 without VNNI saturates in int8, so float.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from edgecnn.bundle.schema import Manifest, Variant
from edgecnn.errors import BackendError, OptionError, UnknownNameError
from edgecnn.registry import BACKENDS
from edgecnn.runtime.backend import Backend, Compute
from edgecnn.runtime.machine import Machine, this_machine
from edgecnn.runtime.memory import model_key, recall
from edgecnn.runtime.threads import resolve_threads

ENTRY_POINTS = "edgecnn.backends"
_QUICK = "litert"
_INT8 = frozenset({"int8"})
_FLOAT = frozenset({"float32", "float16"})


@dataclass(frozen=True, slots=True)
class Choice:
    """What will run, and why.

    Attributes:
        variant: Of the bundle.
        backend: Name of the backend.
        threads: For inference, and for OpenCV.
        compute: ``f32`` or ``bf16``.
        reason: One sentence for people.
        expected: Latency that the choice went by, relative or in ms; 0 when a rule decided.
    """

    variant: Variant
    backend: str
    threads: int
    compute: Compute
    reason: str
    expected: float = 0.0


@lru_cache(maxsize=1)
def _third_party() -> dict[str, EntryPoint]:
    """Backends of other packages. Looked up once: it reads the metadata of all installed ones."""
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def backend_names() -> list[str]:
    """Names of all backends: ours, then those of other packages."""
    return [*BACKENDS, *sorted(set(_third_party()) - set(BACKENDS))]


def get_backend(name: str) -> Backend:
    """A backend by name.

    Raises:
        UnknownNameError: No such backend; lists the known ones.
    """
    if name in BACKENDS:
        return cast("Backend", BACKENDS[name]())
    if name in _third_party():
        return cast("Backend", _third_party()[name].load()())
    raise UnknownNameError(f"Unknown backend {name!r}. Known: {', '.join(backend_names())}.")


def missing_reason(name: str) -> str | None:
    """Why a backend cannot run here; None when it can."""
    return get_backend(name).missing()


def candidates(manifest: Manifest) -> list[tuple[Variant, str]]:
    """Every (variant, backend) that a bundle was proven on and that can run here, in its order."""
    known = set(backend_names())
    return [
        (variant, name)
        for variant in manifest.variants
        for name in variant.backends
        if name in known and missing_reason(name) is None
    ]


def choose(
    manifest: Manifest,
    *,
    backend: str | None = None,
    precision: str | None = None,
    threads: int | None = None,
    compute: Compute | None = None,
    quick_start: bool = False,
    machine: Machine | None = None,
    missing: Callable[[str], str | None] = missing_reason,
) -> Choice:
    """Choose what to run.

    Args:
        manifest: Of the bundle.
        backend: Only this backend.
        precision: Only variants of this precision.
        threads: This many threads; None for the cores there are, at most four.
        compute: ``f32``, or ``bf16`` where the backend offers it; None is ``f32``.
        quick_start: Only a few pictures will be asked about, so what opens fastest is chosen.
        machine: The machine to choose for; None is this one.
        missing: Tells why a backend cannot run; a test or another machine's plan replaces it.

    Returns:
        The choice.

    Raises:
        OptionError: The bundle has no such variant.
        UnknownNameError: No such backend.
        BackendError: No backend that is installed can run what was asked for.
    """
    where = machine or this_machine()
    count = resolve_threads(threads)
    if backend is None and precision is None and compute is None and not quick_start:
        picked = _picked(manifest, where, threads, missing)
        if picked is not None:
            return picked
    arithmetic: Compute = compute or "f32"
    wanted = _narrow(manifest, backend, precision, arithmetic, missing)
    if backend is None:
        wanted = _without_predecessor(wanted)
    hurried = quick_start and any(name == _QUICK for _, name in wanted) and len(wanted) > 1
    if hurried:
        wanted = [pair for pair in wanted if pair[1] == _QUICK]

    measured = {
        (variant.file, name): entry.median_ms
        for variant, name in wanted
        for entry in recall(where.key, model_key(manifest, variant))
        if (entry.backend, entry.compute, entry.threads) == (name, arithmetic, count)
    }
    recorded = {
        (variant.file, speed.backend): speed.ratio
        for variant, name in wanted
        for speed in variant.speed
        if (speed.backend, speed.compute, speed.machine) == (name, arithmetic, where.kind)
    }
    asked = _asked(backend, precision)
    if hurried:
        asked += f"; {_QUICK} opens fastest, for a few pictures"

    def make(pair: tuple[Variant, str], reason: str, expected: float = 0.0) -> Choice:
        return Choice(pair[0], pair[1], count, arithmetic, reason + asked, expected)

    if len(wanted) == 1:
        return make(wanted[0], "the only variant that fits")
    if len(measured) >= 2:
        best = min(wanted, key=lambda pair: measured.get((pair[0].file, pair[1]), float("inf")))
        ms = measured[best[0].file, best[1]]
        return make(best, f"fastest of {len(measured)} measured on this machine ({ms:.2f} ms)", ms)
    if len(recorded) >= 2:
        best = min(wanted, key=lambda pair: recorded.get((pair[0].file, pair[1]), float("inf")))
        ratio = recorded[best[0].file, best[1]]
        return make(
            best,
            f"recorded for {where.kind} at {ratio:.2f} of LiteRT float's latency; "
            "measure here with: edgecnn bench --remember",
            ratio,
        )
    best, reason = _by_rule(wanted, where)
    return make(best, reason)


def _picked(
    manifest: Manifest,
    machine: Machine,
    threads: int | None,
    missing: Callable[[str], str | None],
) -> Choice | None:
    """The first entry of the bundle's `preferred` that this machine can follow; None without."""
    pairs = {(variant.file, name): variant for variant, name in _pairs(manifest, None)}
    for entry in manifest.preferred:
        variant = pairs.get((entry.file, entry.backend))
        if variant is None or entry.machine != machine.kind or threads not in (None, entry.threads):
            continue
        if entry.threads > _most_threads(machine) or missing(entry.backend) is not None:
            continue
        if entry.compute == "bf16" and "bf16" not in machine.features:
            continue
        if entry.compute in get_backend(entry.backend).computes:
            why = f": {entry.reason}" if entry.reason else ""
            reason = f"picked by edgecnn optimize for {entry.machine}{why}"
            return Choice(variant, entry.backend, entry.threads, entry.compute, reason)
    return None


def _most_threads(machine: Machine) -> int:
    """As many as may be asked for; another machine is known by its physical cores only."""
    return (os.cpu_count() or 1) if machine == this_machine() else machine.cores


def _narrow(
    manifest: Manifest,
    backend: str | None,
    precision: str | None,
    compute: Compute,
    missing: Callable[[str], str | None],
) -> list[tuple[Variant, str]]:
    if compute not in ("f32", "bf16"):
        raise OptionError(f"compute must be f32 or bf16, but got {compute!r}.")
    if backend is not None:
        reason = missing(backend)  # an unknown name raises here
        if reason is not None:
            raise BackendError(f"The backend {backend} cannot run here: {reason}")
    precisions = [variant.precision for variant in manifest.variants]
    if precision is not None and precision not in precisions:
        raise OptionError(
            f"{manifest.name} has no {precision} variant. It has: "
            f"{', '.join(dict.fromkeys(precisions))}."
        )
    fitting = [
        (variant, name)
        for variant, name in _pairs(manifest, backend)
        if precision in (None, variant.precision)
    ]
    if not fitting:
        proven = sorted({name for variant in manifest.variants for name in variant.backends})
        raise BackendError(
            f"{manifest.name}: no {precision or ''} variant for the backend {backend}. "
            f"Backends that its variants were proven on: {', '.join(proven)}."
        )
    reasons = {name: missing(name) for _, name in fitting}
    running = [
        (variant, name)
        for variant, name in fitting
        if reasons[name] is None and compute in get_backend(name).computes
    ]
    if not running:
        why = "; ".join(
            f"{name}: {reason or f'does not compute in {compute}'}"
            for name, reason in reasons.items()
        )
        raise BackendError(f"{manifest.name}: no backend can run what was asked for. {why}")
    return running


def _pairs(manifest: Manifest, backend: str | None) -> list[tuple[Variant, str]]:
    """(variant, backend) pairs to choose from; ``tflite_runtime`` runs whatever LiteRT runs."""
    known = set(backend_names())
    pairs: list[tuple[Variant, str]] = []
    for variant in manifest.variants:
        names = [*variant.backends]
        if "litert" in names and "tflite_runtime" not in names:
            names.append("tflite_runtime")
        pairs += [(variant, name) for name in names if name in known]
    return [pair for pair in pairs if backend in (None, pair[1])]


def _without_predecessor(wanted: list[tuple[Variant, str]]) -> list[tuple[Variant, str]]:
    """Without tflite_runtime, where anything else is there."""
    return [pair for pair in wanted if pair[1] != "tflite_runtime"] or wanted


def _asked(backend: str | None, precision: str | None) -> str:
    wishes = (("backend", backend), ("precision", precision))
    asked = [f"{what} {name}" for what, name in wishes if name is not None]
    return f" ({' and '.join(asked)} as asked for)" if asked else ""


def _by_rule(
    wanted: list[tuple[Variant, str]], machine: Machine
) -> tuple[tuple[Variant, str], str]:
    """The order of preference where nothing was measured."""
    if machine.arch == "arm64":
        order = [("litert", _INT8), ("litert", _FLOAT), ("openvino", _FLOAT)]
        reason = "Arm: LiteRT has int8 kernels, OpenVINO computes int8 as float"
    elif machine.arch == "x86" and "vnni" not in machine.features:
        order = [("openvino", _FLOAT), ("litert", _FLOAT), ("litert", _INT8)]
        reason = "x86 without VNNI: int8 may saturate, so float"
    elif machine.arch == "x86":
        order = [("openvino", _INT8), ("litert", _INT8), ("openvino", _FLOAT), ("litert", _FLOAT)]
        reason = "x86 with VNNI: int8 is fastest"
    else:
        order = [("litert", _INT8), ("litert", _FLOAT)]
        reason = f"{machine.arch}: nothing measured, LiteRT is the most portable"
    for name, precisions in order:
        for variant, backend in wanted:
            # An int8 .tflite runs slower in OpenVINO than the IR its own quantizer makes.
            foreign = variant.format != "openvino" and name == "openvino" and precisions == _INT8
            if backend == name and variant.precision in precisions and not foreign:
                if precisions == _FLOAT and order[0][1] == _INT8:
                    reason = f"no int8 file that fits, so {variant.precision} on {name}"
                return (variant, backend), reason
    # tflite_runtime, whose int8 is not accelerated on x86, or a backend of somebody else.
    floats = [pair for pair in wanted if pair[0].precision in _FLOAT]
    if machine.arch == "x86" and floats:
        return floats[0], "float: the fastest precision of this backend on x86"
    return wanted[0], "the first variant of the bundle that runs here"
