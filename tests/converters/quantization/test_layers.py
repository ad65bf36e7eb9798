"""Layer errors: a layer that was made bad is named, and figures mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("nncf")

from converters.quantization.layers import layer_errors_openvino, layer_errors_tflite
from converters.quantization.noise import LIMIT_DB, Noise, added_share, layer_error, worst
from converters.quantization.openvino import quantize_openvino
from converters.quantization.plan import Int8Plan
from converters.quantization.tflite import quantize_tflite
from converters.report.schema import LayerError
from converters.sources import open_source
from converters.sources.base import Source
from edgecnn.errors import ConversionError
from tests.helpers.quantized_nets import (
    image_feeds,
    net_with_a_bad_layer,
    passes,
    two_sided_feeds,
    two_sided_net,
)

FEEDS = image_feeds(24)


@pytest.fixture(scope="module")
def source() -> Any:
    with open_source(net_with_a_bad_layer()) as opened:
        yield opened


@pytest.fixture(scope="module")
def errors(source: Source) -> tuple[LayerError, ...]:
    model = quantize_tflite(source.tflite(), passes(FEEDS), Int8Plan())
    return layer_errors_tflite(source.tflite(), model, passes(FEEDS), 8)


def test_layers_come_in_order_with_their_kinds(errors: tuple[LayerError, ...]) -> None:
    kinds = [error.kind for error in errors]
    assert kinds == [*["CONV_2D"] * 7, "MEAN"]
    for error, name in zip(errors, ("first", "bad", "after"), strict=False):
        assert name in error.name


def test_the_layer_behind_the_uneven_one_is_the_worst(errors: tuple[LayerError, ...]) -> None:
    # The large channel alone keeps the ratio of the bad layer high; what it hid shows behind it.
    (found,) = worst(errors, 1)
    assert "after" in found.name
    assert found.added_db > 20
    assert found.rmse_over_scale > 5


def test_rounding_alone_is_a_third_of_a_step(errors: tuple[LayerError, ...]) -> None:
    assert 0.2 < errors[0].rmse_over_scale < 0.7


def test_openvino_names_the_same_layer(source: Source) -> None:
    model = quantize_openvino(source.openvino(), passes(FEEDS), Int8Plan())
    errors = layer_errors_openvino(source.openvino(), model, passes(FEEDS), 8)
    (found,) = worst(errors, 1)
    convolutions = [error.name for error in errors if error.kind == "Convolution"]
    assert found.name == convolutions[2]


def test_names_are_those_that_keep_a_layer_in_float(source: Source) -> None:
    plan = Int8Plan()
    model = quantize_openvino(source.openvino(), passes(FEEDS), plan)
    for error in layer_errors_openvino(source.openvino(), model, passes(FEEDS), 2)[1:4:2]:
        mixed = Int8Plan(float_layers=(error.name,))
        rest = quantize_openvino(source.openvino(), passes(FEEDS), mixed)
        left = layer_errors_openvino(source.openvino(), rest, passes(FEEDS), 2)
        assert error.name not in {layer.name for layer in left}


def test_two_inputs_and_the_same_network_twice_have_no_error() -> None:
    feeds = two_sided_feeds(3)
    with open_source(two_sided_net()) as opened:
        tflite = opened.tflite()
    errors = layer_errors_tflite(tflite, tflite, passes(feeds), 3)
    assert len(errors) > 8
    assert {error.snr_db for error in errors} == {LIMIT_DB}
    assert {error.rmse_over_scale for error in errors} == {0.0}
    assert worst(errors, 5) == ()


def test_refuses_networks_that_have_nothing_in_common(source: Source) -> None:
    import keras

    keras.utils.set_random_seed(1)
    image = keras.Input((10, 10, 2), name="image")
    alien = keras.layers.Conv2D(3, 3, strides=2, name="alien")(image)
    with open_source(keras.Model(image, {"other": alien})) as opened:
        other = opened.tflite()
    stranger = _renamed(other)
    with pytest.raises(ConversionError, match="compared"):
        layer_errors_tflite(source.tflite(), stranger, passes(FEEDS), 1)


def _renamed(tflite: bytes) -> bytes:
    from converters.quantization import flatbuffer

    model = flatbuffer.unpack(tflite)
    for number, tensor in enumerate(model.subgraphs[0].tensors):
        tensor.name = f"stranger {number}".encode()
    return flatbuffer.pack(model)


def test_noise_is_worked_out_over_all_inputs() -> None:
    noise = Noise()
    noise.add(np.array([3.0, 4.0], np.float32), np.array([3.0, 4.5], np.float32))
    noise.add(np.array([0.0, 5.0], np.float32), np.array([0.5, 5.0], np.float32))
    assert noise.snr_db == pytest.approx(20.0)  # 50 over 0.5
    assert noise.over_step(0.5) == pytest.approx(np.sqrt(0.125) / 0.5)
    error = layer_error("a", "CONV_2D", noise, 0.5, 30.0)
    assert error.added_db == pytest.approx(10.0)
    assert added_share(error) == pytest.approx(0.01 - 0.001)


def test_the_share_of_noise_decides_and_not_the_ratio() -> None:
    quiet = LayerError(name="q", kind="", rmse_over_scale=0.3, snr_db=40.0, added_db=20.0)
    loud = LayerError(name="l", kind="", rmse_over_scale=0.3, snr_db=17.0, added_db=3.0)
    better = LayerError(name="b", kind="", rmse_over_scale=0.3, snr_db=30.0, added_db=-5.0)
    assert worst((better, quiet, loud), 3) == (loud, quiet)


def test_an_infinite_value_counts_as_a_large_one() -> None:
    noise = Noise()
    noise.add(np.array([1.0, 1.0], np.float32), np.array([np.inf, np.nan], np.float32))
    assert -LIMIT_DB <= noise.snr_db < -100
    assert np.isfinite(noise.over_step(1.0))
