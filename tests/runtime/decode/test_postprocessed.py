from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecnn.core.placement import Placement
from edgecnn.errors import BackendError, BundleError
from edgecnn.runtime.decode.postprocessed import PostprocessedDecoder
from edgecnn.runtime.output import Output
from tests.helpers.decoding import LETTERBOX_HD, manifest, stored

PLAIN = Placement((100, 50), (320, 320), (3.2, 6.4), (0.0, 0.0))
LABELS = ("cat", "dog")


def _decoder(**parameters: Any) -> PostprocessedDecoder:
    wanted = {"score_threshold": 0.5} | parameters
    return PostprocessedDecoder(manifest("ssd_postprocessed", wanted, labels=LABELS))


def _rows(dtype: str = "float32", count: float = 3) -> dict[str, Output]:
    """Three rows, y_min x_min y_max x_max in shares."""
    boxes = [[[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 1.0, 1.0], [0.0, 0.0, 0.2, 0.2]]]
    return {
        "boxes": stored(np.array(boxes), dtype),
        "classes": stored(np.array([[1.0, 0.0, 1.0]]), dtype),
        "scores": stored(np.array([[0.9, 0.8, 0.7]]), dtype),
        "count": Output(np.array([count], np.float32)),
    }


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
def test_rows_of_the_operator_become_boxes_of_the_picture(dtype: str) -> None:
    found = _decoder()(_rows(dtype), PLAIN)
    assert found.labels == ("dog", "cat", "dog")
    np.testing.assert_allclose(found.scores, [0.9, 0.8, 0.7], atol=0.005)
    wanted = [[20, 5, 40, 15], [50, 25, 100, 50], [0, 0, 20, 10]]
    np.testing.assert_allclose(found.boxes_xyxy, wanted, atol=0.6)


def test_only_the_rows_that_count_are_read() -> None:
    assert len(_decoder()(_rows(count=2), PLAIN)) == 2
    assert len(_decoder()(_rows(count=0), PLAIN)) == 0
    assert len(_decoder()(_rows(count=99), PLAIN)) == 3


def test_options_raise_the_threshold_suppress_again_and_limit() -> None:
    outputs = _rows()
    outputs["boxes"] = Output(np.tile(np.float32([0.1, 0.1, 0.9, 0.9]), (1, 3, 1)))
    decoder = _decoder()
    assert len(decoder(outputs, PLAIN)) == 3
    assert len(decoder(outputs, PLAIN, iou_threshold=0.5)) == 2
    assert len(decoder(outputs, PLAIN, score_threshold=0.75)) == 2
    assert len(decoder(outputs, PLAIN, max_results=1)) == 1


def test_the_background_of_the_classes_is_left_out() -> None:
    found = _decoder(first_class=1)(_rows(), PLAIN)
    assert found.labels == ("cat", "cat")


def test_another_order_of_corners_and_pixels() -> None:
    outputs = _rows()
    outputs["boxes"] = Output(np.float32([[[32, 64, 96, 128]] * 3]))
    found = _decoder(box_order=(0, 1, 2, 3), coordinates="pixels")(outputs, PLAIN)
    np.testing.assert_allclose(found.boxes_xyxy[0], [10, 10, 30, 20])


def test_a_fifth_column_is_the_score() -> None:
    boxes = np.float32([[[32, 64, 96, 128, 0.9], [0, 0, 32, 64, 0.2]]])
    outputs = {"boxes": Output(boxes), "classes": Output(np.int64([[1, 0]]))}
    found = _decoder(box_order=(0, 1, 2, 3), coordinates="pixels")(outputs, PLAIN)
    assert found.labels == ("dog",)
    assert found.scores[0] == pytest.approx(0.9)


def test_a_table_ends_at_the_first_row_without_a_picture() -> None:
    table = np.zeros((1, 1, 4, 7), np.float32)
    table[0, 0, 0] = [0, 1, 0.9, 0.25, 0.5, 0.75, 1.0]
    table[0, 0, 1] = [0, 0, 0.3, 0.1, 0.1, 0.2, 0.2]
    table[0, 0, 2] = [-1, 0, 0, 0, 0, 0, 0]
    table[0, 0, 3] = [0, 0, 0.99, 0.1, 0.1, 0.9, 0.9]
    found = _decoder()({"detections": Output(table)}, LETTERBOX_HD)
    assert found.labels == ("dog",)
    np.testing.assert_allclose(found.boxes_xyxy, [[320, 360, 960, 720]])


def test_nonsense_is_refused_by_name() -> None:
    for name in ("boxes", "scores", "classes", "count"):
        outputs = _rows()
        broken = outputs[name].data.copy()
        broken.flat[0] = np.nan
        outputs[name] = Output(broken)
        with pytest.raises(BackendError, match="NaN"):
            _decoder()(outputs, PLAIN)
    outputs = _rows()
    outputs["scores"] = Output(np.zeros((1, 2), np.float32))
    with pytest.raises(BundleError, match=r"'scores' of shape \(1, 3\)"):
        _decoder()(outputs, PLAIN)
    with pytest.raises(BundleError, match="box_order"):
        _decoder(box_order=(0, 0, 1, 2))


def test_a_class_number_beyond_reason_stays_a_number() -> None:
    outputs = _rows()
    outputs["classes"] = Output(np.float32([[1e30, 0, 1]]))
    assert _decoder()(outputs, PLAIN).labels[0] == "#100000"
