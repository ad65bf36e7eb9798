from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgecnn.errors import BackendError, BundleError
from edgecnn.runtime.decode.yolo import YoloV5Decoder, YoloV8Decoder
from edgecnn.runtime.output import Output
from tests.helpers.decoding import (
    LETTERBOX_HD,
    Candidate,
    manifest,
    plain_detections,
    real,
    stored,
)

PLACES, CLASSES = 150, 4
LABELS = ("person", "bicycle", "car", "dog")
# Pixels and scores do not fit one int8 scale: a quantized head has shares of 0..1.
STORED = [("float32", "pixels"), ("float32", "normalized"), ("int8", "normalized")]
PARAMETERS: dict[str, Any] = {"score_threshold": 0.4, "iou_threshold": 0.5}


def random_rows(seed: int, columns: int) -> NDArray[np.float64]:
    """(PLACES, columns): boxes in shares of the input, crowded enough to suppress one another."""
    random = np.random.default_rng(seed)
    rows = random.random((PLACES, columns))
    rows[:, :2] = 0.2 + 0.6 * random.integers(0, 4, (PLACES, 2)) / 4
    rows[:, :2] += random.normal(0, 0.02, (PLACES, 2))
    rows[:, 2:4] = random.uniform(0.1, 0.3, (PLACES, 2))
    return rows


def box_of(row: list[float], unit: float) -> tuple[float, float, float, float]:
    x, y, w, h = (value * unit for value in row[:4])
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def check(decode: Any, output: Output, candidates: list[Candidate], threshold: float) -> None:
    found = decode({"predictions": output}, LETTERBOX_HD, score_threshold=threshold)
    expected = plain_detections(candidates, LETTERBOX_HD, 0.5, 100)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.scores, [score for _, score, _ in expected], rtol=1e-5)
    assert found.class_ids.tolist() == [class_id for _, _, class_id in expected]
    boxes = np.array([box for box, _, _ in expected]).reshape(-1, 4)
    np.testing.assert_allclose(found.boxes_xyxy, boxes, atol=1e-2)


@pytest.mark.parametrize(("dtype", "coordinates"), STORED)
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7, 1.0])
def test_v5_answers_as_a_plain_loop_does(dtype: str, coordinates: str, threshold: float) -> None:
    rows = random_rows(21, 5 + CLASSES)
    unit = 320.0
    if coordinates == "pixels":
        rows[:, :4] *= 320
        unit = 1.0
    output = stored(rows[None], dtype)
    candidates: list[Candidate] = []
    for row in real(output)[0].tolist():
        for class_id in range(CLASSES):
            score = row[4] * row[5 + class_id]
            if score >= threshold:
                candidates.append((box_of(row, unit), score, class_id))
    parameters = PARAMETERS | {"coordinates": coordinates}
    check(
        YoloV5Decoder(manifest("yolo_v5", parameters, labels=LABELS)), output, candidates, threshold
    )


@pytest.mark.parametrize(("dtype", "coordinates"), STORED)
@pytest.mark.parametrize("threshold", [0.0, 0.6, 0.9, 1.0])
def test_v8_answers_as_a_plain_loop_does(dtype: str, coordinates: str, threshold: float) -> None:
    rows = random_rows(22, 4 + CLASSES)
    unit = 320.0
    if coordinates == "pixels":
        rows[:, :4] *= 320
        unit = 1.0
    output = stored(rows.T[None], dtype)
    columns = real(output)[0].T.tolist()
    candidates: list[Candidate] = []
    for class_id in range(CLASSES):
        sure = [row for row in columns if row[4 + class_id] >= threshold]
        candidates += [(box_of(row, unit), row[4 + class_id], class_id) for row in sure]
    parameters = PARAMETERS | {"coordinates": coordinates}
    check(
        YoloV8Decoder(manifest("yolo_v8", parameters, labels=LABELS)), output, candidates, threshold
    )


@pytest.mark.parametrize("decoder", [YoloV5Decoder, YoloV8Decoder])
def test_more_candidates_than_the_cap_keep_the_best(decoder: Any) -> None:
    random = np.random.default_rng(0)
    rows = random.random((5000, 5 if decoder is YoloV8Decoder else 6))
    rows[:, 4] = 1.0 if decoder is YoloV5Decoder else random.random(5000)
    values = rows.T if decoder is YoloV8Decoder else rows
    parameters = PARAMETERS | {"coordinates": "normalized"}
    decode = decoder(manifest("yolo", parameters, labels=("thing",)))
    output = Output(values[None].astype(np.float32))
    found = decode({"predictions": output}, LETTERBOX_HD, score_threshold=0.0, iou_threshold=1.0)
    assert len(found) == 100
    scores = np.sort(rows[:, -1].astype(np.float32))[::-1]
    # A few of the best lie in the letterbox bars and are dropped.
    assert set(found.scores.tolist()) <= set(scores[:200].tolist())
    assert np.all(np.diff(found.scores) <= 0)


@pytest.mark.parametrize("decoder", [YoloV5Decoder, YoloV8Decoder])
def test_a_head_of_the_other_layout_is_refused(decoder: Any) -> None:
    shape = (1, PLACES, 5 + CLASSES) if decoder is YoloV8Decoder else (1, 4 + CLASSES, PLACES)
    decode = decoder(manifest("yolo", PARAMETERS, labels=LABELS))
    with pytest.raises(BundleError, match="'predictions' of shape"):
        decode({"predictions": Output(np.zeros(shape, np.float32))}, LETTERBOX_HD)


@pytest.mark.parametrize("decoder", [YoloV5Decoder, YoloV8Decoder])
def test_nan_is_refused(decoder: Any) -> None:
    shape = (1, 4 + CLASSES, PLACES) if decoder is YoloV8Decoder else (1, PLACES, 5 + CLASSES)
    decode = decoder(manifest("yolo", PARAMETERS, labels=LABELS))
    with pytest.raises(BackendError, match="NaN"):
        decode({"predictions": Output(np.full(shape, np.nan, np.float32))}, LETTERBOX_HD)


@pytest.mark.parametrize("decoder", [YoloV5Decoder, YoloV8Decoder])
def test_too_few_columns_for_any_class_are_refused(decoder: Any) -> None:
    decode = decoder(manifest("yolo", PARAMETERS))
    shape = (1, 4, PLACES) if decoder is YoloV8Decoder else (1, PLACES, 5)
    with pytest.raises(BundleError, match="no class"):
        decode({"predictions": Output(np.zeros(shape, np.float32))}, LETTERBOX_HD)
