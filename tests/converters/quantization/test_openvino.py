"""NNCF by a plan: names that last, layers in float, repeatable results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("openvino")
pytest.importorskip("nncf")
pytest.importorskip("tensorflow")

import openvino

from converters.openvino.ir import serialize
from converters.quantization.openvino import AccuracyControl, layer_names, quantize_openvino
from converters.quantization.openvino_names import named
from converters.quantization.plan import Int8Plan
from converters.sources import open_source
from converters.sources.base import Source
from edgecnn.errors import ConversionError
from edgecnn.runtime.backends.openvino import shared_core
from tests.helpers.quantized_nets import passes, two_sided_feeds, two_sided_net

FEEDS = two_sided_feeds(16)


@pytest.fixture(scope="module")
def source() -> Any:
    with open_source(two_sided_net()) as opened:
        yield opened


def compiled(model: Any) -> Any:
    return shared_core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


def answers(model: Any) -> dict[str, np.ndarray]:
    ready = compiled(model)
    found: dict[str, list[np.ndarray]] = {"shares": [], "scores": []}
    for feed in FEEDS:
        result = ready(feed)
        for name, values in found.items():
            values.append(result[name].copy())
    return {name: np.concatenate(values) for name, values in found.items()}


def roundings(model: Any) -> int:
    return sum(operation.get_type_name() == "FakeQuantize" for operation in model.get_ops())


@pytest.mark.parametrize(
    "plan",
    [
        Int8Plan(),
        Int8Plan(ranges="percentile"),
        Int8Plan(ranges="mse", bias_correction="fast"),
        Int8Plan(bias_correction="accurate", overflow_fix=True),
    ],
)
def test_every_way_is_close_and_gives_the_same_file_again(source: Source, plan: Int8Plan) -> None:
    model = quantize_openvino(source.openvino(), passes(FEEDS), plan)
    exact = answers(source.openvino())
    for name, values in answers(model).items():
        assert 0 < np.abs(values - exact[name]).max() < 0.05 * np.abs(exact[name]).max()
    again = quantize_openvino(source.openvino(), passes(FEEDS), plan)
    assert serialize(openvino, model) == serialize(openvino, again)


def test_what_only_a_tflite_follows_changes_nothing(source: Source) -> None:
    plan = Int8Plan(rim="uint8", per_channel=False, even_channels=True)
    plain, other = (
        quantize_openvino(source.openvino(), passes(FEEDS), each) for each in (Int8Plan(), plan)
    )
    assert serialize(openvino, plain) == serialize(openvino, other)


def test_names_last_from_one_reading_to_the_next(source: Source) -> None:
    first, second = (layer_names(named(source.openvino())) for _ in range(2))
    assert first == second
    assert len(set(first)) == len(first)


def test_naming_leaves_the_model_as_it_is(source: Source) -> None:
    model = source.openvino()
    before = layer_names(model)
    named(model)
    assert layer_names(model) == before


def test_a_layer_in_float_has_no_rounding(source: Source) -> None:
    operations = named(source.openvino()).get_ordered_ops()
    convolutions = [each for each in operations if "Convolution" in each.get_type_name()]
    plan = Int8Plan(float_layers=tuple(each.get_friendly_name() for each in convolutions))
    model = quantize_openvino(source.openvino(), passes(FEEDS), plan)
    assert roundings(model) < roundings(
        quantize_openvino(source.openvino(), passes(FEEDS), Int8Plan())
    )


def test_accuracy_control_keeps_layers_in_float_until_the_metric_is_good(source: Source) -> None:
    exact = answers(source.openvino())["scores"]

    def validate(ready: Any) -> float:
        scores = np.concatenate([ready(feed)["scores"] for feed in FEEDS])
        return 1.0 - float(np.abs(scores - exact).max() / np.abs(exact).max())

    control = AccuracyControl(validate=validate, max_drop=0.002, feeds=passes(FEEDS))
    plain = quantize_openvino(source.openvino(), passes(FEEDS), Int8Plan())
    model = quantize_openvino(source.openvino(), passes(FEEDS), Int8Plan(), accuracy=control)
    before, after = (validate(compiled(each)) for each in (plain, model))
    assert before < 0.998 <= after


def test_refuses_a_layer_that_is_not_there(source: Source) -> None:
    with pytest.raises(ConversionError, match="'stern'"):
        quantize_openvino(source.openvino(), passes(FEEDS), Int8Plan(float_layers=("stern",)))


def test_refuses_to_quantize_without_a_calibration_input(source: Source) -> None:
    with pytest.raises(ConversionError, match="no calibration input"):
        quantize_openvino(source.openvino(), passes([]), Int8Plan())


def test_refuses_an_input_of_another_shape(source: Source) -> None:
    wrong = {**FEEDS[0], "numbers": np.zeros((1, 4), np.float32)}
    with pytest.raises(ConversionError, match=r"\(1, 4\).*\(1, 5\)"):
        quantize_openvino(source.openvino(), passes([wrong]), Int8Plan())
