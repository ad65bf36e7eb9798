"""How each task's answers are judged: what is kept of an answer, and the metric of them all."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from converters.inputs.validation_truth import read_mask
from edgecnn.core.results import Classification, Detections, Embedding, Faces, Segmentation
from edgecnn.errors import OptionError
from edgecnn.evaluation.classification import class_recall, confusion_matrix, top_k_accuracy
from edgecnn.evaluation.detection import FoundBoxes, average_precision
from edgecnn.evaluation.report import MetricReport, by_label, wilson_interval
from edgecnn.evaluation.segmentation import class_iou, mean_iou, pixel_confusion
from edgecnn.evaluation.verification import pair_distances, roc
from edgecnn.tasks.options import ClassifyOptions, DetectOptions, FaceOptions

TOP = 5
LOW_SCORE = 0.001
"""Average precision needs the unsure detections too: recall is counted down to them."""
_FIRST = ClassifyOptions(top_k=TOP)
_UNSURE = DetectOptions(score_threshold=LOW_SCORE, max_results=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges one task.

    Attributes:
        name: Of the metric.
        labels: Names of the classes.
        options: What the task is asked with; None for its own.
    """

    name: str
    labels: tuple[str, ...] = ()
    options: Any = None

    @abstractmethod
    def keep(self, result: Any, truth: Any) -> Any:
        """The small part of a result that `judge` needs."""

    @abstractmethod
    def judge(self, truth: Sequence[Any], answers: Sequence[Any]) -> MetricReport:
        """The metric; both have one entry a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassJudge(Judge):
    """Top-1 accuracy. Keeps the ids of the first `TOP` classes."""

    name: str = "top-1 accuracy"
    options: Any = _FIRST

    def keep(self, result: Classification, truth: Any) -> NDArray[np.int64]:
        """(up to TOP,) class ids, best first."""
        del truth
        return result.class_ids

    def judge(self, truth: Sequence[Any], answers: Sequence[Any]) -> MetricReport:
        """Accuracy with its interval, accuracy of each class, and top-5 accuracy."""
        right, ranked = np.asarray(truth, np.int64), np.stack(answers)
        classes = max(len(self.labels), int(right.max()) + 1, int(ranked.max()) + 1)
        value = top_k_accuracy(right, ranked)
        others = {}
        if ranked.shape[1] == TOP and classes > TOP:
            others[f"top-{TOP} accuracy"] = top_k_accuracy(right, ranked, TOP)
        return MetricReport(
            name=self.name,
            value=value,
            count=len(right),
            interval=wilson_interval(round(value * len(right)), len(right)),
            per_class=by_label(
                class_recall(confusion_matrix(right, ranked[:, 0], classes)), self.labels
            ),
            others=others,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxJudge(Judge):
    """COCO's mean average precision. Keeps the boxes."""

    name: str = "mAP@[.50:.95]"
    options: Any = _UNSURE

    def keep(self, result: Detections | Faces, truth: Any) -> FoundBoxes:
        """All boxes; faces are objects of class 0."""
        del truth
        ids = result.class_ids if isinstance(result, Detections) else None
        zeros = np.zeros(len(result.scores), np.int64)
        return FoundBoxes(result.boxes_xyxy, result.scores, zeros if ids is None else ids)

    def judge(self, truth: Sequence[Any], answers: Sequence[Any]) -> MetricReport:
        """Mean average precision, that of each class, AP50 and AP75."""
        precision = average_precision(truth, answers)
        values = np.full(max(len(self.labels), int(precision.class_ids[-1]) + 1), np.nan)
        values[precision.class_ids] = precision.per_class
        return MetricReport(
            name=self.name,
            value=precision.mean,
            count=len(truth),
            per_class=by_label(values, self.labels),
            others={"AP50": precision.at(0.5), "AP75": precision.at(0.75)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskJudge(Judge):
    """Mean IoU at the size of the pictures. Keeps a confusion matrix of pixels."""

    name: str = "mIoU"

    def keep(self, result: Segmentation, truth: Any) -> NDArray[np.int64]:
        """(C, C) pixels."""
        mask = read_mask(truth, self.labels)
        width, height = result.size_wh
        if mask.shape != (height, width):
            raise OptionError(
                f"A mask of {mask.shape[1]} x {mask.shape[0]} belongs to a picture of {width} x "
                f"{height}: masks must have the size of their pictures."
            )
        classes = self._classes(result)
        return pixel_confusion(mask, self._predicted(result, classes), classes)

    def judge(self, truth: Sequence[Any], answers: Sequence[Any]) -> MetricReport:
        """Mean IoU, and that of each class, over the pixels of all pictures."""
        del truth
        total = np.sum(np.stack(answers), axis=0)
        names = self.labels if len(self.labels) != 1 else ("other", *self.labels)
        return MetricReport(
            name=self.name,
            value=mean_iou(total),
            count=len(answers),
            per_class=by_label(class_iou(total), names),
            others={"pixel accuracy": float(np.trace(total) / total.sum())},
        )

    def _classes(self, result: Segmentation) -> int:
        return max(len(self.labels), len(result), 2)

    def _predicted(self, result: Segmentation, classes: int) -> NDArray[np.int64]:
        """(H, W): the likeliest class; where none of those shown reaches 0.5, one that is not."""
        planes = np.stack([result.probability(label) for label in result.labels])
        if len(self.labels) > 1 and set(result.labels) <= set(self.labels):
            ids = np.array([self.labels.index(label) for label in result.labels])
        else:
            ids = np.arange(len(planes)) if len(planes) > 1 else np.array([1])
        predicted = ids[planes.argmax(axis=0)]
        hidden = np.setdiff1d(np.arange(classes), ids)
        if len(hidden):
            predicted = np.where(planes.max(axis=0) >= 0.5, predicted, hidden[0])
        return np.asarray(predicted, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairJudge(Judge):
    """TAR at a FAR over all pairs. Keeps the vectors.

    Attributes:
        far: The false accept rate.
    """

    far: float

    def keep(self, result: Embedding, truth: Any) -> Embedding:
        """The embedding, which knows its metric."""
        del truth
        return result

    def judge(self, truth: Sequence[Any], answers: Sequence[Any]) -> MetricReport:
        """TAR, the threshold it needs, and the equal error rate."""
        vectors = np.stack([answer.vector for answer in answers])
        metric: Literal["euclidean", "cosine"] = answers[0].metric
        rates = roc(*pair_distances(vectors, np.asarray(truth), metric))
        value, threshold = rates.tar_at_far(self.far)
        others = {"equal error rate": rates.equal_error_rate, "threshold": threshold}
        return MetricReport(name=self.name, value=value, count=len(answers), others=others)


def false_accept_rate(identities: NDArray[np.int64]) -> float:
    """The smallest usual rate that at least ten impostor pairs of a set stand for."""
    count = len(identities)
    sizes = np.unique(identities, return_counts=True)[1]
    impostors = (count * count - int((sizes**2).sum())) // 2
    return next((far for far in (1e-4, 1e-3, 1e-2) if far * impostors >= 10), 0.1)


def make_judge(task: str, labels: Sequence[str], truth: Sequence[Any]) -> Judge:
    """The judge of a task.

    Raises:
        OptionError: A task without a metric.
    """
    names = tuple(labels)
    if task == "classify":
        return ClassJudge(labels=names)
    if task == "detect":
        return BoxJudge(labels=names)
    if task == "detect_faces":
        return BoxJudge(labels=("face",), options=FaceOptions(score_threshold=LOW_SCORE))
    if task == "segment":
        return MaskJudge(labels=names)
    if task == "embed":
        far = false_accept_rate(np.asarray(truth))
        return PairJudge(name=f"TAR at FAR {far:g}", far=far)
    raise OptionError(
        f"The task {task!r} has no metric; classify, detect, detect_faces, segment and embed do. "
        "Leave validation= out."
    )
