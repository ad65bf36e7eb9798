from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from converters.interface import (
    are_probabilities,
    check_labels,
    decoder_spec,
    embedding_spec,
    input_spec,
    output_names,
)
from converters.options import Signature
from converters.sources.base import Array, Port, Source
from edgecnn.bundle.schema import DecoderSpec, InputSpec
from edgecnn.errors import ConversionError, OptionError, UnknownNameError

FLOAT = np.dtype(np.float32)


class Fixed(Source):
    """A source that is nothing but its ports."""

    kind, title = "keras", "the model"

    def __init__(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        self.inputs = tuple(Port(name, shape, FLOAT) for name, shape in inputs.items())
        self.outputs = tuple(Port(name, shape, FLOAT) for name, shape in outputs.items())

    def answer(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        raise NotImplementedError

    def tflite(self) -> bytes:
        raise NotImplementedError

    def openvino(self) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        pass


def classifier(shape: tuple[int, ...] = (1, 32, 24, 3)) -> Fixed:
    return Fixed({"image": shape}, {"dense": (1, 4)})


def test_without_a_word_pixels_go_in_as_they_are() -> None:
    spec = input_spec(classifier(), None, "classify")
    assert spec == InputSpec(
        width=24, height=32, color="rgb", mean=(0, 0, 0), std=(1, 1, 1), value_range=(0, 255)
    )


@pytest.mark.parametrize(
    ("shape", "color", "layout"),
    [((1, 28, 28, 1), "gray", "nhwc"), ((1, 3, 32, 24), "rgb", "nchw")],
)
def test_channels_and_layout_are_read_off_the_shape(
    shape: tuple[int, ...], color: str, layout: str
) -> None:
    spec = input_spec(classifier(shape), None, "classify")
    assert spec is not None
    assert (spec.color, spec.layout) == (color, layout)


def test_a_mapping_changes_fields_and_one_number_counts_for_all_channels() -> None:
    spec = input_spec(classifier(), {"mean": 127.5, "std": 127.5, "color": "bgr"}, "classify")
    assert spec is not None
    assert (spec.mean, spec.std, spec.color) == ((127.5,) * 3, (127.5,) * 3, "bgr")
    assert spec.value_range == (-1.0, 1.0)
    with pytest.raises(OptionError, match="Its fields: width"):
        input_spec(classifier(), {"colour": "bgr"}, "classify")


def test_an_input_of_another_size_is_refused() -> None:
    spec = InputSpec(width=32, height=24, color="rgb", mean=(0, 0, 0), std=(1, 1, 1))
    with pytest.raises(ConversionError, match=r"\(1, 32, 24, 3\).*\(1, 24, 32, 3\)"):
        input_spec(classifier(), spec, "classify")


def test_what_is_no_picture_is_refused_and_the_way_out_named() -> None:
    with pytest.raises(ConversionError, match="task='tensors'"):
        input_spec(classifier((1, 10)), None, "classify")
    two = Fixed({"a": (1, 8, 8, 3), "b": (1, 4)}, {"y": (1, 2)})
    with pytest.raises(ConversionError, match="task='tensors'"):
        input_spec(two, None, "classify")
    assert input_spec(two, None, "tensors") is None


def test_an_unknown_task_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="classify"):
        input_spec(classifier(), None, "classification")


def test_probabilities_are_told_from_logits_by_what_the_network_answers() -> None:
    sure = [{"dense": np.array([[0.1, 0.2, 0.3, 0.4]])}]
    logits = [{"dense": np.array([[0.1, 0.2, 0.3, 4.0]])}]
    assert are_probabilities(sure, "dense")
    assert not are_probabilities(logits, "dense")
    names = [output_names(classifier(), "classify", Signature(), one) for one in (sure, logits)]
    assert names == [{"dense": "probabilities"}, {"dense": "logits"}]
    specs = [decoder_spec("classify", Signature(), one) for one in names]
    assert [spec.parameters["activation"] for spec in specs] == ["none", "softmax"]


def test_several_outputs_need_names_and_the_right_number_of_them() -> None:
    two = Fixed({"image": (1, 8, 8, 3)}, {"a": (1, 4), "b": (1, 2)})
    with pytest.raises(ConversionError, match="a, b"):
        output_names(two, "classify", Signature(), [])
    with pytest.raises(ConversionError, match="2 different names"):
        output_names(two, "classify", Signature(outputs=("logits",)), [])
    named = output_names(two, "classify", Signature(outputs=("logits", "features")), [])
    assert named == {"a": "logits", "b": "features"}
    assert output_names(two, "tensors", Signature(), []) == {"a": "a", "b": "b"}


def test_a_detector_has_to_say_how_its_boxes_are_laid_out() -> None:
    with pytest.raises(OptionError, match="decoder=DecoderSpec"):
        decoder_spec("detect", Signature(), {})


@pytest.mark.parametrize("labels", [("a",), ("a", "b", "c", "d", "e"), ("a", "b", "c", "a")])
def test_labels_have_to_fit_the_classes(labels: tuple[str, ...]) -> None:
    with pytest.raises(OptionError, match="labels"):
        check_labels(labels, "classify", {"dense": "logits"}, classifier())


def test_two_networks_have_two_embedding_spaces() -> None:
    answers = [[{"embedding": np.full((1, 8), value)}] for value in (0.1, 0.2)]
    specs = [embedding_spec("embed", Signature(), "mine", one) for one in answers]
    assert specs[0] is not None
    assert specs[1] is not None
    assert specs[0].dimension == 8
    assert specs[0].space != specs[1].space
    assert embedding_spec("classify", Signature(), "mine", []) is None


def test_a_classifier_of_one_number_is_refused_with_a_way_out() -> None:
    source = Fixed({"image": (1, 8, 8, 3)}, {"dense": (1, 1)})
    answers = [{"dense": np.array([[0.9]], np.float32)}]
    with pytest.raises(ConversionError, match=r"one number a picture.*concatenate"):
        output_names(source, "classify", Signature(), answers)
    assert output_names(source, "tensors", Signature(), answers) == {"dense": "dense"}


def test_several_outputs_are_asked_for_as_both_ways_have_it() -> None:
    source = Fixed({"image": (1, 8, 8, 3)}, {"kind": (1, 4), "age": (1, 1)})
    with pytest.raises(ConversionError, match=r"Signature\(outputs=.*--describe"):
        output_names(source, "classify", Signature(), [])


def test_an_input_of_bytes_is_no_picture_that_can_be_fed() -> None:
    source = classifier()
    source.inputs = (Port("image", (1, 32, 24, 3), np.dtype(np.uint8)),)
    with pytest.raises(ConversionError, match=r"as uint8.*float32"):
        input_spec(source, None, "classify")


@pytest.mark.parametrize("shape", [(1, 4, 4, 1), (1, 1, 4, 4)])
def test_a_single_map_never_goes_through_a_softmax(shape: tuple[int, ...]) -> None:
    source = Fixed({"image": (1, 8, 8, 3)}, {"mask": shape})
    within = [{"mask": np.full(shape, 0.7, np.float32)}]
    assert output_names(source, "segment", Signature(), within) == {"mask": "probabilities"}
    logits = [*within, {"mask": np.full(shape, -3.0, np.float32)}]
    with pytest.raises(ConversionError, match="outside 0..1.*sigmoid"):
        output_names(source, "segment", Signature(), logits)
    sigmoid = DecoderSpec(name="segmentation", parameters={"activation": "sigmoid"})
    asked = output_names(source, "segment", Signature(decoder=sigmoid), logits)
    assert asked == {"mask": "logits"}
