"""`edgecnn.convert`: from a trained network to a proven bundle.

A file that does not keep its gates stops the conversion: no bundle is left, but the report of why
is, in a folder beside. Everything is held in memory until all is proven, and written at once.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from converters.bundles.files import PRECISIONS, TARGETS
from converters.bundles.output import check_output, write_bundle, write_failure
from converters.conversion import Conversion, Finished, Wishes
from converters.interface import InputChanges
from converters.options import ConvertOptions, Progress, no_progress
from converters.proof.gates import gates_for
from converters.quiet import log_to
from converters.report.schema import Report
from converters.sources import open_source
from converters.sources.base import Target
from edgecnn.bundle.keys import signer
from edgecnn.bundle.schema import Precision
from edgecnn.errors import ParityError, UnknownNameError
from edgecnn.registry import TASKS

LOG = "conversion.log"
ABOUT, NETS = "run.json", ("best.keras", "last.keras")
"""Files of `edgecnn.training.run`, which needs Keras before it can be asked for them."""


def convert(
    model: Any,
    out: str | os.PathLike[str],
    *,
    task: str = "classify",
    input: InputChanges = None,  # noqa: A002 (the bundle's own word)
    labels: Sequence[str] = (),
    calibration: Any = None,
    validation: Any = None,
    targets: Sequence[Target] = ("tflite", "openvino"),
    precisions: Sequence[Precision] = ("float32", "float16", "int8"),
    max_drop: float | None = None,
    options: ConvertOptions | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Convert a trained network to TFLite and OpenVINO, prove every file, and write a bundle.

    ``report.json``, ``report.md``, ``report.html`` and the tools' own ``conversion.log`` are part
    of the bundle. Where proof fails they are left in a folder beside, ``OUT-report``.

    Args:
        model: A Keras model, also one from `edgecnn.training.quantize`; the path of a ``.keras``,
            ``.h5``, ``.tflite``, OpenVINO ``.xml`` or ``.onnx`` file, of a SavedModel folder, or of
            a TF.js ``model.json``.
        out: Folder of the bundle, or a file that ends in ``.edge``.
        task: ``classify``, ``detect``, ``detect_faces``, ``segment``, ``embed``, or ``tensors`` for
            networks that take and give arrays.
        input: How a picture becomes the input; None feeds pixels 0..255 unchanged, stretched to
            the input's size, RGB or grey by its channels. A mapping changes fields of that:
            ``{"mean": 127.5, "std": 127.5}``.
        labels: Names of the classes, in the order of the output; by default those of the training
            run that the network lies in, else those that the data sets bring along (names of
            class folders, sorted).
        calibration: What int8 ranges are found on (a network from `edgecnn.training.quantize` has
            trained ranges, and needs none): a folder of pictures, an array of pixels
            (N, H, W, C) 0..255, a generator or ``tf.data`` set of such, or the name of a data set.
            For the task ``tensors`` a dict of arrays. Also what is proven on, when there is no
            ``validation``: a part of it that calibration does not see.
        validation: Pictures with the truth, for the task metric: ``(x, y)``, a folder of class
            folders, or the name of a data set; see `converters.inputs.validation`.
        targets: ``tflite``, ``openvino``.
        precisions: ``float32``, ``float16``, ``int8``, ``int4w`` (TFLite: 4-bit weights, float
            arithmetic; left out where it does not pay). A network that was trained with
            quantization in mind has int8 files only.
        max_drop: How much of the task metric a variant may lose against the float reference, as a
            share (0.01 is a point of accuracy); None for the named gates' own bounds.
        options: See `ConvertOptions`.
        force: Replace a bundle that is there.
        progress: Told what is being done.

    Returns:
        The report; ``report.passed`` is true.

    Raises:
        ConversionError: The network cannot be converted; says which operators or layers, and what
            to do.
        ParityError: A file does not keep a gate; names it, and where the report is.
        OptionError: Arguments that do not fit each other or the network.
        SourceError: Calibration or validation data that cannot be read.
        BundleError: The output exists, or cannot be written.
        MissingExtraError: The extra ``convert`` is not installed.
    """
    settings = options or ConvertOptions()
    target = Path(out)
    wishes = Wishes(
        task=task,
        input=input,
        labels=tuple(labels) or _classes_of_run(model, task),
        targets=_known("target", targets, TARGETS),
        precisions=_known("precision", precisions, PRECISIONS),
        gates=gates_for(settings.proof.gates, max_drop),
    )
    if task not in TASKS:
        raise UnknownNameError(f"Unknown task {task!r}. Known: {', '.join(sorted(TASKS))}.")
    check_output(target, force=force)
    sign = None if settings.sign is None else signer(settings.sign)
    name = settings.about.name or target.stem
    settings = dataclasses.replace(settings, about=dataclasses.replace(settings.about, name=name))
    signature = settings.signature
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / LOG
        log.touch()
        with (
            log_to(log),
            open_source(
                model,
                custom_objects=signature.custom_objects,
                input_names=signature.inputs,
                batch=signature.batch,
                input_shapes=signature.input_shapes,
            ) as source,
        ):
            conversion = Conversion(source, wishes, settings, progress or no_progress)
            finished = conversion.run(calibration, validation)
        logged = log.read_bytes()
    if not finished.report.passed:
        raise _failure(finished, target, logged)
    write_bundle(finished, target, {LOG: logged}, sign=sign, force=force)
    return finished.report


def _classes_of_run(model: Any, task: str) -> tuple[str, ...]:
    """Names of the classes of a net in the folder of a training run, which notes them."""
    if task != "classify" or not isinstance(model, str | Path):
        return ()
    folder = Path(model) if Path(model).is_dir() else Path(model).parent
    if Path(model) != folder and Path(model).name not in NETS:
        return ()
    try:
        noted = json.loads((folder / ABOUT).read_text("utf-8"))
        return tuple(str(name) for name in noted["data"]["classes"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()  # no run, and labels are not needed to convert


def _known(kind: str, given: Sequence[Any], known: Sequence[Any]) -> tuple[Any, ...]:
    """Without doubles, in the order of the table: float files come before those made of them."""
    wanted = [given] if isinstance(given, str) else list(given)
    unknown = [str(name) for name in wanted if name not in known]
    if unknown or not wanted:
        came = ", ".join(unknown) if unknown else "none"
        raise UnknownNameError(f"Unknown {kind}: {came}. Known: {', '.join(known)}.")
    return tuple(name for name in known if name in wanted)


def _failure(finished: Finished, target: Path, logged: bytes) -> ParityError:
    folder = write_failure(finished.report, target, {LOG: logged})
    lines = [
        f"{proven.file} on {proven.backend}: {line}"
        for proven in finished.report.proven
        for line in proven.failures
    ]
    lines += finished.problems
    shown = "; ".join(lines[:4]) + (f"; and {len(lines) - 4} more" if len(lines) > 4 else "")
    return ParityError(
        f"Not proven, so no bundle was written. {shown}. {folder / 'report.html'} says where "
        "it went wrong. To accept it all the same, lower a gate by its name: --gate NAME=NUMBER"
    )
