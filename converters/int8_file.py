"""The int8 file of a conversion: quantized by the plain plan, and mended where that falls short."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from converters.bundles import pack
from converters.bundles.files import BACKENDS, FloatForms
from converters.bundles.made import Made, prove_file
from converters.bundles.pack import Facts
from converters.options import Int8, Progress
from converters.proof.evidence import Evidence
from converters.proof.inputs import Gathered
from converters.proof.scores import reference_score, score, score_name
from converters.quantization.layers import layer_errors_openvino
from converters.quantization.openvino import AccuracyControl, quantize_openvino
from converters.quantization.remedies import Judgement, repair
from converters.report.schema import LayerError, Repair
from converters.sources.base import Target
from edgecnn.errors import OptionError
from edgecnn.registry import TASKS
from edgecnn.runtime.backend import EngineInfo, ModelFile
from edgecnn.runtime.backends.openvino import OpenVINOEngine
from edgecnn.runtime.policy import Choice
from edgecnn.runtime.session import Session

LAYER_SAMPLES = 8
"""Inputs on which the error of each layer is measured."""


@dataclass(frozen=True, slots=True)
class Int8File:
    """What came of it.

    Attributes:
        made: The file, proven; it may still not keep its gates.
        layers: What quantization does to each layer, in the order of computation.
        repair: What was tried; None when the plain plan sufficed.
    """

    made: Made
    layers: tuple[LayerError, ...]
    repair: Repair | None


def make_int8(
    target: Target,
    forms: FloatForms,
    gathered: Gathered,
    facts: Facts,
    evidence: Evidence,
    settings: Int8,
    progress: Progress,
) -> Int8File:
    """Quantize for a target; try remedies until the gates are kept or the budget is spent.

    Args:
        target: ``tflite`` or ``openvino``.
        forms: The float network.
        gathered: Calibration inputs.
        facts: Of the bundle.
        evidence: With the reference's answers.
        settings: Plan and budget.
        progress: Told how far it is.
    """
    ranked_by = score_name(evidence, facts.task)
    tried: dict[int, Made] = {}

    def judge(candidate: Any) -> Judgement:
        made = prove_file(forms.candidate(target, candidate), facts, evidence, progress)
        tried[id(candidate)] = made
        return Judgement(kept=not made.proven.failures, score=score(made.proven, ranked_by))

    if settings.accuracy_control and target == "openvino":
        controlled = _controlled(forms, gathered, facts, evidence, settings, progress)
        judge(controlled)
        layers = layer_errors_openvino(
            forms.model(target), controlled, gathered.feeds(LAYER_SAMPLES), LAYER_SAMPLES
        )
        return Int8File(tried[id(controlled)], layers, None)
    repaired = repair(
        target,
        forms.model(target),
        gathered.feeds,
        judge,
        settings.plan,
        available_samples=gathered.calibration_count,
        budget_s=settings.budget_s,
        clock=time.monotonic,
        float_score=reference_score(evidence, ranked_by),
        progress=progress,
    )
    made = tried[id(repaired.model)]
    if not repaired.remedies:
        return Int8File(made, repaired.layers, None)
    repaired_file = Repair(
        file=made.variant.file,
        score_name=ranked_by,
        float_score=reference_score(evidence, ranked_by),
        plain_score=repaired.plain.score,
        final_score=score(made.proven, ranked_by),
        remedies=repaired.remedies,
        layers=repaired.layers,
        note=repaired.note,
    )
    return Int8File(made, repaired.layers, repaired_file)


def _controlled(
    forms: FloatForms,
    gathered: Gathered,
    facts: Facts,
    evidence: Evidence,
    settings: Int8,
    progress: Progress,
) -> Any:
    """Quantized by NNCF under control of the task metric."""
    validation = evidence.validation
    if validation is None:
        raise OptionError(
            "Accuracy control watches the task metric: pass validation=, pictures with the truth."
        )
    backend = BACKENDS["openvino"]
    bundle = pack.assemble(facts, [forms.variant("openvino", "float32")])
    entry = bundle.manifest.variants[0]
    names = {spec.tensor: spec.name for spec in (*entry.inputs, *entry.outputs)}
    file = ModelFile("the candidate", "openvino", b"", tensor_names=names)

    def metric(compiled: Any) -> float:
        engine = OpenVINOEngine(compiled, file, EngineInfo(backend, "", 1, "f32"))
        choice = Choice(entry, backend, 1, "f32", "accuracy control")
        with TASKS[facts.task](bundle, choice, session=Session(engine)) as task:
            return float(validation.score(task, progress=lambda share: None).value)

    plan = settings.plan
    feeds = gathered.feeds(min(plan.samples, gathered.calibration_count))
    control = AccuracyControl(
        validate=metric, max_drop=evidence.gates["int8.max_drop"], feeds=feeds
    )
    return quantize_openvino(
        forms.model("openvino"), feeds, plan, accuracy=control, progress=progress
    )
