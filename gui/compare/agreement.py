"""How far two answers about the same picture are the same: one share, and a yes or no.

The figures are those of `edgecnn.evaluation.agreement`, by which `edgecnn verify` judges as well;
only regions are compared more closely, because here the whole maps are at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from edgecnn.core.results import Classification, Detections, Faces, Result, Segmentation
from edgecnn.evaluation.agreement import compare
from edgecnn.evaluation.matching import match_boxes

SAME_MASK_IOU = 0.9
"""Regions that overlap so far are called the same: their edges differ by a pixel or two."""
_BACKGROUND = frozenset({"background", "other"})


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two answers have in common.

    Attributes:
        share: 0..1: of classes 1 for the same first one; of boxes the F1 of partners; of regions
            their IoU.
        same: Whether people would call the two answers the same.
        words: The share in the words of its task.
        empty: Neither found anything, which is the easiest way to agree.
    """

    share: float
    same: bool
    words: str
    empty: bool = False


def agreement(first: Result, second: Result, threshold: float = 0.5) -> Agreement | None:
    """Compare two answers about one picture.

    Args:
        first: The answer that the other is held against.
        second: Of the same kind.
        threshold: Probability from which a place belongs to a region, 0..1.

    Returns:
        None where the two are of different kinds, or of a kind that is not compared.
    """
    if isinstance(first, Classification) and isinstance(second, Classification):
        return _classes(first, second)
    if isinstance(first, Detections) and isinstance(second, Detections):
        return _boxes("detect", first, second)
    if isinstance(first, Faces) and isinstance(second, Faces):
        return _boxes("detect_faces", first, second)
    if isinstance(first, Segmentation) and isinstance(second, Segmentation):
        return _regions(first, second, threshold)
    return None


def _classes(first: Classification, second: Classification) -> Agreement:
    """By name: two models may number the same class differently."""
    tops = (first.labels[:1], second.labels[:1])
    same = tops[0] == tops[1]
    if same:
        return Agreement(1.0, True, "same first class")
    named = [top[0] if top else "nothing" for top in tops]
    return Agreement(0.0, False, f"{named[0]} or {named[1]}")


def _boxes(task: str, first: Detections | Faces, second: Detections | Faces) -> Agreement:
    plain = [first.to_dict(), second.to_dict()]
    numbers: dict[str, int] = {}
    if isinstance(first, Detections) and isinstance(second, Detections):
        for answer in plain:
            answer["class_ids"] = [
                numbers.setdefault(name, len(numbers)) for name in answer["labels"]
            ]
    counts = len(first), len(second)
    if not any(counts):
        return Agreement(1.0, True, "nothing in either", empty=True)
    partners = round(counts[0] * (1 - compare(task, *plain)["missed"]))
    share = 2 * partners / sum(counts)
    overlap = _mean_overlap(plain)
    words = f"{partners} of {max(counts)} boxes the same"
    return Agreement(share, share == 1.0, f"{words}, IoU {overlap:.2f}" if partners else words)


def _mean_overlap(plain: list[dict[str, Any]]) -> float:
    """Mean IoU of partners; 0 without any."""
    boxes = [np.asarray(one["boxes_xyxy"], np.float64).reshape(-1, 4) for one in plain]
    classes = [
        np.asarray(one.get("class_ids", [0] * len(one["scores"])), np.int64) for one in plain
    ]
    pairs = match_boxes(boxes[0], boxes[1], classes[0], classes[1])
    if not len(pairs):
        return 0.0
    a, b = boxes[0][pairs[:, 0]], boxes[1][pairs[:, 1]]
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    shared = np.prod(np.maximum(sides, 0), axis=1)
    areas = np.prod(a[:, 2:] - a[:, :2], axis=1) + np.prod(b[:, 2:] - b[:, :2], axis=1)
    return float(np.mean(shared / (areas - shared)))


def _regions(first: Segmentation, second: Segmentation, threshold: float) -> Agreement:
    """IoU over the regions of all classes that both have, background left out."""
    shared = [name for name in first.labels if name in second.labels and name not in _BACKGROUND]
    if not shared:
        return Agreement(0.0, False, "no class in common")
    both = either = 0
    for name in shared:
        one, other = (answer.probabilities[answer.labels.index(name)] for answer in (first, second))
        if one.shape != other.shape:
            other = np.asarray(cv2.resize(other, one.shape[::-1]), np.float32)
        masks = one >= threshold, other >= threshold
        both += int((masks[0] & masks[1]).sum())
        either += int((masks[0] | masks[1]).sum())
    if not either:
        return Agreement(1.0, True, "nothing in either", empty=True)
    iou = both / either
    return Agreement(iou, iou >= SAME_MASK_IOU, f"IoU of the regions {iou:.3f}")
