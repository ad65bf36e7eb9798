"""Bias correction keeps channel means under 8-bit weights, and touches nothing but biases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from converters.bias_correction import correct_biases, rounded_kernel  # noqa: E402
from edgecnn.errors import ConversionError  # noqa: E402


def small_net() -> Any:
    """Convolution with and without batch normalisation, depthwise, and a shortcut."""
    keras.utils.set_random_seed(21)
    layers = keras.layers
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="stem")(inputs)
    x = layers.BatchNormalization(name="stem_bn")(x)
    shortcut = x = layers.ReLU(max_value=6.0)(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="deep")(x)
    x = layers.BatchNormalization(name="deep_bn")(x)
    x = layers.ReLU(max_value=6.0)(x)
    x = layers.Conv2D(8, 1, name="biased")(x)
    x = layers.Add()([shortcut, x])
    x = layers.Conv2D(4, 1, use_bias=False, name="bare")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x))


def samples() -> np.ndarray:
    return np.random.default_rng(5).uniform(0, 1, (40, 16, 16, 3)).astype(np.float32)


def channel_means(model: Any, name: str, *, rounded: bool) -> np.ndarray:
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for layer in copy.layers:
        if rounded and hasattr(layer, "kernel"):
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            kernel = layer.kernel.numpy()
            layer.kernel.assign(rounded_kernel(kernel, depthwise=depthwise))
    probe = keras.Model(copy.inputs[0], copy.get_layer(name).output)
    return np.asarray(keras.ops.convert_to_numpy(probe(samples(), training=False))).mean((0, 1, 2))


@pytest.mark.parametrize("name", ["stem_bn", "deep_bn", "biased"])
def test_means_under_rounded_weights_are_the_float_ones(name: str) -> None:
    model = small_net()
    corrected = correct_biases(model, samples())
    expected = channel_means(model, name, rounded=False)
    before = np.abs(channel_means(model, name, rounded=True) - expected).max()
    after = np.abs(channel_means(corrected, name, rounded=True) - expected).max()
    assert before > 1e-4
    assert after < 1e-5


def test_kernels_and_the_original_model_stay_as_they_are() -> None:
    model = small_net()
    weights = [np.array(weight) for weight in model.get_weights()]
    corrected = correct_biases(model, samples())
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    changed = [
        one.path
        for one, other in zip(corrected.weights, model.weights, strict=True)
        if not np.array_equal(one.numpy(), other.numpy())
    ]
    assert changed == ["stem_bn/beta", "deep_bn/beta", "biased/bias"]


def test_rounded_kernels_have_127_steps_a_side_and_their_own_scale() -> None:
    kernel = np.zeros((1, 1, 2, 3), np.float32)
    kernel[0, 0] = [[1.0, 0.0101, 0.0], [0.4999, -0.02, 0.0]]
    rounded = rounded_kernel(kernel)
    np.testing.assert_allclose(rounded[0, 0, :, 0] * 127, [127, 63], atol=1e-4)
    np.testing.assert_allclose(rounded[0, 0, :, 1] / 0.02 * 127, [64, -127], atol=1e-4)
    np.testing.assert_array_equal(rounded[0, 0, :, 2], [0, 0])


def test_a_layer_used_twice_is_refused() -> None:
    inputs = keras.Input((8, 8, 3))
    layer = keras.layers.Conv2D(3, 1, name="twice")
    model = keras.Model(inputs, layer(layer(inputs)))
    with pytest.raises(ConversionError, match="twice"):
        correct_biases(model, samples()[:, :8, :8])
