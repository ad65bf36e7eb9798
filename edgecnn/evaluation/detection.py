"""Mean average precision of boxes, as COCO defines it.

Reference: Lin et al. 2014, "Microsoft COCO: Common Objects in Context", and the evaluation rules of
its challenge: IoU thresholds 0.50 to 0.95 in steps of 0.05, precision interpolated at 101 recalls,
at most 100 objects of a class a picture. A detection takes the unclaimed true object that it
overlaps most, the best detections choosing first. Crowd regions excuse what lies in them and are
never missed.
We differ from the reference program in one point: areas (small, medium, large) are not told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

IOU_THRESHOLDS: tuple[float, ...] = tuple(np.linspace(0.5, 0.95, 10).tolist())
MAX_DETECTIONS = 100
_RECALLS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, slots=True, eq=False)
class TrueBoxes:
    """What there is to be found in one picture.

    Attributes:
        boxes_xyxy: (M, 4) pixels.
        class_ids: (M,) int64.
        crowd: (M,) bool: regions of many objects that nobody counted; None for none.
    """

    boxes_xyxy: Floats
    class_ids: Ints
    crowd: Bools | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FoundBoxes:
    """What a detector found in one picture.

    Attributes:
        boxes_xyxy: (N, 4) pixels.
        scores: (N,) larger is surer.
        class_ids: (N,) int64.
    """

    boxes_xyxy: Floats
    scores: Floats
    class_ids: Ints


@dataclass(frozen=True, slots=True, eq=False)
class AveragePrecision:
    """Average precisions, 0..1.

    Attributes:
        class_ids: (C,) int64, classes that have at least one true object, ascending.
        table: (T, C), by IoU threshold and class.
        iou_thresholds: (T,).
    """

    class_ids: Ints
    table: NDArray[np.float64]
    iou_thresholds: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over thresholds and classes: mAP@[.50:.95] with the default thresholds."""
        return float(self.table.mean())

    @property
    def per_class(self) -> NDArray[np.float64]:
        """(C,) mean over thresholds."""
        return np.asarray(self.table.mean(axis=0))

    def at(self, iou_threshold: float) -> float:
        """MAP at one threshold, for example AP50 by ``at(0.5)``.

        Raises:
            OptionError: It was not computed.
        """
        for row, threshold in enumerate(self.iou_thresholds):
            if abs(threshold - iou_threshold) < 1e-9:
                return float(self.table[row].mean())
        known = ", ".join(f"{threshold:.2f}" for threshold in self.iou_thresholds)
        raise OptionError(f"No average precision at IoU {iou_threshold}. Computed: {known}.")


def average_precision(
    truth: Sequence[TrueBoxes],
    found: Sequence[FoundBoxes],
    *,
    iou_thresholds: tuple[float, ...] = IOU_THRESHOLDS,
) -> AveragePrecision:
    """Average precision of each class at each IoU threshold.

    Args:
        truth: One a picture.
        found: One a picture, down to low scores: what is left out costs recall.
        iou_thresholds: From which overlap on an object counts as found.

    Raises:
        OptionError: Other lengths, or not one true object.
    """
    if len(truth) != len(found):
        raise OptionError(f"There are {len(truth)} pictures but answers about {len(found)}.")
    counted = [one.class_ids[~_crowd(one)] for one in truth]
    class_ids = np.unique(np.concatenate(counted)) if counted else np.empty(0, np.int64)
    if len(class_ids) == 0:
        raise OptionError("No picture has a true object, so nothing can be found. Check the boxes.")
    limits = np.asarray(iou_thresholds)
    columns = [_of_class(truth, found, class_id, limits) for class_id in class_ids]
    return AveragePrecision(class_ids.astype(np.int64), np.stack(columns, axis=1), iou_thresholds)


def _of_class(
    truth: Sequence[TrueBoxes], found: Sequence[FoundBoxes], class_id: int, limits: Floats
) -> NDArray[np.float64]:
    """(T,) average precision of one class."""
    scores, hits, excused, objects = [], [], [], 0
    for real, answer in zip(truth, found, strict=True):
        of_real, of_answer = real.class_ids == class_id, answer.class_ids == class_id
        crowd = _crowd(real)[of_real]
        objects += int((~crowd).sum())
        if not of_answer.any():
            continue
        order = np.argsort(-answer.scores[of_answer], kind="stable")[:MAX_DETECTIONS]
        boxes = answer.boxes_xyxy[of_answer][order]
        hit, excuse = _match(boxes, real.boxes_xyxy[of_real], crowd, limits)
        scores.append(answer.scores[of_answer][order])
        hits.append(hit)
        excused.append(excuse)
    if not scores:
        return np.zeros(len(limits))
    order = np.argsort(-np.concatenate(scores), kind="stable")
    hit, excuse = np.concatenate(hits, axis=1)[:, order], np.concatenate(excused, axis=1)[:, order]
    return np.array([_interpolated(h[~e], objects) for h, e in zip(hit, excuse, strict=True)])


def _match(boxes: Floats, real: Floats, crowd: Bools, limits: Floats) -> tuple[Bools, Bools]:
    """Which detections hit an object and which are excused by a crowd, both (T, N).

    Args:
        boxes: (N, 4) of one class and picture, the best first.
        real: (M, 4) of the same class.
        crowd: (M,).
        limits: (T,) IoU thresholds.
    """
    hit = np.zeros((len(limits), len(boxes)), np.bool_)
    excuse = np.zeros_like(hit)
    if len(real) == 0:
        return hit, excuse
    overlap = _overlap(boxes, real, crowd)
    least = np.minimum(limits, 1 - 1e-10)[:, None]
    free = np.ones((len(limits), len(real)), np.bool_)
    rows = np.arange(len(limits))
    # Of equal overlaps the last object is taken, as the reference program does.
    backwards = np.arange(len(real))[::-1]
    for number, shares in enumerate(overlap):
        near = shares >= least
        open_ = np.where(free & near & ~crowd, shares, -1.0)[:, backwards]
        best = open_.argmax(axis=1)
        taken = open_[rows, best] >= 0
        hit[:, number] = taken
        free[rows[taken], backwards[best[taken]]] = False
        excuse[:, number] = ~taken & (near & crowd).any(axis=1)
    return hit, excuse


def _overlap(boxes: Floats, real: Floats, crowd: Bools) -> NDArray[np.float64]:
    """(N, M) IoU; with a crowd the share of the box that lies in it."""
    a, b = np.asarray(boxes, np.float64)[:, None], np.asarray(real, np.float64)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.prod(np.maximum(sides, 0.0), axis=-1)
    area_a = np.prod(a[..., 2:] - a[..., :2], axis=-1)
    area_b = np.prod(b[..., 2:] - b[..., :2], axis=-1)
    whole = np.where(crowd, area_a, area_a + area_b - shared)
    shares: NDArray[np.float64] = np.zeros_like(shared)
    np.divide(shared, whole, out=shares, where=whole > 0)
    return shares


def _interpolated(hits: Bools, objects: int) -> float:
    """Mean over 101 recalls of the best precision at that recall or a higher one.

    Args:
        hits: (N,) of the detections by falling score.
        objects: How many there were to be found.
    """
    if len(hits) == 0:
        return 0.0
    found = np.cumsum(hits)
    recall, precision = found / objects, found / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, _RECALLS, side="left")
    return float(np.append(envelope, 0.0)[places].mean())


def _crowd(real: TrueBoxes) -> Bools:
    return np.zeros(len(real.class_ids), np.bool_) if real.crowd is None else real.crowd
