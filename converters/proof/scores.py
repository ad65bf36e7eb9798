"""One figure by which the int8 files of a conversion are ranked, larger is better.

It is the task metric where there is a validation set, else the agreement with the float reference,
else the cosine of the raw outputs.
"""

from __future__ import annotations

from converters.proof.evidence import Evidence
from converters.report.schema import Proven

_AGREEMENT = {
    "classify": "top1_agreement",
    "detect": "boxes_found",
    "detect_faces": "faces_matched",
    "segment": "mask_iou",
}
_COSINE = "cosine"


def score_name(evidence: Evidence, task: str) -> str:
    """What the scores are.

    Args:
        evidence: With the reference's answers.
        task: Name of a task.
    """
    if evidence.validation is not None:
        return evidence.validation.metric_name
    return _AGREEMENT.get(task, _COSINE) if evidence.expected else _COSINE


def score(proven: Proven, name: str) -> float:
    """The score of a file that was proven; ``name`` from `score_name`."""
    if name == _COSINE:
        return min(one.cosine for one in proven.outputs)
    if name in _AGREEMENT.values():
        return proven.agreement[name]
    return float(proven.metric if proven.metric is not None else 0.0)


def reference_score(evidence: Evidence, name: str) -> float:
    """The float reference's own: 1 where the score is an agreement with it."""
    if name == _COSINE or name in _AGREEMENT.values() or evidence.reference_metric is None:
        return 1.0
    return evidence.reference_metric
