"""The int8 file of a conversion: quantized by the plain plan, and mended where that falls short."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from converters.files import FloatForms
from converters.made import Made, prove_file
from converters.options import Int8, Progress
from converters.pack import Facts
from converters.proof.evidence import Evidence
from converters.proof.inputs import Gathered
from converters.proof.scores import reference_score, score, score_name
from converters.quantization.remedies import Judgement, repair
from converters.report.schema import LayerError, Repair
from converters.sources.base import Target


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

    repaired = repair(
        target,
        forms.model(target),
        gathered.feeds,
        judge,
        settings.plan,
        available_samples=gathered.calibration_count,
        budget_s=settings.budget_s,
        clock=time.monotonic,
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
