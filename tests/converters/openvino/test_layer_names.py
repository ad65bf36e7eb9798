from __future__ import annotations

import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("openvino")

import openvino

from converters.openvino.ir import read_tflite, serialize
from converters.openvino.layer_names import name_layers
from converters.sources import open_source
from tests.helpers import nets
from tests.helpers.nets import keras, layers

COMPUTING = ("Convolution", "GroupConvolution", "MatMul")


def names(model: openvino.Model) -> list[str]:
    return [
        operation.get_friendly_name()
        for operation in model.get_ordered_ops()
        if operation.get_type_name() in COMPUTING
    ]


def test_layers_are_named_as_in_the_tflite() -> None:
    with open_source(nets.classifier()) as source:
        found = names(source.openvino())
    assert len(found) == 4
    for name, layer in zip(found, ("stem", "depthwise", "pointwise", "probabilities"), strict=True):
        assert f"{layer}_1/" in name


def test_layers_that_share_weights_get_a_name_each() -> None:
    image = keras.Input((8, 8, 2))
    conv = layers.Conv2D(2, 3, padding="same", name="twice")
    net = keras.Model(image, conv(layers.ReLU(name="relu")(conv(image))))
    with open_source(net) as source:
        model = read_tflite(openvino, source.tflite())
        assert name_layers(model, source.tflite()) == 2
    assert len(set(names(model))) == 2


def test_names_of_layers_survive_in_the_ir_and_counters_do_not() -> None:
    image = keras.Input((8, 8, 2))
    x = layers.Conv2D(2, 3, name="Conv_7")(image)
    net = keras.Model(image, layers.GlobalAveragePooling2D()(x))
    with open_source(net) as source:
        first, second = (serialize(openvino, source.openvino()) for _ in range(2))
    assert first == second
    assert b"/Conv_7_1/" in first[0]
