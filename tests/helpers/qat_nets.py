"""Tiny nets of many shapes for quantization-aware training, with batch norm that has seen life."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

SIDE = 12
layers = keras.layers


def conv_bn(x: Any, name: str, filters: int = 8, kernel: int = 3, **settings: Any) -> Any:
    x = layers.Conv2D(
        filters, kernel, padding="same", use_bias=False, name=f"{name}_conv", **settings
    )(x)
    return layers.BatchNormalization(name=f"{name}_bn")(x)


def residual(x: Any) -> Any:
    x = layers.ReLU(6.0, name="first_relu")(conv_bn(x, "first"))
    y = conv_bn(x, "second")
    return layers.ReLU(name="sum_relu")(layers.Add(name="sum")([x, y]))


def concatenated(x: Any) -> Any:
    x = layers.ReLU(name="first_relu")(conv_bn(x, "first"))
    y = layers.ReLU(name="second_relu")(conv_bn(x, "second", kernel=1))
    z = layers.MaxPooling2D(3, strides=1, padding="same", name="pool")(conv_bn(x, "third"))
    x = layers.Concatenate(name="join")([x, y, z])
    # Batch norm in front of the convolution, as in DenseNet.
    x = layers.ReLU(name="after_relu")(layers.BatchNormalization(name="after_bn")(x))
    return layers.AveragePooling2D(2, name="mean_pool")(x)


def branches(x: Any) -> Any:
    """As ShuffleNetV1 begins: a pooling that two branches take, one of them another pooling."""
    x = layers.ReLU(name="first_relu")(conv_bn(x, "first"))
    x = layers.MaxPooling2D(2, name="pool")(x)
    y = layers.ReLU(name="second_relu")(conv_bn(x, "second", kernel=1, strides=2))
    x = layers.AveragePooling2D(3, strides=2, padding="same", name="mean_pool")(x)
    return layers.Concatenate(name="join")([x, y])


def depthwise(x: Any) -> Any:
    x = layers.Conv2D(4, 1, activation="relu", name="first")(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False, name="deep")(x)
    x = layers.ReLU(6.0, name="deep_relu")(layers.BatchNormalization(name="deep_bn")(x))
    return layers.SeparableConv2D(8, 3, activation="silu", name="separable")(x)


def squeezed(x: Any) -> Any:
    x = layers.Activation("hard_silu", name="first_swish")(conv_bn(x, "first"))
    gate = layers.GlobalAveragePooling2D(keepdims=True, name="pool")(x)
    gate = layers.Conv2D(4, 1, activation="relu", name="reduce")(gate)
    gate = layers.Conv2D(8, 1, name="expand")(gate)
    gate = layers.Activation("hard_sigmoid", name="gate")(gate)
    return layers.Multiply(name="scale")([x, gate])


def nested(x: Any) -> Any:
    inside = keras.Input((SIDE, SIDE, 1), name="inside")
    y = layers.Activation("tanh", name="tanh")(conv_bn(inside, "first"))
    y = keras.Model(inside, y, name="body")(x)
    tail = keras.Sequential([layers.UpSampling2D(2), layers.Conv2D(8, 3, strides=2)], name="tail")
    return layers.LeakyReLU(0.1, name="leaky")(tail(y))


SHAPES: dict[str, Callable[[Any], Any]] = {
    function.__name__: function
    for function in (residual, concatenated, branches, depthwise, squeezed, nested)
}


def build(name: str, seed: int = 0) -> Any:
    """One of `SHAPES` between Rescaling and a softmax over 5 classes."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((SIDE, SIDE, 1), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1.0, name="rescale")(inputs)
    x = SHAPES[name](x)
    x = layers.GlobalAveragePooling2D(name="last_pool")(x)
    x = layers.Dense(5, name="logits")(layers.Dropout(0.1, name="dropout")(x))
    model = keras.Model(inputs, layers.Softmax(name="probabilities")(x), name=name)
    shake(model, seed)
    return model


def shake(model: Any, seed: int) -> None:
    """Give batch norm statistics and biases as training leaves them, not the ones and zeros."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        last = weight.path.rpartition("/")[2]
        if last in ("gamma", "moving_variance"):
            weight.assign(rng.uniform(0.5, 2.0, weight.shape))
        elif last in ("beta", "moving_mean", "bias"):
            weight.assign(rng.normal(0.0, 0.3, weight.shape))
        elif last == "kernel" and len(weight.shape) == 2:
            weight.assign(rng.normal(0.0, 2.0, weight.shape))


def pictures(count: int, seed: int = 1) -> Any:
    """(count, SIDE, SIDE, 1) float32 pixels 0..255: smooth blobs, not noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (count, 3, 3, 1))
    return np.repeat(np.repeat(coarse, SIDE // 3, 1), SIDE // 3, 2).astype(np.float32)
