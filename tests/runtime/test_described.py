from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgecnn
from converters.metadata.write import with_tflite_metadata
from edgecnn.bundle.metadata import Embedded
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.errors import BundleError
from edgecnn.runtime.bare import bundle_from_file
from edgecnn.runtime.described import describe_classifier
from edgecnn.runtime.policy import missing_reason
from edgecnn.runtime.preprocess import value_table
from edgecnn.runtime.probe import Probe, ProbedTensor
from tests.helpers.metadata import (
    OUTPUTS,
    mean_color_facts,
    softmax_tflite,
    uint8_tflite,
    without_own_entry,
)
from tests.helpers.models import (
    LABELS,
    mean_color_input,
    mean_color_ir,
    mean_color_tflite,
    plain_picture,
)


def _tensor(shape: tuple[int, ...], dtype: str = "float32", **changes: Any) -> ProbedTensor:
    fields = {"name": "x", "shape": shape, "dtype": dtype, "scale": 0.0, "zero_point": 0} | changes
    return ProbedTensor(**fields)


def _found(**changes: Any) -> Probe:
    fields = {"inputs": (_tensor((1, 8, 8, 3)),), "outputs": (_tensor((1, 3)),)} | changes
    return Probe(**fields)


def _embedded(**changes: Any) -> Embedded:
    fields: dict[str, Any] = {
        "color": "rgb",
        "mean": (127.5,),
        "std": (127.5,),
        "resize": "stretch",
        "labels": LABELS,
        "last_step": "softmax",
    }
    return Embedded(**(fields | changes))


def test_one_mean_counts_for_all_channels() -> None:
    own = describe_classifier(_embedded(), _found(), where="m")
    assert own.input == mean_color_input(mean=(127.5,) * 3, std=(127.5,) * 3)
    assert own.outputs == {"x": "probabilities"}
    assert own.decoder.parameters == {"activation": "none"}


def test_channels_first_is_seen_in_the_shape() -> None:
    own = describe_classifier(_embedded(), _found(inputs=(_tensor((1, 3, 10, 12)),)), where="m")
    assert (own.input.layout, own.input.height, own.input.width) == ("nchw", 10, 12)


def test_logits_get_the_activation_that_the_file_names() -> None:
    own = describe_classifier(_embedded(last_step=None, classifies="sigmoid"), _found(), where="m")
    assert own.outputs == {"x": "logits"}
    assert own.decoder.parameters == {"activation": "sigmoid"}


@pytest.mark.parametrize(
    ("scores", "known"),
    [
        (_tensor((1, 3), "int8", scale=1 / 256, zero_point=-128), True),
        (_tensor((1, 3), "uint8", scale=1 / 255, zero_point=0), True),
        (_tensor((1, 3), "int8", scale=0.1, zero_point=-20), False),
        (_tensor((1, 3)), False),
    ],
)
def test_quantization_shows_whether_scores_are_probabilities(
    scores: ProbedTensor, known: bool
) -> None:
    embedded, found = _embedded(last_step=None), _found(outputs=(scores,))
    if known:
        own = describe_classifier(embedded, found, where="m")
        assert own.decoder.parameters == {"activation": "none"}
    else:
        with pytest.raises(BundleError, match="whether its scores are probabilities or logits"):
            describe_classifier(embedded, found, where="m")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"color": None}, "order of its colours"),
        ({"color": "gray"}, "order of its colours"),
        ({"mean": ()}, "mean and std"),
        ({"std": (1.0, 2.0)}, "mean and std"),
        ({"resize": None}, "brought to its size"),
        ({"labels": ("a",)}, r"names for its 3 classes \(1 came\)"),
    ],
)
def test_what_is_missing_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BundleError, match=message) as caught:
        describe_classifier(_embedded(**changes), _found(), where="m.tflite")
    assert "edgecnn.runtime.bare.Description" in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": (_tensor((1, 8, 8, 3)),) * 2},
        {"inputs": (_tensor((1, 10)),)},
        {"inputs": (_tensor((1, 8, 8, 4)),)},
        {"outputs": (_tensor((1, 3)),) * 2},
        {"outputs": (_tensor((1, 4, 3)),)},
    ],
)
def test_what_is_no_classifier_is_not_made_one(changes: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match="enough for a classifier"):
        describe_classifier(_embedded(), _found(**changes), where="m")


