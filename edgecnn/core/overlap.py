"""How much boxes overlap, and what to keep of boxes that overlap: hard, weighted and soft NMS.

All functions take boxes as (N, 4) ``xyxy`` in one unit and scores as (N,), and break ties between
equal scores in favour of the earlier box, so that the same input always gives the same answer.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_WHOLE_MATRIX = 192
"""Up to so many boxes one matrix over all classes is quicker than one matrix a class."""


def iou_matrix(boxes_xyxy: Floats, others_xyxy: Floats) -> Floats:
    """Intersection over union of each box with each other box.

    Args:
        boxes_xyxy: (N, 4).
        others_xyxy: (M, 4).

    Returns:
        (N, M) float32, 0..1. A box without area overlaps nothing, not even itself.
    """
    x0, y0, x1, y1 = np.ascontiguousarray(boxes_xyxy.T, np.float32)[:, :, None]
    u0, v0, u1, v1 = np.ascontiguousarray(others_xyxy.T, np.float32)
    width = np.minimum(x1, u1)
    width -= np.maximum(x0, u0)
    height = np.minimum(y1, v1)
    height -= np.maximum(y0, v0)
    np.maximum(width, 0, out=width)
    np.maximum(height, 0, out=height)
    intersection: Floats = np.multiply(width, height, out=width)
    union = np.maximum(x1 - x0, 0) * np.maximum(y1 - y0, 0) + (
        np.maximum(u1 - u0, 0) * np.maximum(v1 - v0, 0)
    )
    union -= intersection
    np.maximum(union, np.finfo(np.float32).tiny, out=union)
    intersection /= union
    return intersection


def _falling(scores: Floats) -> Ints:
    return np.argsort(-scores, kind="stable")


def _suppress(boxes_xyxy: Floats, class_ids: Ints | None, iou_threshold: float) -> list[int]:
    """Greedy NMS of boxes that are in falling order already; positions of those kept."""
    count = len(boxes_xyxy)
    hits = iou_matrix(boxes_xyxy, boxes_xyxy) > np.float32(iou_threshold)
    if class_ids is not None:
        hits &= class_ids[:, None] == class_ids
    # One Python integer a row, one bit a box: the greedy pass is then a shift and an "or" a box,
    # which beats numpy calls on rows of this length.
    packed = np.packbits(hits, axis=1, bitorder="little")
    stride, raw = packed.shape[1], packed.tobytes()
    dropped, kept = 0, []
    for index in range(count):
        if not dropped >> index & 1:
            kept.append(index)
            dropped |= int.from_bytes(raw[index * stride : (index + 1) * stride], "little")
    return kept


def class_wise_nms(
    boxes_xyxy: Floats,
    scores: Floats,
    class_ids: Ints | None = None,
    *,
    iou_threshold: float,
) -> Ints:
    """Greedy non-maximum suppression: of boxes of one class that overlap, the best scored stays.

    Args:
        boxes_xyxy: (N, 4).
        scores: (N,).
        class_ids: (N,) classes that do not suppress one another; None when there is only one.
        iou_threshold: A box goes when its IoU with a kept better one is greater than this.

    Returns:
        (K,) int64 indices of the boxes that stay, by falling score.
    """
    order = _falling(scores)
    if len(order) < 2 or iou_threshold >= 1.0:
        return order
    boxes = boxes_xyxy[order]
    if class_ids is None:
        return order[_suppress(boxes, None, iou_threshold)]
    classes = class_ids[order]
    if len(order) <= _WHOLE_MATRIX:
        return order[_suppress(boxes, classes, iou_threshold)]
    kept: list[int] = []
    for class_id in np.unique(classes):
        members = np.flatnonzero(classes == class_id)
        kept.extend(members[_suppress(boxes[members], None, iou_threshold)].tolist())
    return order[sorted(kept)]


def weighted_nms(
    boxes_xyxy: Floats, scores: Floats, points_xy: Floats, *, iou_threshold: float
) -> tuple[Floats, Floats, Floats]:
    """Merge overlapping boxes, and their points, into averages weighted by score.

    Averaging what a regressor says at neighbouring places halves the jitter of faces in video.

    Reference: Bazarevsky et al. 2019, "BlazeFace", section 3.4. The merged box keeps the score of
    its best member. A box joins the best box that it overlaps, and only that.

    Args:
        boxes_xyxy: (N, 4).
        scores: (N,), positive.
        points_xy: (N, P, 2) landmarks.
        iou_threshold: Boxes whose IoU with the best one is greater than this are merged into it.

    Returns:
        Boxes (K, 4), scores (K,) and points (K, P, 2), float32, by falling score.
    """
    order = _falling(scores)
    flat = points_xy.reshape(len(points_xy), points_xy.shape[1] * points_xy.shape[2])
    columns = np.concatenate([boxes_xyxy, flat], axis=1)[order]
    weights = scores[order].astype(np.float32, copy=False)
    hits = iou_matrix(columns[:, :4], columns[:, :4]) > np.float32(iou_threshold)
    # A box without area overlaps nothing by the definition above, but belongs to itself.
    np.fill_diagonal(hits, True)
    free = np.ones(len(order), np.bool_)
    leaders: list[int] = []
    merged: list[Floats] = []
    for index in range(len(order)):
        if free[index]:
            members = np.flatnonzero(hits[index] & free)
            free[members] = False
            leaders.append(index)
            shares = weights[members] / weights[members].sum()
            merged.append(shares @ columns[members])
    averaged = np.array(merged, np.float32).reshape(len(leaders), columns.shape[1])
    return averaged[:, :4], weights[leaders], averaged[:, 4:].reshape(-1, *points_xy.shape[1:])


def soft_nms(
    boxes_xyxy: Floats,
    scores: Floats,
    *,
    method: Literal["linear", "gaussian"] = "gaussian",
    iou_threshold: float = 0.3,
    sigma: float = 0.5,
    score_threshold: float = 0.001,
) -> tuple[Ints, Floats]:
    """Lower the scores of boxes that overlap better ones, instead of dropping them.

    For crowds, where two people may well overlap by half. One class at a time.

    Reference: Bodla et al. 2017, "Soft-NMS: Improving Object Detection With One Line of Code".

    Args:
        boxes_xyxy: (N, 4).
        scores: (N,).
        method: ``linear`` multiplies by ``1 - IoU`` where IoU is above ``iou_threshold``;
            ``gaussian`` by ``exp(-IoU^2 / sigma)`` everywhere.
        iou_threshold: For ``linear``.
        sigma: For ``gaussian``.
        score_threshold: Boxes whose lowered score is below this are dropped.

    Returns:
        (K,) int64 indices in the order they were chosen, and (K,) float32 lowered scores, falling.
    """
    overlaps = iou_matrix(boxes_xyxy, boxes_xyxy)
    if method == "linear":
        decay = np.where(overlaps > iou_threshold, 1 - overlaps, 1).astype(np.float32)
    else:
        decay = np.exp(-(overlaps**2) / np.float32(sigma))
    lowered = scores.astype(np.float32)
    waiting = np.ones(len(lowered), np.bool_)
    chosen: list[int] = []
    while waiting.any():
        best = int(np.argmax(np.where(waiting, lowered, -np.inf)))
        if lowered[best] < score_threshold:
            break
        chosen.append(best)
        waiting[best] = False
        lowered[waiting] *= decay[best, waiting]
    indices = np.array(chosen, np.int64)
    return indices, lowered[indices]
