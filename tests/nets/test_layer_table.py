"""The layer table: sums by hand, receptive fields of the literature, graphs of every kind."""

from __future__ import annotations

import math
from typing import Any

import pytest

keras = pytest.importorskip("keras")

from edgecnn import nets  # noqa: E402
from edgecnn.errors import OptionError  # noqa: E402
from edgecnn.nets.layer_table import LayerRow, totals  # noqa: E402

layers = keras.layers


def table(model: Any) -> dict[str, LayerRow]:
    return {row.name: row for row in nets.describe(model)}


def test_lenet_is_the_table_of_the_paper() -> None:
    rows = table(nets.outline("lenet5"))
    assert [(r.parameters, r.macs) for r in rows.values() if r.parameters] == [
        (156, 117_600),
        (2_416, 240_000),
        (48_120, 48_000),
        (10_164, 10_080),
        (850, 840),
    ]
    assert rows["s4"].output_shape == (5, 5, 16)
    assert rows["s4"].receptive_field == (16, 16)
    assert rows["c5"].receptive_field is None


@pytest.mark.parametrize(
    ("name", "layer", "side"),
    [
        # Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks".
        ("alexnet", "conv5_pool", 195),
        ("vgg16", "stack5_pool", 212),
        ("mobilenet_v1", "block13_pointwise_relu6", 315),
        ("resnet50", "stage4_block3_relu", 427),
    ],
)
def test_receptive_field_is_that_of_the_literature(name: str, layer: str, side: int) -> None:
    assert table(nets.outline(name))[layer].receptive_field == (side, side)


def test_gates_of_the_whole_picture_do_not_hide_the_receptive_field() -> None:
    rows = table(nets.outline("mobilenet_v3_small"))
    assert rows["block1_se_pool"].receptive_field is None
    assert rows["block1_se_scale"].receptive_field == (7, 7)


def test_batch_norm_counts_four_parameters_a_channel_of_which_two_are_trained() -> None:
    row = table(nets.outline("mobilenet_v1"))["stem_bn"]
    assert (row.parameters, row.trainable, row.macs) == (128, 64, 0)


def test_grouped_separable_and_transposed_convolutions_are_counted() -> None:
    image = keras.Input((8, 8, 4))
    x = layers.Conv2D(8, 3, groups=2, padding="same", name="grouped")(image)
    x = layers.SeparableConv2D(6, 3, strides=2, padding="same", name="separable")(x)
    x = layers.Conv2DTranspose(5, 2, strides=2, name="up")(x)
    x = layers.Conv2D(1, 3, dilation_rate=2, name="dilated")(x)
    rows = table(keras.Model(image, x))
    assert rows["grouped"].macs == 8 * 8 * 3 * 3 * 2 * 8
    assert rows["separable"].macs == 4 * 4 * (3 * 3 * 8 + 8 * 6)
    assert rows["up"].macs == 4 * 4 * 2 * 2 * 6 * 5
    assert rows["dilated"].macs == 4 * 4 * 3 * 3 * 5
    assert rows["separable"].receptive_field == (5, 5)
    assert rows["dilated"].receptive_field == (9, 9)


def test_nested_and_sequential_models_are_taken_apart() -> None:
    inner = keras.Sequential([layers.Input((8, 8, 2)), layers.Conv2D(3, 3, name="conv")], name="in")
    image = keras.Input((10, 10, 1))
    x = inner(layers.Conv2D(2, 3, name="first")(image))
    model = keras.Model(image, layers.Conv2D(1, 3, name="last")(x))
    rows = table(model)
    assert rows["in/conv"].receptive_field == (5, 5)
    assert rows["last"].receptive_field == (7, 7)
    assert totals(nets.describe(model)).parameters == model.count_params()
    assert [row.name for row in nets.describe(inner)][-1] == "conv"


def test_a_shared_layer_has_its_parameters_once_and_its_work_twice() -> None:
    image = keras.Input((6, 6, 1))
    shared = layers.Conv2D(1, 3, padding="same", name="shared")
    model = keras.Model(image, shared(shared(image)))
    rows = [row for row in nets.describe(model) if row.name == "shared"]
    assert [row.parameters for row in rows] == [10, 0]
    assert [row.macs for row in rows] == [324, 324]
    assert [row.receptive_field for row in rows] == [(3, 3), (5, 5)]


@pytest.mark.parametrize("name", ["googlenet", "densenet121", "shufflenet_v2"])
def test_sums_are_those_of_keras(name: str) -> None:
    model = nets.outline(name, width=0.5)
    rows = nets.describe(model)
    assert [row.name for row in rows] == [layer.name for layer in model.layers]
    sums = totals(rows)
    assert sums.parameters == model.count_params()
    assert sums.trainable == sum(math.prod(weight.shape) for weight in model.trainable_weights)


def test_arithmetic_that_is_not_known_is_named() -> None:
    sequence = keras.Input((4, 3))
    model = keras.Model(sequence, layers.LSTM(2, name="memory")(sequence))
    with pytest.raises(OptionError, match=r"memory \(LSTM\)"):
        totals(nets.describe(model))


def test_what_is_no_graph_is_refused() -> None:
    with pytest.raises(OptionError, match="no graph of layers"):
        nets.describe(keras.Sequential([layers.Dense(2)]))
