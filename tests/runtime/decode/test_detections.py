from __future__ import annotations

import numpy as np
import pytest

from edgecnn.core.placement import Placement
from edgecnn.errors import BackendError
from edgecnn.runtime.decode.detections import (
    MAX_CANDIDATES,
    DetectionParameters,
    ResultBuilder,
    Thresholds,
    candidates,
    strongest,
)
from edgecnn.runtime.output import Output
from tests.helpers.decoding import LETTERBOX_HD, manifest

PARAMETERS = DetectionParameters(score_threshold=0.35, iou_threshold=0.5, max_results=7)
WHOLE = Placement((320, 320), (320, 320), (1.0, 1.0), (0.0, 0.0))


def test_options_win_over_the_bundle_and_none_means_the_bundle() -> None:
    assert Thresholds.resolve(PARAMETERS, None, None, None) == Thresholds(0.35, 0.5, 7)
    assert Thresholds.resolve(PARAMETERS, 0.0, 0.0, 1) == Thresholds(0.0, 0.0, 1)


def test_a_hundred_results_unless_said_otherwise() -> None:
    assert DetectionParameters(score_threshold=0.1, iou_threshold=0.1).max_results == 100


def test_strongest_takes_the_best_and_keeps_their_order() -> None:
    scores = np.array([0.1, 0.9, 0.5, 0.9, 0.5], np.float32)
    best = strongest(scores, 3)
    assert best is not None
    assert best.tolist() == [1, 2, 3]
    assert strongest(scores, 5) is None


def test_more_candidates_than_the_cap_keep_the_best() -> None:
    scores = np.random.default_rng(0).random((600, 10)).astype(np.float32)
    places, class_ids, found = candidates(
        Output(scores[None]), scores, 0.0, activation="none", name="scores", bundle="b"
    )
    assert len(found) == MAX_CANDIDATES
    np.testing.assert_array_equal(scores[places, class_ids], found)
    assert found.min() == np.sort(scores.ravel())[-MAX_CANDIDATES]


@pytest.mark.parametrize("activation", ["none", "softmax"])
def test_skipped_columns_are_no_classes(activation: str) -> None:
    scores = np.array([[0.9, 0.05, 0.05], [0.0, 0.1, 0.9]], np.float32)
    stored = scores if activation == "none" else np.log(scores + 1e-9)
    places, class_ids, found = candidates(
        Output(stored[None]), stored, 0.5, activation=activation, name="s", bundle="b", skip=1
    )
    assert (places.tolist(), class_ids.tolist()) == ([1], [1])
    np.testing.assert_allclose(found, [0.9], atol=1e-6)


def build(boxes: object, scores: object, placement: Placement = WHOLE, limit: int = 100) -> object:
    builder = ResultBuilder(manifest("gfl", {}, labels=("a",)))
    boxes, scores = np.array(boxes, np.float32), np.array(scores, np.float32)
    classes = np.zeros(len(scores), np.int64)
    return builder(boxes, scores, classes, placement, Thresholds(0.0, 0.5, limit)).to_dict()


def test_results_fall_by_score_and_end_at_the_limit() -> None:
    boxes = [[0, 0, 9, 9], [20, 20, 29, 29], [40, 40, 49, 49]]
    assert build(boxes, [0.3, 0.9, 0.6], limit=2) == {
        "boxes_xyxy": [[20, 20, 29, 29], [40, 40, 49, 49]],
        "scores": [0.9, 0.6],
        "class_ids": [0, 0],
        "labels": ["a", "a"],
    }


def test_a_box_in_the_letterbox_bar_does_not_use_up_the_limit() -> None:
    boxes = [[10, 10, 50, 60], [100, 100, 200, 200]]
    found = build(boxes, [0.9, 0.4], LETTERBOX_HD, limit=1)
    assert isinstance(found, dict)
    assert found["boxes_xyxy"] == [[400, 120, 800, 520]]


def test_nan_boxes_are_refused() -> None:
    with pytest.raises(BackendError, match="NaN"):
        build([[0, 0, np.nan, 5]], [0.9])
