from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgecnn.core import boxes as module
from edgecnn.core.boxes import (
    box_areas,
    clip_boxes,
    cxcywh_from_xyxy,
    scale_boxes,
    xyxy_from_cxcywh,
    xyxy_from_yxhw,
    yxhw_from_xyxy,
)

numbers = st.floats(-2000, 2000, width=32)
many_boxes = arrays(np.float32, st.tuples(st.integers(0, 6), st.just(4)), elements=numbers)


@given(many_boxes)
def test_conversions_come_back(boxes: Any) -> None:
    np.testing.assert_allclose(cxcywh_from_xyxy(xyxy_from_cxcywh(boxes)), boxes, atol=1e-2)
    np.testing.assert_allclose(yxhw_from_xyxy(xyxy_from_yxhw(boxes)), boxes, atol=1e-2)


def test_conversions_keep_the_order_that_their_names_say() -> None:
    np.testing.assert_array_equal(xyxy_from_cxcywh([[10, 20, 4, 6]]), [[8, 17, 12, 23]])
    np.testing.assert_array_equal(xyxy_from_yxhw([[20, 10, 6, 4]]), [[8, 17, 12, 23]])
    np.testing.assert_array_equal(cxcywh_from_xyxy([[8, 17, 12, 23]]), [[10, 20, 4, 6]])
    np.testing.assert_array_equal(yxhw_from_xyxy([[8, 17, 12, 23]]), [[20, 10, 6, 4]])


@given(many_boxes)
def test_clipped_boxes_lie_in_the_picture_and_stay_as_they_are_inside(boxes: Any) -> None:
    clipped = clip_boxes(boxes, (640, 480))
    assert np.all((clipped >= 0) & (clipped <= [640, 480, 640, 480]))
    inside = np.all((boxes >= 0) & (boxes <= [640, 480, 640, 480]), axis=1)
    np.testing.assert_array_equal(clipped[inside], boxes[inside])


def test_scaling_takes_x_and_y_apart() -> None:
    np.testing.assert_array_equal(scale_boxes([[1, 2, 3, 4]], (10, 100)), [[10, 200, 30, 400]])


def test_areas_of_ordinary_empty_and_inverted_boxes() -> None:
    boxes = [[0, 0, 2, 3], [5, 5, 5, 9], [4, 4, 1, 1]]
    np.testing.assert_array_equal(box_areas(boxes), [6, 0, 0])


@pytest.mark.parametrize(
    "function",
    [
        xyxy_from_cxcywh,
        cxcywh_from_xyxy,
        xyxy_from_yxhw,
        yxhw_from_xyxy,
        box_areas,
        lambda boxes: clip_boxes(boxes, (2, 2)),
        lambda boxes: scale_boxes(boxes, (3, 3)),
    ],
)
def test_input_is_left_alone_and_the_result_is_float32(function: Callable[[Any], Any]) -> None:
    boxes = np.arange(8, dtype=np.float32).reshape(2, 4)
    before = boxes.copy()
    result = function(boxes)
    np.testing.assert_array_equal(boxes, before)
    assert result.dtype == np.float32
    assert not np.shares_memory(result, boxes)
    assert len(function(np.empty((0, 4), np.float32))) == 0


@pytest.mark.parametrize("shape", [(4,), (2, 3), (1, 2, 4)])
def test_what_is_not_boxes_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"shape \(N, 4\), but got"):
        module.box_areas(np.zeros(shape))
