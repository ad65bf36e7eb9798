"""Which box of one answer is which box of another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]


def match_boxes(
    boxes_a_xyxy: Floats,
    boxes_b_xyxy: Floats,
    classes_a: Ints | None = None,
    classes_b: Ints | None = None,
    *,
    iou_threshold: float = 0.5,
) -> Ints:
    """Pair boxes one to one, the best overlap first.

    Args:
        boxes_a_xyxy: (N, 4) pixels.
        boxes_b_xyxy: (M, 4) pixels.
        classes_a: (N,) int64; with ``classes_b``, only boxes of one class are paired.
        classes_b: (M,) int64.
        iou_threshold: Pairs overlap at least this much.

    Returns:
        (P, 2) int64, rows of (index into a, index into b), by falling overlap.
    """
    overlap = _iou(boxes_a_xyxy, boxes_b_xyxy)
    if classes_a is not None and classes_b is not None:
        overlap = np.where(classes_a[:, None] == classes_b[None, :], overlap, -1.0)
    candidates = np.argwhere(overlap >= iou_threshold)
    order = np.argsort(-overlap[candidates[:, 0], candidates[:, 1]], kind="stable")
    free_a = np.ones(len(boxes_a_xyxy), np.bool_)
    free_b = np.ones(len(boxes_b_xyxy), np.bool_)
    pairs = []
    for a, b in candidates[order]:
        if free_a[a] and free_b[b]:
            free_a[a] = free_b[b] = False
            pairs.append((a, b))
    return np.asarray(pairs, np.int64).reshape(-1, 2)


def _iou(boxes_a_xyxy: Floats, boxes_b_xyxy: Floats) -> NDArray[np.float64]:
    """(N, M) intersection over union in float64; 0 where both boxes are empty.

    `evaluation` stands beside `core.overlap`, not on it: what judges a result shares no code with
    what made it.
    """
    a = np.asarray(boxes_a_xyxy, np.float64)[:, None, :]
    b = np.asarray(boxes_b_xyxy, np.float64)[None, :, :]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.prod(np.maximum(sides, 0.0), axis=-1)
    area_a = np.prod(np.maximum(a[..., 2:] - a[..., :2], 0.0), axis=-1)
    area_b = np.prod(np.maximum(b[..., 2:] - b[..., :2], 0.0), axis=-1)
    union: NDArray[np.float64] = area_a + area_b - shared
    overlap: NDArray[np.float64] = np.zeros_like(union)
    np.divide(shared, union, out=overlap, where=union > 0)
    return overlap
