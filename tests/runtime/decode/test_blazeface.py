from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecnn.core.placement import Placement
from edgecnn.errors import BackendError, BundleError
from edgecnn.runtime.decode.blazeface import BlazeFaceDecoder
from edgecnn.runtime.output import Output
from tests.helpers.decoding import (
    Box,
    manifest,
    plain_iou,
    plain_sigmoid,
    plain_to_picture,
    real,
    stored,
)

SIZE = 128
GRIDS = [[8, 2], [4, 3]]
ANCHORS = 8 * 8 * 2 + 4 * 4 * 3
PARAMETERS: dict[str, Any] = {"grids": GRIDS, "score_threshold": 0.5, "iou_threshold": 0.3}
PLACEMENT = Placement((640, 480), (SIZE, SIZE), (0.2, 0.2), (0.0, 16.0))
WHOLE = Placement((SIZE, SIZE), (SIZE, SIZE), (1.0, 1.0), (0.0, 0.0))

Face = tuple[Box, float, list[tuple[float, float]]]


def anchors() -> list[tuple[float, float]]:
    centres = []
    for side, repeats in GRIDS:
        for y in range(side):
            for x in range(side):
                centres += [((x + 0.5) / side * SIZE, (y + 0.5) / side * SIZE)] * repeats
    return centres


def random_outputs(seed: int, dtype: str) -> dict[str, Output]:
    random = np.random.default_rng(seed)
    regressors = random.normal(0, 3, (1, ANCHORS, 16))
    regressors[..., 2:4] = random.uniform(20, 40, (1, ANCHORS, 2))
    logits = random.normal(-1, 2, (1, ANCHORS, 1))
    return {"regressors": stored(regressors, dtype), "logits": stored(logits, dtype)}


def reference(
    outputs: dict[str, Output], score_threshold: float, iou_threshold: float
) -> list[Face]:
    regressors, logits = real(outputs["regressors"])[0], real(outputs["logits"])[0]
    found: list[Face] = []
    for (ax, ay), r, logit in zip(anchors(), regressors.tolist(), logits.tolist(), strict=True):
        score = plain_sigmoid(logit[0])
        if score >= score_threshold:
            x, y, w, h = ax + r[0], ay + r[1], r[2], r[3]
            points = [(ax + r[4 + 2 * k], ay + r[5 + 2 * k]) for k in range(6)]
            found.append(((x - w / 2, y - h / 2, x + w / 2, y + h / 2), score, points))
    waiting = sorted(found, key=lambda face: -face[1])
    merged: list[Face] = []
    while waiting:
        best = waiting[0]
        group = [face for face in waiting if plain_iou(face[0], best[0]) > iou_threshold]
        waiting = [face for face in waiting if face not in group]
        total = sum(score for _, score, _ in group)
        box = [sum(face[0][k] * face[1] for face in group) / total for k in range(4)]
        points = [
            (
                sum(face[2][k][0] * face[1] for face in group) / total,
                sum(face[2][k][1] * face[1] for face in group) / total,
            )
            for k in range(6)
        ]
        merged.append(((box[0], box[1], box[2], box[3]), best[1], points))
    return merged


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("score_threshold", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("iou_threshold", [0.1, 0.5])
def test_answers_as_a_plain_loop_does(
    dtype: str, score_threshold: float, iou_threshold: float
) -> None:
    outputs = random_outputs(9, dtype)
    decode = BlazeFaceDecoder(manifest("blazeface", PARAMETERS, size_wh=(SIZE, SIZE)))
    found = decode(outputs, PLACEMENT, score_threshold=score_threshold, iou_threshold=iou_threshold)
    expected = [
        (plain_to_picture(box, PLACEMENT), score, points)
        for box, score, points in reference(outputs, score_threshold, iou_threshold)
    ]
    expected = [face for face in expected if face[0][2] > face[0][0] and face[0][3] > face[0][1]]
    assert len(found) == len(expected)
    boxes = np.array([box for box, _, _ in expected]).reshape(-1, 4)
    np.testing.assert_allclose(found.boxes_xyxy, boxes, atol=1e-2)
    np.testing.assert_allclose(found.scores, [score for _, score, _ in expected], atol=1e-6)
    points = np.array([points for _, _, points in expected]).reshape(-1, 6, 2)
    points = (points - [0.0, 16.0]) / 0.2
    np.testing.assert_allclose(found.points_xy, points, atol=1e-2)


def test_one_certain_anchor_gives_the_face_that_the_formula_gives() -> None:
    outputs = {n: Output(np.zeros_like(o.data)) for n, o in random_outputs(0, "float32").items()}
    outputs["logits"].data[:] = -200
    outputs["logits"].data[0, 2 * 8 * 2] = 200  # third row of cells, first column: (8, 40)
    outputs["regressors"].data[0, 2 * 8 * 2] = [4, 0, 16, 20, *range(12)]
    decode = BlazeFaceDecoder(manifest("blazeface", PARAMETERS, size_wh=(SIZE, SIZE)))
    (face,) = decode(outputs, WHOLE)
    np.testing.assert_allclose(face.box_xyxy, [4, 30, 20, 50])
    np.testing.assert_allclose(face.points_xy[0], [8, 41])
    np.testing.assert_allclose(face.points_xy[5], [18, 51])
    assert face.score == pytest.approx(1.0)


def test_points_outside_the_picture_are_kept_and_boxes_clipped() -> None:
    outputs = {n: Output(np.zeros_like(o.data)) for n, o in random_outputs(0, "float32").items()}
    outputs["logits"].data[:] = -9
    outputs["logits"].data[0, 0] = 9
    outputs["regressors"].data[0, 0] = [0, 0, 60, 60] + [-20] * 12
    decode = BlazeFaceDecoder(manifest("blazeface", PARAMETERS, size_wh=(SIZE, SIZE)))
    (face,) = decode(outputs, WHOLE)
    np.testing.assert_allclose(face.box_xyxy, [0, 0, 38, 38])
    assert face.points_xy.max() == -12


def test_no_face_is_an_empty_result() -> None:
    outputs = random_outputs(0, "float32")
    outputs["logits"].data[:] = -9
    found = BlazeFaceDecoder(manifest("blazeface", PARAMETERS, size_wh=(SIZE, SIZE)))(
        outputs, PLACEMENT
    )
    assert len(found) == 0
    assert found.points_xy.shape == (0, 6, 2)


@pytest.mark.parametrize("name", ["regressors", "logits"])
def test_nan_is_refused(name: str) -> None:
    outputs = random_outputs(0, "float32")
    outputs[name].data[:] = np.nan
    decode = BlazeFaceDecoder(manifest("blazeface", PARAMETERS, size_wh=(SIZE, SIZE)))
    with pytest.raises(BackendError, match=f"{name}.*NaN"):
        decode(outputs, PLACEMENT)


@pytest.mark.parametrize("name", ["regressors", "logits"])
def test_another_number_of_anchors_is_refused(name: str) -> None:
    outputs = random_outputs(0, "float32")
    outputs[name] = Output(outputs[name].data[:, 1:])
    decode = BlazeFaceDecoder(manifest("blazeface", PARAMETERS, size_wh=(SIZE, SIZE)))
    with pytest.raises(BundleError, match=rf"'{name}' of shape \(1, {ANCHORS}, "):
        decode(outputs, PLACEMENT)


def test_no_grid_is_refused() -> None:
    with pytest.raises(BundleError, match="grids"):
        BlazeFaceDecoder(manifest("blazeface", PARAMETERS | {"grids": []}))
