from __future__ import annotations

from typing import Any

import pytest

from edgecnn.bundle.metadata import Embedded, Slot
from edgecnn.errors import BundleError
from edgecnn.runtime.described import describe
from edgecnn.runtime.probe import Probe, ProbedTensor

FINISHED = (
    Slot(name="location", box_order=(1, 0, 3, 2)),
    Slot(name="category", value_labels=("cat", "dog")),
    Slot(name="score", score_threshold=0.3),
    Slot(name="number of detections"),
)
SHAPES = ((1, 10, 4), (1, 10), (1, 10), (1,))


def _tensor(name: str, shape: tuple[int, ...]) -> ProbedTensor:
    return ProbedTensor(name=name, shape=shape, dtype="float32", scale=0.0, zero_point=0)


def _found(*shapes: tuple[int, ...], names: tuple[str, ...] = (), nchw: bool = False) -> Probe:
    picture = (1, 3, 8, 8) if nchw else (1, 8, 8, 3)
    called = names or tuple(f"out{index}" for index in range(len(shapes)))
    outputs = tuple(_tensor(name, shape) for name, shape in zip(called, shapes, strict=True))
    return Probe(inputs=(_tensor("x", picture),), outputs=outputs)


def _embedded(**changes: Any) -> Embedded:
    fields: dict[str, Any] = {
        "color": "rgb",
        "mean": (127.5,),
        "std": (127.5,),
        "resize": "stretch",
    }
    return Embedded(**(fields | changes))


def _describe(embedded: Embedded, found: Probe) -> Any:
    return describe(embedded, found, where="m", digest="0123456789abcdef0123")


def test_a_finished_detector_is_read_by_the_names_of_its_outputs() -> None:
    order = (2, 0, 3, 1)  # as newer exporters have it: score, location, count, category
    embedded = _embedded(
        outputs=tuple(FINISHED[index] for index in order), score_threshold=0.3, postprocessed=True
    )
    own = _describe(embedded, _found(*(SHAPES[index] for index in order)))
    assert own.task == "detect"
    assert own.decoder.name == "ssd_postprocessed"
    assert own.decoder.parameters == {"box_order": [1, 0, 3, 2], "score_threshold": 0.3}
    assert own.outputs == {"out0": "scores", "out1": "boxes", "out2": "count", "out3": "classes"}
    assert own.labels == ("cat", "dog")


def test_a_finished_detector_without_those_names_has_the_standard_order() -> None:
    slots = tuple(
        Slot(name="", box_order=s.box_order, value_labels=s.value_labels) for s in FINISHED
    )
    own = _describe(_embedded(outputs=slots), _found(*SHAPES))
    assert own.outputs == {"out0": "boxes", "out1": "classes", "out2": "scores", "out3": "count"}
    assert own.decoder.parameters["score_threshold"] == 0.5


def test_one_error_names_all_that_a_detector_does_not_say() -> None:
    slots = (Slot(box_order=None), Slot(), Slot(calibrated=True), Slot())
    with pytest.raises(BundleError) as caught:
        _describe(_embedded(color=None, outputs=slots), _found((1, 10, 4), (1, 9), (1, 10), (1,)))
    message = str(caught.value)
    for words in ("order of its colours", "which outputs are boxes", "left, top, right and bottom",
                  "names for its classes", "calibration file", "bare.Description"):  # fmt: skip
        assert words in message


@pytest.mark.parametrize(
    ("shapes", "names", "outputs", "parameters"),
    [
        (((1, 1, 100, 7),), ("detection_out",), {"detection_out": "detections"}, {}),
        (
            ((1, 10, 4), (1, 10), (1, 10)),
            ("bboxes", "labels", "scores"),
            {"bboxes": "boxes", "labels": "classes", "scores": "scores"},
            {"box_order": [0, 1, 2, 3]},
        ),
        (
            ((1, 10, 5), (1, 10)),
            ("boxes", "labels"),
            {"boxes": "boxes", "labels": "classes"},
            {"box_order": [0, 1, 2, 3], "coordinates": "pixels"},
        ),
    ],
)
def test_the_forms_of_ssd_that_model_api_reads(
    shapes: Any, names: Any, outputs: dict[str, str], parameters: dict[str, Any]
) -> None:
    embedded = _embedded(kind="ssd", labels=("cat",), score_threshold=0.4)
    own = _describe(embedded, _found(*shapes, names=names, nchw=True))
    assert own.outputs == outputs
    assert own.decoder.parameters == parameters | {"score_threshold": 0.4}


