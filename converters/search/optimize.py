"""`edgecnn.optimize`: the best way to run a model within limits of accuracy, latency and size.

Every variant on every backend, in every arithmetic and with every number of threads is judged on
data and timed; what keeps the limits and is fastest wins, and is written down in the bundle.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from converters.options import Progress, no_progress
from converters.search.candidates import Found, search
from converters.search.search import Limits, asked_for, pick
from edgecnn.api import open_bundle
from edgecnn.bundle import io
from edgecnn.bundle.io import EDGE_SUFFIX, Bundle
from edgecnn.bundle.paths import MANIFEST, SIGNATURE
from edgecnn.bundle.schema import Preferred
from edgecnn.errors import BundleError, ConversionError, OptionError
from edgecnn.registry import DATASETS
from edgecnn.zoo import catalogue

SIGNED = (
    "The bundle is signed, but its signature does not fit a changed one: what is written is signed "
    "only with a key."
)
SAME_DATA = (
    "int8 ranges were found on the same data that accuracy is measured on, which flatters it: pass "
    "calibration data of its own."
)


def optimize(
    model: Any,
    data: Any,
    out: str | os.PathLike[str] | None = None,
    *,
    max_drop: float | None = None,
    max_latency_ms: float | None = None,
    max_size_mb: float | None = None,
    threads: Sequence[int] | None = None,
    measured: Sequence[str | os.PathLike[str]] = (),
    conversion: Mapping[str, Any] | None = None,
    pictures: int = 1000,
    rounds: int = 60,
    seed: int = 0,
    force: bool = False,
    sign: bytes | None = None,
    progress: Progress | None = None,
) -> Found:
    """Find the fastest way to run a model that keeps limits, and write the bundle with it first.

        found = edgecnn.optimize("classify_efficientnet_lite0", "photos", "out/fast",
                                 max_drop=0.01, max_latency_ms=20)
        print(found.reason)

    Args:
        model: Name or path of a bundle, or a source that `edgecnn.convert` takes: that is converted
            first.
        data: What accuracy is measured on. With the truth, as `edgecnn.convert` takes it for
            ``validation`` (a folder of class folders, ``(x, y)``, a data set by name): by the task
            metric. Without: by agreement with the float variant. Arrays by name for ``tensors``.
        out: Where the bundle is written; None writes nothing. May be the bundle itself, with
            ``force``.
        max_drop: What the accuracy may lose against float, as a share (0.01 is one point).
        max_latency_ms: Of one inference, in milliseconds.
        max_size_mb: Of model file and weights, in MB (10^6 bytes).
        threads: Numbers of threads to try; None for 1, 2, 4 as far as there are cores.
        measured: Outputs of ``edgecnn bench MODEL --json`` on another device: latencies are that
            device's then, while accuracy is measured here.
        conversion: Arguments of `edgecnn.convert` for a source; ``calibration`` is ``data`` unless
            it is among them.
        pictures: Inputs that accuracy is measured on, at most.
        rounds: Timed runs of each way.
        seed: Of the choice of inputs.
        force: Replace a bundle that is at ``out``.
        sign: Private key (PEM) to sign the bundle with; an earlier signature does not fit any more.
        progress: Told what is being done.

    Returns:
        Every candidate with its figures, and the winner.

    Raises:
        ConversionError: Nothing keeps every limit; names the nearest misses. Or the source cannot
            be converted.
        OptionError: Arguments that cannot be used.
        SourceError, ImageError: Data that cannot be read.
        BundleError: The bundle is damaged, or ``out`` exists or cannot be written.
    """
    limits = check_limits(max_drop, max_latency_ms, max_size_mb)
    if out is not None and Path(out).exists() and not force:
        raise BundleError(f"{out} exists already. Choose another path, or replace it: --force")
    tell = progress or no_progress
    with opened(model, data, out, conversion or {}, tell) as (bundle, warnings):
        found = search(
            bundle,
            data,
            limits,
            threads=threads,
            measured=measured,
            pictures=pictures,
            rounds=rounds,
            seed=seed,
            progress=tell,
        )
        found = msgspec.structs.replace(found, warnings=(*warnings, *found.warnings))
        if found.winner is None:
            raise ConversionError(found.reason)
        if out is not None:
            write_winner(bundle, found, out, force=force, sign=sign)
    return found


def check_limits(
    max_drop: float | None, max_latency_ms: float | None, max_size_mb: float | None
) -> Limits:
    """Limits that can be kept at all.

    Raises:
        OptionError: A bound that is no number or out of its range.
    """
    if max_drop is not None and not 0 <= max_drop <= 1:
        raise OptionError(
            f"max_drop is a share of the accuracy, 0..1 (0.01 is one point), but got {max_drop!r}."
        )
    for name, value in (("max_latency_ms", max_latency_ms), ("max_size_mb", max_size_mb)):
        if value is not None and not 0 < value < float("inf"):
            raise OptionError(f"{name} must be above 0, but got {value!r}.")
    return Limits(max_drop=max_drop, max_latency_ms=max_latency_ms, max_size_mb=max_size_mb)


def write_winner(
    bundle: Bundle,
    found: Found,
    out: str | os.PathLike[str],
    *,
    force: bool = False,
    sign: bytes | None = None,
) -> Path:
    """Write the bundle with the winner first and recorded as preferred; all else stays as it is.

    Args:
        bundle: That was searched.
        found: With a winner.
        out: Folder or ``.edge`` file.
        force: Replace a bundle that is there.
        sign: Private key (PEM); None leaves it unsigned.

    Raises:
        BundleError: It exists, or cannot be written.
        ConversionError: There is no winner.
    """
    if found.winner is None:
        raise ConversionError(found.reason)
    manifest, file = bundle.manifest, found.candidates[found.winner].file
    changed = msgspec.structs.replace(
        manifest,
        variants=tuple(sorted(manifest.variants, key=lambda variant: variant.file != file)),
        preferred=(
            *preferences(found),
            *(other for other in manifest.preferred if other.machine != found.machine),
        ),
    )
    files = {name: bundle.read(name) for name in manifest.files}
    return io.save(changed, files, out, force=force, sign=sign)


def preferences(found: Found) -> list[Preferred]:
    """What to run on that class of machine: the winner, then the best with other thread counts."""
    if found.winner is None:
        return []
    chosen = [found.candidates[found.winner]]
    for count in sorted({one.threads for one in found.candidates} - {chosen[0].threads}):
        same = [one for one in found.candidates if one.threads == count]
        best = pick(same)
        if best is not None:
            chosen.append(same[best[0]])
    asked = asked_for(found.limits)
    return [
        Preferred(
            machine=found.machine,
            file=one.file,
            backend=one.backend,
            threads=one.threads,
            compute=one.compute,
            reason=f"{one.figures}{f' (asked for: {asked})' if asked else ''}",
        )
        for one in chosen
    ]


@contextmanager
def opened(
    model: Any,
    data: Any,
    out: str | os.PathLike[str] | None,
    conversion: Mapping[str, Any],
    progress: Progress,
) -> Iterator[tuple[Bundle, tuple[str, ...]]]:
    """The bundle behind a model, and warnings; a source is converted into a temporary folder."""
    if _is_bundle(model):
        if conversion:
            raise OptionError(
                f"{', '.join(conversion)} belongs to a source that is converted first; "
                f"{os.fspath(model)} is a bundle already."
            )
        bundle = open_bundle(model)
        signed = out is not None and SIGNATURE in bundle.store.names()
        yield bundle, ((SIGNED,) if signed else ())
        return
    from converters.convert import convert  # brings the converters' own dependencies

    named = isinstance(data, str) and data.partition(":")[0] in DATASETS
    own = named or "calibration" in conversion
    name = Path(out).stem if out is not None else _stem(model)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / name
        convert(model, target, **{"calibration": data, "progress": progress, **conversion})
        yield io.load(target), (() if own else (SAME_DATA,))


def _is_bundle(model: Any) -> bool:
    if not isinstance(model, str | os.PathLike):
        return False
    path = Path(model)
    if path.suffix == EDGE_SUFFIX or (path / MANIFEST).is_file():
        return True
    return not path.exists() and (os.fspath(model) in catalogue.names() or not path.suffix)


def _stem(model: Any) -> str:
    named = isinstance(model, str | os.PathLike)
    return Path(model).stem if named else str(getattr(model, "name", "model"))
