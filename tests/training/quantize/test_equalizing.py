"""Channels with alike ranges: the answers stay, and 8 bits are shared out better."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from edgecnn.errors import OptionError  # noqa: E402
from edgecnn.training import quantize  # noqa: E402
from edgecnn.training.quantize.activations import ActivationQuantizer  # noqa: E402
from tests.helpers import net_families, qat_nets  # noqa: E402

# numpy and Keras about each other, whenever Keras hands out weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

layers = keras.layers


def answers(model: Any, x: Any) -> Any:
    return np.array(keras.ops.convert_to_numpy(model(x, training=False)))


def uneven(seed: int = 0) -> Any:
    """A residual net, one in two channels of which reach fifty times less far than the others."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((12, 12, 1), name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(inputs)
    x = layers.ReLU(name="first_relu")(layers.Conv2D(8, 3, name="first")(x))
    y = layers.DepthwiseConv2D(3, padding="same", name="deep")(x)
    y = layers.Conv2D(8, 1, activation="relu", name="second")(y)
    x = layers.ReLU(name="sum_relu")(layers.Add(name="sum")([x, y]))
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(inputs, layers.Dense(5, name="logits")(x), name="uneven")
    shrink = np.float32([1.0, 0.02] * 4)
    first, second = model.get_layer("first"), model.get_layer("second")
    deep, logits = model.get_layer("deep"), model.get_layer("logits")
    for layer in (first, second):
        kernel = np.abs(np.array(layer.kernel.value))
        layer.kernel.assign(kernel * shrink)
    for layer in (deep, logits):
        kernel = np.array(layer.kernel.value)
        layer.kernel.assign(kernel / (shrink[:, None] * np.float32(10.0)))
    return model


def reach(model: Any, name: str, x: Any) -> Any:
    inner = keras.Model(model.input, model.get_layer(name).output)
    return np.abs(answers(inner, x)).max(axis=(0, 1, 2))


@pytest.mark.parametrize("name", qat_nets.SHAPES)
@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_the_answers_and_the_given_model_stay(name: str, balance: float) -> None:
    model, x = qat_nets.build(name), qat_nets.pictures(8)
    before = [np.array(weight) for weight in model.get_weights()]
    even = quantize.equalize(model, x, balance=balance)
    np.testing.assert_allclose(answers(even, x), answers(model, x), atol=1e-5, rtol=0)
    assert even.output_names == model.output_names
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


@pytest.mark.parametrize("name", net_families.FAMILIES)
def test_the_answers_of_every_family_of_nets_stay(name: str) -> None:
    model = net_families.build(name)
    qat_nets.shake(model, 0)
    x = np.random.default_rng(0).uniform(0, 1, (4, *net_families.SHAPE)).astype(np.float32)
    expected = answers(model, x)
    even = answers(quantize.equalize(model, x), x)
    assert np.abs(even - expected).max() <= 1e-4 * max(1.0, np.abs(expected).max())


def test_channels_reach_alike_and_a_residual_stream_is_evened_as_a_whole() -> None:
    model, x = uneven(), qat_nets.pictures(8)
    even = quantize.equalize(model, x, balance=1.0)
    np.testing.assert_allclose(answers(even, x), answers(model, x), rtol=1e-4, atol=1e-4)
    for name in ("first_relu", "sum_relu"):
        before, after = reach(model, name, x), reach(even, name, x)
        assert before.max() / before.min() > 20
        assert after.max() / after.min() < 3
    deep = reach(even, "deep", x)
    assert deep.max() / deep.min() == pytest.approx(1.0, abs=1e-3)


def test_8_bits_answer_closer_to_the_float_net() -> None:
    model, x = uneven(), qat_nets.pictures(64)

    def error(float_net: Any) -> float:
        prepared = quantize.prepare(float_net)
        quantize.observe(prepared, x)
        return float(np.abs(answers(prepared, x) - answers(model, x)).mean())

    assert error(quantize.equalize(model, x)) < 0.5 * error(model)


def test_an_evened_net_is_rounded_at_the_same_places() -> None:
    def ranges(model: Any) -> list[str]:
        prepared = quantize.prepare(model)
        return [layer.name for layer in prepared.layers if isinstance(layer, ActivationQuantizer)]

    model = qat_nets.build("residual")
    assert ranges(quantize.equalize(model, qat_nets.pictures(4))) == ranges(model)


def test_channels_that_meet_anything_but_relu_stay() -> None:
    inputs = keras.Input((6, 6, 3))
    x = layers.Conv2D(4, 3, name="first")(inputs)
    x = layers.ReLU(6.0)(x)
    x = layers.Conv2D(4, 1, name="second")(x)
    x = layers.Multiply()([x, layers.Activation("sigmoid")(x)])
    model = keras.Model(inputs, layers.Conv2D(2, 1, name="third")(x))
    even = quantize.equalize(model, np.random.default_rng(0).normal(size=(4, 6, 6, 3)))
    for old, new in zip(model.get_weights(), even.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("balance", [-0.1, 1.5])
def test_a_balance_out_of_range_is_refused(balance: float) -> None:
    with pytest.raises(OptionError, match=f"balance is {balance}; give 0"):
        quantize.equalize(uneven(), qat_nets.pictures(2), balance=balance)


def test_no_pictures_are_refused() -> None:
    with pytest.raises(OptionError, match=r"equalize\(\) got no pictures"):
        quantize.equalize(uneven(), iter(()))