def test_an_ssd_of_another_form_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BundleError, match=r"\(1, 1, N, 7\).*outputs are out0 \(1, 5\)"):
        _describe(_embedded(kind="ssd", labels=("cat",)), _found((1, 5)))


def test_a_yolo_is_read_with_its_thresholds() -> None:
    embedded = _embedded(kind="yolo_v8", labels=("a", "b"), score_threshold=0.25, iou_threshold=0.7)
    own = _describe(embedded, _found((1, 6, 80), nchw=True))
    assert own.decoder.name == "yolo_v8"
    assert own.decoder.parameters == {"iou_threshold": 0.7, "score_threshold": 0.25}
    assert own.outputs == {"out0": "predictions"}
    with pytest.raises(BundleError, match=r"names for its 3 classes \(2 came\)"):
        _describe(embedded, _found((1, 7, 80), nchw=True))


@pytest.mark.parametrize("activation", ["none", "sigmoid", "softmax"])
def test_a_segmenter_of_mediapipe_is_read(activation: Any) -> None:
    embedded = _embedded(outputs=(Slot(labels=("bg", "hair")),), activation=activation)
    own = _describe(embedded, _found((1, 8, 8, 2)))
    assert own.task == "segment"
    assert own.decoder.parameters == {"activation": activation, "channels": "last"}
    assert own.outputs == {"out0": "probabilities" if activation == "none" else "logits"}
    assert own.labels == ("bg", "hair")


def test_a_segmenter_of_model_api_has_channels_first_and_an_unnamed_background() -> None:
    embedded = _embedded(kind="segment", labels=("road",), last_step="softmax")
    own = _describe(embedded, _found((1, 2, 8, 8), nchw=True))
    assert own.labels == ("background", "road")
    assert own.decoder.parameters == {"activation": "none", "channels": "first"}


def test_one_error_names_all_that_a_segmenter_does_not_say() -> None:
    with pytest.raises(BundleError) as caught:
        _describe(_embedded(kind="segment", mean=(), labels=("a", "b", "c")), _found((1, 1, 8, 8)))
    for words in ("mean and std", "names for its 1 classes (3 came)", "single channel",
                  "probabilities or logits"):  # fmt: skip
        assert words in str(caught.value)


def test_an_embedder_is_known_by_the_name_of_its_output() -> None:
    own = _describe(_embedded(outputs=(Slot(name="feature"),)), _found((1, 128)))
    assert own.task == "embed"
    assert own.embedding.dimension == 128
    assert own.embedding.metric == "cosine"
    assert own.embedding.space == "file-0123456789abcdef"
    assert own.outputs == {"out0": "embedding"}
    with pytest.raises(BundleError, match="names for its 128 classes"):
        _describe(_embedded(outputs=(Slot(name="probability"),)), _found((1, 128)))


def test_a_kind_that_edgecnn_lacks_is_refused_by_its_name() -> None:
    with pytest.raises(BundleError, match=r"'MaskRCNN'; edgecnn knows Classification"):
        _describe(_embedded(unknown_kind="MaskRCNN"), _found((1, 5)))


def test_scores_that_ask_for_a_calibration_are_not_given_out_without() -> None:
    embedded = _embedded(
        labels=("a", "b"), last_step="softmax", outputs=(Slot(labels=("a", "b"), calibrated=True),)
    )
    with pytest.raises(BundleError, match="calibration file"):
        _describe(embedded, _found((1, 2)))
