from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from edgecnn.core.overlap import class_wise_nms, iou_matrix, soft_nms, weighted_nms
from tests.helpers.decoding import plain_iou, plain_nms


def crowd(seed: int, count: int, classes: int = 3) -> tuple[Any, Any, Any]:
    """Boxes around a few places, with scores of which some are equal, and classes."""
    random = np.random.default_rng(seed)
    places = random.uniform(50, 400, (max(count // 6, 1), 2))
    centres = places[random.integers(0, len(places), count)] + random.normal(0, 8, (count, 2))
    half = random.uniform(15, 40, (count, 2))
    boxes = np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)
    scores = np.round(random.random(count), 2).astype(np.float32)
    return boxes, scores, random.integers(0, classes, count)


def test_iou_matrix_is_plain_iou_of_each_pair() -> None:
    boxes, _, _ = crowd(1, 25)
    others, _, _ = crowd(1, 40)
    matrix = iou_matrix(boxes, others)
    assert matrix.shape == (25, 40)
    assert matrix.dtype == np.float32
    for i, box in enumerate(boxes.tolist()):
        for j, other in enumerate(others.tolist()):
            assert matrix[i, j] == pytest.approx(plain_iou(tuple(box), tuple(other)), abs=1e-5)


def test_iou_of_the_same_of_a_quarter_and_of_apart() -> None:
    box = np.array([[0, 0, 2, 2]], np.float32)
    others = np.array([[0, 0, 2, 2], [0, 0, 1, 1], [2, 0, 4, 2], [9, 9, 9, 9]], np.float32)
    np.testing.assert_allclose(iou_matrix(box, others), [[1, 0.25, 0, 0]])


def test_boxes_without_area_overlap_nothing() -> None:
    boxes = np.array([[1, 1, 1, 5], [3, 3, 2, 2]], np.float32)
    np.testing.assert_array_equal(iou_matrix(boxes, boxes), np.zeros((2, 2)))


@pytest.mark.parametrize("count", [0, 1, 2, 30, 191, 192, 193, 400])
@pytest.mark.parametrize("iou_threshold", [0.0, 0.3, 0.7, 1.0])
def test_class_wise_nms_keeps_what_a_plain_loop_keeps(count: int, iou_threshold: float) -> None:
    boxes, scores, class_ids = crowd(7, count)
    found = [
        ((b[0], b[1], b[2], b[3]), s, c)
        for b, s, c in zip(boxes.tolist(), scores.tolist(), class_ids.tolist(), strict=True)
    ]
    expected = plain_nms(found, iou_threshold)
    kept = class_wise_nms(boxes, scores, class_ids, iou_threshold=iou_threshold)
    assert [found[index] for index in kept] == expected


def test_without_classes_every_box_competes() -> None:
    boxes, scores, class_ids = crowd(3, 60)
    alone = class_wise_nms(boxes, scores, iou_threshold=0.4)
    one_class = class_wise_nms(boxes, scores, np.zeros(60, np.int64), iou_threshold=0.4)
    np.testing.assert_array_equal(alone, one_class)
    assert len(alone) < len(class_wise_nms(boxes, scores, class_ids, iou_threshold=0.4))


def test_of_equal_boxes_with_equal_scores_the_first_stays() -> None:
    boxes = np.tile(np.array([[0, 0, 9, 9]], np.float32), (3, 1))
    kept = class_wise_nms(boxes, np.full(3, 0.5, np.float32), iou_threshold=0.5)
    assert kept.tolist() == [0]


def test_kept_boxes_never_overlap_more_than_allowed() -> None:
    boxes, scores, _ = crowd(12, 300)
    kept = boxes[class_wise_nms(boxes, scores, iou_threshold=0.25)]
    overlaps = iou_matrix(kept, kept)
    np.fill_diagonal(overlaps, 0)
    assert overlaps.max() <= 0.25


def test_suppression_leaves_its_inputs_alone() -> None:
    boxes, scores, class_ids = crowd(2, 20)
    before = boxes.copy(), scores.copy(), class_ids.copy()
    class_wise_nms(boxes, scores, class_ids, iou_threshold=0.3)
    weighted_nms(boxes, scores, boxes.reshape(-1, 2, 2), iou_threshold=0.3)
    soft_nms(boxes, scores)
    for now, then in zip((boxes, scores, class_ids), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_weighted_nms_averages_boxes_and_points_by_score() -> None:
    boxes = np.array([[0, 0, 10, 10], [100, 100, 110, 110], [2, 2, 12, 12]], np.float32)
    scores = np.array([0.75, 0.5, 0.25], np.float32)
    points = np.array([[[4, 4]], [[105, 105]], [[8, 8]]], np.float32)
    merged, best, averaged = weighted_nms(boxes, scores, points, iou_threshold=0.3)
    np.testing.assert_allclose(merged, [[0.5, 0.5, 10.5, 10.5], [100, 100, 110, 110]])
    np.testing.assert_allclose(best, [0.75, 0.5])
    np.testing.assert_allclose(averaged, [[[5, 5]], [[105, 105]]])


@pytest.mark.parametrize("points", [1, 6])
def test_weighted_nms_of_nothing_is_nothing(points: int) -> None:
    empty = np.empty((0, 4), np.float32)
    merged, scores, averaged = weighted_nms(
        empty, np.empty(0, np.float32), np.empty((0, points, 2), np.float32), iou_threshold=0.3
    )
    assert merged.shape == (0, 4)
    assert scores.shape == (0,)
    assert averaged.shape == (0, points, 2)


def test_weighted_nms_ends_even_with_boxes_without_area() -> None:
    boxes = np.zeros((4, 4), np.float32)
    merged, _, _ = weighted_nms(
        boxes, np.ones(4, np.float32), np.zeros((4, 1, 2), np.float32), iou_threshold=0.3
    )
    assert len(merged) == 4


@pytest.mark.parametrize("method", ["linear", "gaussian"])
@pytest.mark.parametrize("threshold", [0.001, 0.3])
def test_soft_nms_lowers_scores_as_a_plain_loop_does(method: Any, threshold: float) -> None:
    boxes, scores, _ = crowd(5, 60)
    waiting = [
        [tuple(b), s, i] for i, (b, s) in enumerate(zip(boxes.tolist(), scores, strict=True))
    ]
    expected: list[tuple[int, float]] = []
    while waiting:
        best = max(waiting, key=lambda entry: (entry[1], -entry[2]))
        if best[1] < threshold:
            break
        waiting.remove(best)
        expected.append((best[2], best[1]))
        for entry in waiting:
            overlap = plain_iou(entry[0], best[0])
            if method == "gaussian":
                entry[1] *= math.exp(-(overlap**2) / 0.5)
            elif overlap > 0.3:
                entry[1] *= 1 - overlap
    indices, lowered = soft_nms(boxes, scores, method=method, score_threshold=threshold)
    assert indices.tolist() == [index for index, _ in expected]
    np.testing.assert_allclose(lowered, [score for _, score in expected], rtol=1e-3)


def test_soft_nms_leaves_lonely_boxes_as_they_are() -> None:
    boxes = np.array([[0, 0, 5, 5], [50, 50, 60, 60]], np.float32)
    indices, lowered = soft_nms(boxes, np.array([0.4, 0.9], np.float32))
    assert indices.tolist() == [1, 0]
    np.testing.assert_allclose(lowered, [0.9, 0.4])
