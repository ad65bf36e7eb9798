from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecnn.core.placement import Placement
from edgecnn.errors import BackendError, BundleError
from edgecnn.runtime.decode.gfl import GFLDecoder
from edgecnn.runtime.output import Output
from tests.helpers.decoding import (
    LETTERBOX_HD,
    Candidate,
    manifest,
    plain_detections,
    plain_softmax,
    real,
    stored,
)

STRIDES, REG_MAX, CLASSES = (32, 64), 7, 3
PARAMETERS: dict[str, Any] = {
    "strides": list(STRIDES),
    "reg_max": REG_MAX,
    "score_threshold": 0.4,
    "iou_threshold": 0.5,
}
LABELS = ("person", "cup", "cat")


def random_outputs(seed: int, dtype: str) -> dict[str, Output]:
    random = np.random.default_rng(seed)
    outputs = {}
    for stride in STRIDES:
        cells = (320 // stride) ** 2
        scores = random.beta(1.0, 4.0, (1, cells, CLASSES))
        sides = random.normal(0, 2, (1, cells, 4 * (REG_MAX + 1)))
        outputs[f"scores_{stride}"] = stored(scores, dtype)
        outputs[f"distances_{stride}"] = stored(sides, dtype)
    return outputs


def reference(outputs: dict[str, Output], score_threshold: float) -> list[Candidate]:
    found: list[Candidate] = []
    for stride in STRIDES:
        scores = real(outputs[f"scores_{stride}"])[0]
        sides = real(outputs[f"distances_{stride}"])[0]
        columns = 320 // stride
        for cell in range(len(scores)):
            x = (cell % columns + 0.5) * stride
            y = (cell // columns + 0.5) * stride
            for class_id in range(CLASSES):
                if scores[cell][class_id] < score_threshold:
                    continue
                reach = []
                for side in range(4):
                    logits = sides[cell][side * (REG_MAX + 1) : (side + 1) * (REG_MAX + 1)]
                    shares = plain_softmax(logits.tolist())
                    reach.append(sum(k * share for k, share in enumerate(shares)) * stride)
                box = (x - reach[0], y - reach[1], x + reach[2], y + reach[3])
                found.append((box, float(scores[cell][class_id]), class_id))
    return found


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
@pytest.mark.parametrize("score_threshold", [0.0, 0.25, 0.55, 1.0])
@pytest.mark.parametrize("iou_threshold", [0.3, 0.6, 1.0])
def test_answers_as_a_plain_loop_does(
    dtype: str, score_threshold: float, iou_threshold: float
) -> None:
    outputs = random_outputs(4, dtype)
    decode = GFLDecoder(manifest("gfl", PARAMETERS, labels=LABELS))
    found = decode(
        outputs,
        LETTERBOX_HD,
        score_threshold=score_threshold,
        iou_threshold=iou_threshold,
        max_results=50,
    )
    candidates = reference(outputs, score_threshold)
    expected = plain_detections(candidates, LETTERBOX_HD, iou_threshold, 50)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.scores, [score for _, score, _ in expected], atol=1e-6)
    assert found.class_ids.tolist() == [class_id for _, _, class_id in expected]
    boxes = np.array([box for box, _, _ in expected]).reshape(-1, 4)
    np.testing.assert_allclose(found.boxes_xyxy, boxes, atol=1e-2)
    assert found.labels == tuple(LABELS[class_id] for _, _, class_id in expected)


def test_one_certain_cell_gives_the_box_that_the_formula_gives() -> None:
    outputs = {
        name: Output(np.full_like(value.data, -20 if "distances" in name else 0))
        for name, value in random_outputs(0, "float32").items()
    }
    outputs["scores_32"].data[0, 13, 1] = 0.9  # cell x 3, y 1: centre (112, 48)
    for side, reach in enumerate((1, 0, 2, 3)):
        outputs["distances_32"].data[0, 13, side * (REG_MAX + 1) + reach] = 20
    decode = GFLDecoder(manifest("gfl", PARAMETERS, labels=LABELS))
    whole = Placement((320, 320), (320, 320), (1.0, 1.0), (0.0, 0.0))
    (found,) = decode(outputs, whole)
    np.testing.assert_allclose(found.box_xyxy, [80, 48, 176, 144], atol=1e-3)
    assert (found.label, found.class_id) == ("cup", 1)
    assert found.score == pytest.approx(0.9)


def test_boxes_come_back_in_pixels_of_the_picture_whatever_the_placement() -> None:
    outputs = random_outputs(3, "float32")
    decode = GFLDecoder(manifest("gfl", PARAMETERS))
    whole = Placement((320, 320), (320, 320), (1.0, 1.0), (0.0, 0.0))
    half = Placement((640, 640), (320, 320), (0.5, 0.5), (0.0, 0.0))
    np.testing.assert_allclose(
        decode(outputs, half).boxes_xyxy, 2 * decode(outputs, whole).boxes_xyxy, rtol=1e-6
    )


def test_boxes_wholly_in_a_letterbox_bar_are_dropped() -> None:
    outputs = {
        name: Output(np.zeros_like(value.data))
        for name, value in random_outputs(0, "float32").items()
    }
    outputs["distances_32"].data[0, 3].reshape(4, -1)[:, 0] = 50  # no extent in any direction ...
    outputs["distances_32"].data[0, 3].reshape(4, -1)[:, 1] = 49  # ... but a little
    outputs["scores_32"].data[0, 3, 0] = 0.9  # first row of cells: y = 16, the bar ends at 70
    decode = GFLDecoder(manifest("gfl", PARAMETERS))
    whole = Placement((320, 320), (320, 320), (1.0, 1.0), (0.0, 0.0))
    assert len(decode(outputs, whole)) == 1
    assert len(decode(outputs, LETTERBOX_HD)) == 0


def test_classes_without_a_label_are_numbered() -> None:
    decode = GFLDecoder(manifest("gfl", PARAMETERS, labels=("person",)))
    found = decode(random_outputs(1, "float32"), LETTERBOX_HD, score_threshold=0.2)
    assert set(found.labels) == {"person", "#1", "#2"}


def test_inputs_are_not_changed() -> None:
    outputs = random_outputs(1, "int8")
    before = {name: output.data.copy() for name, output in outputs.items()}
    GFLDecoder(manifest("gfl", PARAMETERS))(outputs, LETTERBOX_HD)
    for name, output in outputs.items():
        np.testing.assert_array_equal(output.data, before[name])


def test_missing_output_names_what_is_there() -> None:
    outputs = random_outputs(1, "float32")
    outputs["renamed"] = outputs.pop("distances_64")
    decode = GFLDecoder(manifest("gfl", PARAMETERS))
    with pytest.raises(BundleError, match=r"'distances_64' of shape \(1, 25, 32\).*renamed"):
        decode(outputs, LETTERBOX_HD)


def test_wrong_shape_says_what_was_expected() -> None:
    outputs = random_outputs(1, "float32")
    outputs["scores_32"] = Output(outputs["scores_32"].data[:, :50])
    decode = GFLDecoder(manifest("gfl", PARAMETERS))
    with pytest.raises(BundleError, match=r"\(1, 100, N\).*scores_32 \(1, 50, 3\)"):
        decode(outputs, LETTERBOX_HD)


@pytest.mark.parametrize("name", ["scores_64", "distances_32"])
def test_nan_is_an_error_and_not_an_empty_answer(name: str) -> None:
    outputs = random_outputs(1, "float32")
    outputs[name].data[:] = np.nan
    decode = GFLDecoder(manifest("gfl", PARAMETERS))
    with pytest.raises(BackendError, match="NaN"):
        decode(outputs, LETTERBOX_HD, score_threshold=0.1)


@pytest.mark.parametrize(
    "change",
    [
        {"strides": []},
        {"strides": [0]},
        {"reg_max": 0},
        {"score_threshold": 1.5},
        {"iou_threshold": -0.1},
        {"max_results": 0},
        {"unknown": 1},
    ],
)
def test_wrong_parameters_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match="'gfl'"):
        GFLDecoder(manifest("gfl", PARAMETERS | change))