def test_a_uint8_input_without_normalisation_takes_pixels_as_they_are() -> None:
    tensor = _tensor((1, 8, 8, 3), "uint8", scale=1 / 128, zero_point=127)
    own = describe_classifier(_embedded(mean=(), std=()), _found(inputs=(tensor,)), where="m")
    table = value_table(own.input, np.uint8, tensor.scale, tensor.zero_point)
    np.testing.assert_array_equal(table, np.arange(256))


def _write(folder: Path, content: bytes, name: str = "model.tflite") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_foreign_uint8_classifier_answers(tmp_path: Path) -> None:
    # Normalisation speaks of real values, as the standard has it: -1..1, quantized again.
    facts = mean_color_facts(input=mean_color_input(mean=(127.5,) * 3, std=(127.5,) * 3))
    model = with_tflite_metadata(uint8_tflite(1 / 128, 128), facts, OUTPUTS)
    path = _write(tmp_path, without_own_entry(model))
    with edgecnn.load(path) as classify:
        result = classify(plain_picture(0, 128, 255), "rgb")
    assert [item.label for item in result] == ["blue", "green", "red"]
    np.testing.assert_allclose(result.scores, [1, 0, -1], atol=0.02)


def test_a_foreign_float_classifier_answers_by_its_last_layer(tmp_path: Path) -> None:
    model = with_tflite_metadata(softmax_tflite(), mean_color_facts())
    with edgecnn.load(_write(tmp_path, without_own_entry(model))) as classify:
        result = classify(plain_picture(0, 0, 255), "rgb")
    assert result[0].label == "blue"
    np.testing.assert_allclose(result.scores[0], np.e / (np.e + 2), rtol=1e-5)


@pytest.mark.skipif(missing_reason("openvino") is not None, reason="openvino is not installed here")
def test_a_foreign_ir_answers_by_its_model_info(tmp_path: Path) -> None:
    xml, weights = mean_color_ir()
    info = (
        '<rt_info><model_info><model_type value="Classification"/><labels value="r g b"/>'
        '<reverse_input_channels value="YES"/><scale_values value="255"/></model_info></rt_info>'
    )
    path = _write(tmp_path, xml.replace(b"</net>", info.encode() + b"</net>"), "model.xml")
    path.with_suffix(".bin").write_bytes(weights)
    with edgecnn.load(path) as classify:
        result = classify(plain_picture(0, 0, 255), "rgb")
    assert result[0].label == "b"
    np.testing.assert_allclose(result.scores[0], np.e / (np.e + 2), rtol=1e-5)


def test_a_file_without_a_word_asks_for_a_description(tmp_path: Path) -> None:
    path = _write(tmp_path, mean_color_tflite())
    with pytest.raises(BundleError, match=r"does not say what it is for.*bare\.Description"):
        bundle_from_file(path)


def test_our_own_words_carry_licence_and_labels(tmp_path: Path) -> None:
    facts = mean_color_facts(
        decoder=DecoderSpec(name="classification", parameters={"activation": "softmax"})
    )
    model = with_tflite_metadata(mean_color_tflite(), facts, {"means": "logits"})
    manifest = bundle_from_file(_write(tmp_path, model)).manifest
    assert (manifest.licence, manifest.labels) == ("Apache-2.0", LABELS)
    assert manifest.decoder.parameters == {"activation": "softmax"}
    assert manifest.variants[0].outputs[0].name == "logits"


def test_a_description_of_an_unknown_task_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    model = with_tflite_metadata(mean_color_tflite(), mean_color_facts(task="dream"), OUTPUTS)
    with pytest.raises(BundleError, match="unknown task 'dream'"):
        bundle_from_file(_write(tmp_path, model))
