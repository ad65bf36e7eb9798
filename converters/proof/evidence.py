"""Evidence for a converted file: its raw outputs against the source's, its answers against the
float reference's, its task metric against the reference's.

Raw outputs are compared on the very input tensors that the device's preprocessing makes. Answers
and metric go through the whole runtime (preprocessing, engine, decoder), so that what is proven is
what a device does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from converters.inputs.pictures import PictureSet
from converters.inputs.validation import ValidationSet
from converters.options import Progress, no_progress
from converters.proof import gates as gate_table
from converters.proof.figures import Tensors, compare_outputs
from converters.proof.parity import AnyTask, kept, lower_threshold, summarize
from converters.report.schema import OutputFigures, Proven
from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Variant
from edgecnn.registry import TASKS
from edgecnn.runtime.arrays import stored_values
from edgecnn.runtime.backend import Array
from edgecnn.runtime.opening import open_session
from edgecnn.runtime.policy import Choice
from edgecnn.runtime.session import Session


def run_tensors(session: Session, feeds: Tensors) -> dict[str, Array]:
    """Run a model on real values, whatever its tensors store.

    Args:
        session: An opened model.
        feeds: Real values of each input, float32.

    Returns:
        Real values of each output, float32.
    """
    tensors = session.engine.inputs
    stored = {name: stored_values(value, tensors[name]) for name, value in feeds.items()}
    return {name: np.array(output.real()) for name, output in session.infer(stored).outputs.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What every file of a conversion is held against.

    Attributes:
        inputs: Input tensors, one inference each, by the names of the bundle.
        answers: The source's own outputs for them, by the names of the bundle.
        pictures: What answers are compared on; None for tasks without pictures.
        expected: The reference's answers about them: of the float file, or of the simulation that
            a network was trained as.
        threshold: Of a detector.
        validation: With the truth; None without.
        reference_metric: The reference's metric on it.
        gates: Name -> bound.
        group: Of the gates that files have to keep; None for the one of their own precision.
    """

    inputs: Sequence[Tensors]
    answers: Sequence[Tensors]
    gates: Mapping[str, float]
    pictures: PictureSet | None = None
    expected: Sequence[Any] = field(default=())
    threshold: float = 0.0
    validation: ValidationSet | None = None
    reference_metric: float | None = None
    group: str | None = None


def as_reference(
    evidence: Evidence,
    bundle: Bundle,
    variant: Variant,
    backend: str,
    progress: Progress = no_progress,
) -> Evidence:
    """The same evidence with the answers and the metric of the float reference.

    Args:
        evidence: Without them.
        bundle: Holds the reference.
        variant: The float one.
        backend: That runs it.
        progress: Told how far it is.
    """
    with _open(bundle, variant, backend) as task:
        return with_reference(evidence, bundle, task, f"{variant.file} on {backend}", progress)


def with_reference(
    evidence: Evidence, bundle: Bundle, task: AnyTask, what: str, progress: Progress = no_progress
) -> Evidence:
    """The same evidence with the answers and the metric of an opened task.

    Args:
        evidence: Without them.
        bundle: That the task belongs to.
        task: Of the reference.
        what: It is, for the progress.
        progress: Told how far it is.
    """
    # Before the threshold of a detector is lowered, which is for its answers alone.
    metric = metric_of(task, evidence.validation, what, progress)
    answers, threshold = task_answers(bundle, task, evidence.pictures, what, progress)
    return dataclasses.replace(
        evidence, expected=answers, threshold=threshold, reference_metric=metric
    )


def task_answers(
    bundle: Bundle,
    task: AnyTask,
    pictures: PictureSet | None,
    what: str,
    progress: Progress = no_progress,
) -> tuple[list[Any], float]:
    """What a task answers about pictures, as `summarize` takes it, and its threshold."""
    if pictures is None:
        return [], 0.0
    threshold = lower_threshold(bundle, [task])
    answers = []
    for number in range(len(pictures)):
        pixels, color = pictures.picture(number)
        answers.append(kept(task(pixels, color=color)))
        progress(what, (number + 1) / len(pictures))
    return answers, threshold


def metric_of(
    task: AnyTask,
    validation: ValidationSet | None,
    what: str,
    progress: Progress = no_progress,
) -> float | None:
    """The task metric of an opened variant; None without a validation set."""
    if validation is None:
        return None
    name = f"{validation.metric_name} of {what}"
    return float(validation.score(task, progress=lambda share: progress(name, share)).value)


def prove(
    bundle: Bundle,
    variant: Variant,
    backend: str,
    evidence: Evidence,
    progress: Progress = no_progress,
) -> tuple[Proven, list[Any]]:
    """Everything that is measured of one variant on one backend, held against the gates.

    Args:
        bundle: Holds the variant.
        variant: Of the bundle.
        backend: That runs it.
        evidence: With the reference's answers, or without for the reference itself.
        progress: Told how far it is.

    Returns:
        The figures, and the variant's answers about the pictures.

    Raises:
        ParityError: Its outputs cannot be compared at all.
    """
    outputs = tensor_figures(bundle, variant, backend, evidence)
    agreement: dict[str, float] = {}
    answers: list[Any] = []
    metric = drop = None
    if evidence.expected:
        with _open(bundle, variant, backend) as task:
            what = f"{variant.file} on {backend}"
            if evidence.reference_metric is not None:
                metric = metric_of(task, evidence.validation, what, progress)
            answers, _ = task_answers(bundle, task, evidence.pictures, what, progress)
        agreement = summarize(
            bundle.manifest.task, list(evidence.expected), answers, threshold=evidence.threshold
        )
    if metric is not None and evidence.reference_metric is not None:
        drop = evidence.reference_metric - metric
    figures = gate_table.figures_of(outputs, agreement, drop)
    verdict = gate_table.judge(evidence.group or variant.precision, figures, evidence.gates)
    files = (variant.file, *([variant.weights] if variant.weights else ()))
    proven = Proven(
        file=variant.file,
        format=variant.format,
        precision=variant.precision,
        backend=backend,
        bytes=sum(bundle.manifest.files[file].bytes for file in files),
        outputs=outputs,
        agreement=agreement,
        metric=metric,
        drop=drop,
        failures=verdict.failures,
        lowered=verdict.lowered,
    )
    return proven, answers


def tensor_figures(
    bundle: Bundle, variant: Variant, backend: str, evidence: Evidence
) -> tuple[OutputFigures, ...]:
    """Figures of a variant's raw outputs against the source's own."""
    with open_session(bundle, _choice(variant, backend)) as session:
        pairs = [
            (expected, run_tensors(session, feeds))
            for feeds, expected in zip(evidence.inputs, evidence.answers, strict=True)
        ]
    return compare_outputs(pairs)


def _open(bundle: Bundle, variant: Variant, backend: str) -> AnyTask:
    task: AnyTask = TASKS[bundle.manifest.task](bundle, _choice(variant, backend))
    return task


def _choice(variant: Variant, backend: str) -> Choice:
    return Choice(variant, backend, 1, "f32", "proof")
