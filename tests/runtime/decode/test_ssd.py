from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from edgecnn.core.anchors import ssd_anchors
from edgecnn.core.placement import Placement
from edgecnn.errors import BackendError, BundleError
from edgecnn.runtime.decode.ssd import SSDDecoder
from edgecnn.runtime.output import Output
from tests.helpers.decoding import (
    LETTERBOX_HD,
    Candidate,
    manifest,
    plain_detections,
    plain_sigmoid,
    plain_softmax,
    real,
    stored,
)

MAPS, RATIOS, SCALES = [4, 2], [1.0, 2.0, 0.5], (10.0, 10.0, 5.0, 5.0)
ANCHORS = ssd_anchors(MAPS, min_scale=0.2, max_scale=0.9, aspect_ratios=RATIOS)
PARAMETERS: dict[str, Any] = {
    "maps": MAPS,
    "min_scale": 0.2,
    "max_scale": 0.9,
    "aspect_ratios": RATIOS,
    "reduce_first_map": True,
    "interpolated_scale": True,
    "box_scales": list(SCALES),
    "activation": "sigmoid",
    "background": True,
    "score_threshold": 0.4,
    "iou_threshold": 0.5,
}


def random_outputs(seed: int, dtype: str, activation: str) -> dict[str, Output]:
    random = np.random.default_rng(seed)
    shape = (1, len(ANCHORS), 4)
    scores = random.random(shape) if activation == "none" else random.normal(0, 2, shape)
    boxes = random.normal(0, 4, (1, len(ANCHORS), 4))
    return {"boxes": stored(boxes, dtype), "scores": stored(scores, dtype)}


def reference(
    outputs: dict[str, Output], activation: str, background: bool, score_threshold: float
) -> list[Candidate]:
    boxes, scores = real(outputs["boxes"])[0], real(outputs["scores"])[0]
    found: list[Candidate] = []
    for index, (ay, ax, ah, aw) in enumerate(ANCHORS.tolist()):
        row = scores[index].tolist()
        if activation == "softmax":
            row = plain_softmax(row)
        elif activation == "sigmoid":
            row = [plain_sigmoid(value) for value in row]
        row = row[1:] if background else row
        y, x, h, w = (value / scale for value, scale in zip(boxes[index], SCALES, strict=True))
        cy, cx = y * ah + ay, x * aw + ax
        height, width = math.exp(h) * ah, math.exp(w) * aw
        box = (cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2)
        pixels = (box[0] * 320, box[1] * 320, box[2] * 320, box[3] * 320)
        found.extend((pixels, score, k) for k, score in enumerate(row) if score >= score_threshold)
    return found


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("activation", ["none", "sigmoid", "softmax"])
@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("score_threshold", [0.0, 0.5, 0.8, 1.0])
def test_answers_as_a_plain_loop_does(
    dtype: str, activation: str, background: bool, score_threshold: float
) -> None:
    outputs = random_outputs(5, dtype, activation)
    parameters = PARAMETERS | {"activation": activation, "background": background}
    decode = SSDDecoder(manifest("ssd", parameters, labels=("cup", "cat", "shoe", "chair")))
    found = decode(outputs, LETTERBOX_HD, score_threshold=score_threshold, iou_threshold=0.45)
    candidates = reference(outputs, activation, background, score_threshold)
    expected = plain_detections(candidates, LETTERBOX_HD, 0.45, 100)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.scores, [score for _, score, _ in expected], atol=1e-6)
    assert found.class_ids.tolist() == [class_id for _, _, class_id in expected]
    boxes = np.array([box for box, _, _ in expected]).reshape(-1, 4)
    np.testing.assert_allclose(found.boxes_xyxy, boxes, atol=2e-2)


def test_zero_offsets_give_the_anchor_itself() -> None:
    outputs = random_outputs(0, "float32", "sigmoid")
    outputs = {name: Output(np.full_like(value.data, 0)) for name, value in outputs.items()}
    outputs["scores"].data[:] = -9
    outputs["scores"].data[0, 20, 3] = 9
    decode = SSDDecoder(manifest("ssd", PARAMETERS, labels=("cup", "cat", "shoe")))
    whole = Placement((320, 320), (320, 320), (1.0, 1.0), (0.0, 0.0))
    (found,) = decode(outputs, whole)
    y, x, h, w = ANCHORS[20] * 320
    np.testing.assert_allclose(
        found.box_xyxy, [x - w / 2, y - h / 2, x + w / 2, y + h / 2], atol=1e-3
    )
    assert found.label == "shoe"


def test_explicit_anchors_answer_as_the_same_anchors_by_formula() -> None:
    outputs = random_outputs(8, "int8", "sigmoid")
    formula = ("maps", "min_scale", "max_scale", "aspect_ratios", "reduce_first_map")
    explicit = {key: value for key, value in PARAMETERS.items() if key not in formula}
    explicit["anchors"] = ANCHORS.tolist()
    one = SSDDecoder(manifest("ssd", PARAMETERS))(outputs, LETTERBOX_HD)
    other = SSDDecoder(manifest("ssd", explicit))(outputs, LETTERBOX_HD)
    assert len(one) > 0
    assert one.to_dict() == other.to_dict()


def test_absurd_sizes_stay_finite() -> None:
    outputs = random_outputs(8, "float32", "sigmoid")
    outputs["boxes"].data[..., 2:] = 1e6
    found = SSDDecoder(manifest("ssd", PARAMETERS))(outputs, LETTERBOX_HD)
    assert len(found) > 0
    assert np.isfinite(found.boxes_xyxy).all()


@pytest.mark.parametrize("name", ["boxes", "scores"])
def test_nan_is_refused(name: str) -> None:
    outputs = random_outputs(8, "float32", "sigmoid")
    outputs[name].data[:] = np.nan
    with pytest.raises(BackendError, match="NaN"):
        SSDDecoder(manifest("ssd", PARAMETERS))(outputs, LETTERBOX_HD, score_threshold=0.1)


def test_another_number_of_anchors_is_refused() -> None:
    outputs = random_outputs(8, "float32", "sigmoid")
    outputs["boxes"] = Output(outputs["boxes"].data[:, 1:])
    with pytest.raises(BundleError, match=rf"'boxes' of shape \(1, {len(ANCHORS)}, 4\)"):
        SSDDecoder(manifest("ssd", PARAMETERS))(outputs, LETTERBOX_HD)


@pytest.mark.parametrize(
    ("change", "told"),
    [({"maps": []}, "neither"), ({"anchors": [[0.5, 0.5, 1.0, 1.0]]}, "both")],
)
def test_anchors_must_come_from_one_place(change: dict[str, Any], told: str) -> None:
    with pytest.raises(BundleError, match=told):
        SSDDecoder(manifest("ssd", PARAMETERS | change))
