from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecnn.errors import BackendError, BundleError
from edgecnn.runtime.decode.centernet import CenterNetDecoder
from edgecnn.runtime.output import Output
from tests.helpers.decoding import (
    LETTERBOX_HD,
    Candidate,
    manifest,
    plain_detections,
    plain_sigmoid,
    real,
    stored,
)

SIDE, STRIDE, CLASSES = 20, 16, 3
PARAMETERS: dict[str, Any] = {"stride": STRIDE, "activation": "sigmoid", "score_threshold": 0.3}


def random_outputs(seed: int, dtype: str, activation: str) -> dict[str, Output]:
    random = np.random.default_rng(seed)
    shape = (1, SIDE, SIDE, CLASSES)
    heat = random.normal(0, 2, shape) if activation == "sigmoid" else random.random(shape)
    return {
        "heatmap": stored(heat, dtype),
        "size": stored(random.uniform(1, 8, (1, SIDE, SIDE, 2)), dtype),
        "offset": stored(random.random((1, SIDE, SIDE, 2)), dtype),
    }


def is_peak(heat: Any, y: int, x: int, class_id: int) -> bool:
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            ny, nx = y + dy, x + dx
            if (dy, dx) == (0, 0) or not (0 <= ny < SIDE and 0 <= nx < SIDE):
                continue
            if heat[ny, nx, class_id] > heat[y, x, class_id]:
                return False
            if heat[ny, nx, class_id] == heat[y, x, class_id] and (ny, nx) < (y, x):
                return False
    return True


def reference(
    outputs: dict[str, Output], activation: str, axes: str, score_threshold: float
) -> list[Candidate]:
    heat, size, offset = (real(outputs[name])[0] for name in ("heatmap", "size", "offset"))
    found: list[Candidate] = []
    for y in range(SIDE):
        for x in range(SIDE):
            for class_id in range(CLASSES):
                score = float(heat[y, x, class_id])
                score = plain_sigmoid(score) if activation == "sigmoid" else score
                if score < score_threshold or not is_peak(heat, y, x, class_id):
                    continue
                w, h = size[y, x] if axes == "xy" else size[y, x][::-1]
                dx, dy = offset[y, x] if axes == "xy" else offset[y, x][::-1]
                cx, cy = x + dx, y + dy
                left, top = (cx - w / 2) * STRIDE, (cy - h / 2) * STRIDE
                right, bottom = (cx + w / 2) * STRIDE, (cy + h / 2) * STRIDE
                found.append(((left, top, right, bottom), score, class_id))
    return found


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("activation", ["none", "sigmoid"])
@pytest.mark.parametrize("axes", ["xy", "yx"])
@pytest.mark.parametrize("score_threshold", [0.0, 0.6, 0.9, 1.0])
@pytest.mark.parametrize("iou_threshold", [None, 0.3])
def test_answers_as_a_plain_loop_does(
    dtype: str, activation: str, axes: str, score_threshold: float, iou_threshold: float | None
) -> None:
    outputs = random_outputs(6, dtype, activation)
    parameters = PARAMETERS | {"activation": activation, "axes": axes}
    decode = CenterNetDecoder(manifest("centernet", parameters, labels=("a", "b", "c")))
    found = decode(
        outputs, LETTERBOX_HD, score_threshold=score_threshold, iou_threshold=iou_threshold
    )
    candidates = reference(outputs, activation, axes, score_threshold)
    limit = 1.0 if iou_threshold is None else iou_threshold
    expected = plain_detections(candidates, LETTERBOX_HD, limit, 100)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.scores, [score for _, score, _ in expected], atol=1e-6)
    assert found.class_ids.tolist() == [class_id for _, _, class_id in expected]
    boxes = np.array([box for box, _, _ in expected]).reshape(-1, 4)
    np.testing.assert_allclose(found.boxes_xyxy, boxes, atol=1e-2)


def test_a_flat_hill_is_one_object() -> None:
    outputs = random_outputs(0, "float32", "none")
    outputs["heatmap"].data[:] = 0
    outputs["heatmap"].data[0, 9:11, 9:11, 1] = 0.8
    parameters = PARAMETERS | {"activation": "none"}
    found = CenterNetDecoder(manifest("centernet", parameters))(outputs, LETTERBOX_HD)
    assert [d.label for d in found] == ["#1"]


def test_objects_in_the_corners_are_found() -> None:
    outputs = random_outputs(0, "float32", "none")
    outputs["heatmap"].data[:] = 0
    outputs["size"].data[:] = 18
    for y, x in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        outputs["heatmap"].data[0, y, x, 0] = 0.8
    parameters = PARAMETERS | {"activation": "none"}
    assert len(CenterNetDecoder(manifest("centernet", parameters))(outputs, LETTERBOX_HD)) == 4


@pytest.mark.parametrize("name", ["heatmap", "size", "offset"])
def test_nan_is_refused(name: str) -> None:
    outputs = random_outputs(0, "float32", "sigmoid")
    outputs[name].data[:] = np.nan
    with pytest.raises(BackendError, match="NaN"):
        CenterNetDecoder(manifest("centernet", PARAMETERS))(outputs, LETTERBOX_HD)


@pytest.mark.parametrize("name", ["heatmap", "size", "offset"])
def test_a_map_of_another_size_is_refused(name: str) -> None:
    outputs = random_outputs(0, "float32", "sigmoid")
    outputs[name] = Output(outputs[name].data[:, 1:])
    with pytest.raises(BundleError, match=rf"'{name}' of shape \(1, 20, 20, "):
        CenterNetDecoder(manifest("centernet", PARAMETERS))(outputs, LETTERBOX_HD)
