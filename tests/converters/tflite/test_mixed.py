"""Partial quantization, and widening float16 files, on a small net."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.openvino.ir import QuantizeOptions, quantize, signature_outputs
from converters.tflite.from_saved_model import keras_to_tflite
from converters.tflite.mixed import quantize_partly
from converters.tflite.widen import widen
from edgecnn.errors import ConversionError
from edgecnn.runtime.backend import ModelFile
from edgecnn.runtime.backends.litert import LiteRTBackend

INPUTS = np.random.default_rng(3).uniform(-1, 1, (20, 1, 12, 12, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def net() -> Any:
    import keras

    keras.utils.set_random_seed(5)
    inputs = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(8, 3, activation="relu", name="first")(inputs)
    x = keras.layers.Conv2D(8, 3, activation="relu", name="second")(x)
    x = keras.layers.Conv2D(4, 3, name="third")(x)
    outputs = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, outputs)


@pytest.fixture(scope="module")
def float32(net: Any) -> bytes:
    return keras_to_tflite(net, "float32", outputs=["answer"])


def run(model: bytes) -> np.ndarray:
    names = signature_outputs(model)
    engine = LiteRTBackend().open(ModelFile("m", "tflite", model, tensor_names=names), threads=1)
    (slot,) = engine.inputs
    (output,) = engine.outputs
    assert output == "answer"
    return np.concatenate([engine.infer({slot: image})[output] for image in INPUTS])


def weight_types(model: bytes) -> list[int]:
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.Model.GetRootAs(model, 0).Subgraphs(0)
    root = schema.Model.GetRootAs(model, 0)
    types = []
    for number in range(graph.OperatorsLength()):
        operator = graph.Operators(number)
        code = root.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()
        if code == schema.BuiltinOperator.CONV_2D:
            types.append(graph.Tensors(operator.Inputs(1)).Type())
    return types


def test_named_layers_stay_in_float(float32: bytes) -> None:
    model = quantize_partly(float32, lambda: iter(INPUTS), ["first", "third"])
    assert weight_types(model) == [0, 9, 0]  # FLOAT32, INT8, FLOAT32
    assert np.abs(run(model) - run(float32)).max() < 0.02


def test_less_in_8_bits_is_closer_to_the_float_net(float32: bytes) -> None:
    errors = []
    for layers in ([], ["first", "second", "third"]):
        model = quantize_partly(float32, lambda: iter(INPUTS), layers)
        errors.append(float(np.abs(run(model) - run(float32)).mean()))
    assert 0 < errors[0] < 0.02
    assert errors[1] < errors[0]


def test_the_same_input_gives_the_same_bytes(float32: bytes) -> None:
    one, two = (quantize_partly(float32, lambda: iter(INPUTS), ["first"]) for _ in range(2))
    assert one == two


def test_refuses_a_pattern_that_matches_nothing(float32: bytes) -> None:
    with pytest.raises(ConversionError, match="'fourth'"):
        quantize_partly(float32, lambda: iter(INPUTS), ["first", "fourth"])


def test_widened_weights_compute_the_same(net: Any) -> None:
    float16 = keras_to_tflite(net, "float16", outputs=["answer"])
    (tensor,) = signature_outputs(float16)
    model = widen(float16, {tensor: "answer"})
    assert set(weight_types(model)) == {0}
    np.testing.assert_allclose(run(model), run(float16), atol=1e-6)


def test_a_widened_model_can_be_quantized(net: Any) -> None:
    float16 = keras_to_tflite(net, "float16", outputs=["answer"])
    (tensor,) = signature_outputs(float16)
    model = quantize_partly(widen(float16, {tensor: "answer"}), lambda: iter(INPUTS), ["third"])
    assert weight_types(model) == [9, 9, 0]
    assert np.abs(run(model) - run(float16)).max() < 0.02


def test_widening_refuses_an_unnamed_output(net: Any) -> None:
    with pytest.raises(ConversionError, match="has no name in the signature"):
        widen(keras_to_tflite(net, "float16", outputs=["answer"]), {"other": "answer"})


def test_numbered_convolutions_stay_in_float_for_openvino(float32: bytes) -> None:
    def quantizers(*numbers: int) -> int:
        options = QuantizeOptions(float_convolutions=numbers, full_ranges=True, samples=20)
        xml, _ = quantize(float32, lambda: iter(INPUTS), options=options)
        return xml.count(b'type="FakeQuantize"')

    assert quantizers(0, 1, 2) < quantizers(0, 1) < quantizers()


def test_refuses_a_convolution_that_is_not_there(float32: bytes) -> None:
    with pytest.raises(ConversionError, match="0 to 2"):
        quantize(float32, lambda: iter(INPUTS), options=QuantizeOptions(float_convolutions=(3,)))


def test_int8_weights_of_a_float16_file_are_stored_in_8_bits(net: Any) -> None:
    float16 = keras_to_tflite(net, "float16", outputs=["answer"])
    _, stored = quantize(float16, lambda: iter(INPUTS), options=QuantizeOptions(samples=20))
    weights = sum(layer.count_params() for layer in net.layers)
    assert len(stored) < 1.5 * weights  # in 16 bits they alone would take twice as much
