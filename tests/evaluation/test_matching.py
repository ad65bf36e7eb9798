from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgecnn.evaluation.matching import match_boxes


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.asarray(rows, np.float32).reshape(-1, 4)


def test_each_box_gets_at_most_one_partner_and_the_best_overlap_wins() -> None:
    one = boxes((0, 0, 10, 10))
    two = boxes((0, 0, 10, 8), (0, 0, 10, 10))
    np.testing.assert_array_equal(match_boxes(one, two), [[0, 1]])


def test_boxes_of_different_classes_are_no_partners() -> None:
    box = boxes((0, 0, 10, 10))
    assert len(match_boxes(box, box, np.array([1]), np.array([2]))) == 0
    assert len(match_boxes(box, box, np.array([1]), np.array([1]))) == 1


def test_half_a_box_overlaps_just_enough() -> None:
    whole, half = boxes((0, 0, 10, 10)), boxes((0, 0, 10, 5))
    assert len(match_boxes(whole, half, iou_threshold=0.5)) == 1
    assert len(match_boxes(whole, half, iou_threshold=0.51)) == 0


def test_empty_boxes_and_empty_answers_match_nothing() -> None:
    point = boxes((3, 3, 3, 3))
    assert match_boxes(point, point).shape == (0, 2)
    assert match_boxes(boxes(), point).shape == (0, 2)


def test_nan_boxes_match_nothing() -> None:
    bad = boxes((np.nan, 0, 10, 10))
    assert len(match_boxes(bad, bad)) == 0


@given(st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_a_shuffled_answer_finds_every_partner(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.permutation(400)[:count]
    left_top = np.stack([corners % 20, corners // 20], axis=1) * 10.0
    apart = np.hstack([left_top, left_top + 9.0]).astype(np.float32)
    order = rng.permutation(count)
    pairs = match_boxes(apart, apart[order])
    assert sorted(map(tuple, pairs)) == sorted((order[i], i) for i in range(count))
