"""How well every variant does on data: by the task metric, or by agreement with the float one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from converters.inputs.judges import make_judge
from converters.inputs.picture_files import class_folders, pictures_below
from converters.inputs.pictures import PictureSet, TensorSet, open_pictures, open_tensors
from converters.inputs.validation import ValidationSet, open_validation
from converters.inputs.validation_truth import ANNOTATIONS
from converters.options import Progress
from converters.proof.parity import AnyTask, kept, lower_threshold, summarize
from converters.report.text import AGREEMENT
from converters.sources.base import Port
from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Manifest, Precision
from edgecnn.registry import DATASETS, TASKS
from edgecnn.runtime.measure import Way
from edgecnn.runtime.policy import Choice

Key = tuple[str, str, str]
"""File, backend and compute."""
_FINEST: tuple[Precision, ...] = ("float32", "float16", "int8", "int4w")
NO_TRUTH = (
    "The data came without the truth about it, so accuracy is how far each way agrees with the "
    "float reference."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracies:
    """How well each way does.

    Attributes:
        name: Of the figure: of the metric, or "agreement with float".
        reference: The float variant, on its first backend.
        of: Way -> figure, 0..1, larger is better.
        origin: Of the data, in words.
        used: How many inputs were asked about.
        warnings: What looks wrong with the data.
    """

    name: str
    reference: Key
    of: Mapping[Key, float]
    origin: str
    used: int
    warnings: tuple[str, ...]


def key_of(way: Way) -> Key:
    """Names a way by its file, backend and compute."""
    return way.variant.file, way.backend, way.compute


def reference_way(ways: Sequence[Way]) -> Way:
    """What the others are compared with: the finest precision, in f32, as the bundle lists it."""
    return min(
        (way for way in ways if way.compute == "f32"),
        key=lambda way: _FINEST.index(way.variant.precision),
    )


def measure_accuracy(
    bundle: Bundle,
    data: Any,
    ways: Sequence[Way],
    *,
    limit: int,
    seed: int,
    threads: int,
    progress: Progress,
) -> Accuracies:
    """Ask every way about the data, through the whole runtime.

    Args:
        bundle: Holds the variants.
        data: See `converters.search.optimize.optimize`.
        ways: At least one in f32.
        limit: Inputs, at most.
        seed: Of the choice when there are more.
        threads: Of the engines; answers do not depend on them.
        progress: Told how far it is.

    Raises:
        OptionError, ImageError, SourceError: The data cannot be used; says why.
    """
    validation, inputs = _open(data, bundle.manifest, limit, seed)
    reference = reference_way(ways)
    ordered = [reference, *(way for way in ways if way != reference)]
    figures: dict[Key, float] = {}
    expected: list[Any] = []
    name = "agreement with float" if validation is None else validation.metric_name
    for way in ordered:
        tell = _teller(progress, f"{name} of {way.variant.file} on {way.backend}")
        choice = Choice(way.variant, way.backend, threads, way.compute, "optimize")
        with TASKS[bundle.manifest.task](bundle, choice) as task:
            if validation is not None:
                figures[key_of(way)] = float(validation.score(task, progress=tell).value)
                continue
            threshold = lower_threshold(bundle, [task])
            answers = list(_answers(task, inputs, tell))
        expected = expected or answers
        summed = summarize(bundle.manifest.task, expected, answers, threshold=threshold)
        figures[key_of(way)] = float(summed[AGREEMENT[bundle.manifest.task]])
    return Accuracies(
        name=name,
        reference=key_of(reference),
        of=figures,
        origin=inputs.origin,
        used=len(inputs),
        warnings=(*inputs.warnings, *(() if validation is not None else (NO_TRUTH,))),
    )


def _teller(progress: Progress, what: str) -> Callable[[float], None]:
    return lambda share: progress(what, share)


def _answers(
    task: AnyTask, inputs: PictureSet | TensorSet, tell: Callable[[float], None]
) -> Iterator[Any]:
    for index in range(len(inputs)):
        if isinstance(inputs, PictureSet):
            pixels, color = inputs.picture(index)
            yield kept(task(pixels, color=color))
        else:
            yield kept(task(inputs.tensors(index)))
        tell((index + 1) / len(inputs))


def _open(
    data: Any, manifest: Manifest, limit: int, seed: int
) -> tuple[ValidationSet | None, PictureSet | TensorSet]:
    """The data with its truth, if it has one, and the inputs alone."""
    task, spec, labels = manifest.task, manifest.input, manifest.labels
    if spec is None:
        ports = [
            Port(tensor.name, tensor.shape, np.dtype(np.float32))
            for tensor in manifest.variants[0].inputs
        ]
        return None, open_tensors(data, ports, seed=seed, limit=limit, role="validation")
    if task != "classify" and _has_truth(data, task):
        found = open_validation(data, task=task, spec=spec, labels=labels, seed=seed, limit=limit)
        return found, found.pictures
    classes = labels if task == "classify" else ()
    pictures = open_pictures(
        data, spec=spec, labels=classes, seed=seed, limit=limit, role="validation"
    )
    if task != "classify" or pictures.truth is None:
        return None, pictures
    judge = make_judge(task, labels, pictures.truth)
    return ValidationSet(task=task, pictures=pictures, judge=judge), pictures


def _has_truth(data: Any, task: str) -> bool:
    """Whether data for a task other than ``classify`` brings its truth along."""
    if not isinstance(data, str | os.PathLike):
        pairs = isinstance(data, list) and bool(data) and isinstance(data[0], tuple)
        return isinstance(data, tuple) or pairs
    folder = Path(data)
    if os.fspath(data) in DATASETS or not folder.is_dir():
        return False
    if task == "segment":
        return (folder / "masks").is_dir()
    if task == "embed":
        return all(class_folders(folder, pictures_below(folder)))
    return (folder / ANNOTATIONS).is_file()
