"""Convolutions with batch norm and activation: what every later block is made of.

Names: ``{name}_conv``, ``{name}_bn``, ``{name}_relu6`` (or the activation that there is). Padding
is "same", so every stride of s turns n pixels into n / s, rounded up.
"""

from __future__ import annotations

from typing import Any

import keras

BATCH_NORM_EPSILON = 1e-3
BATCH_NORM_MOMENTUM = 0.99


def activate(x: Any, activation: str | None, name: str) -> Any:
    """Add an activation as a layer of its own, called ``{name}_{activation}``.

    Args:
        x: Any tensor.
        activation: ``"relu"``, ``"relu6"``, ``"hard_swish"``, ``"hard_sigmoid"``, ``"sigmoid"``,
            ``"tanh"`` or None for none. Hard-swish is x * relu6(x + 3) / 6 (Howard et al., 2019).
        name: Of the layer it belongs to.

    Returns:
        A tensor of the same shape.
    """
    if activation is None:
        return x
    label = f"{name}_{activation}"
    if activation == "relu":
        return keras.layers.ReLU(name=label)(x)
    if activation == "relu6":
        return keras.layers.ReLU(max_value=6.0, name=label)(x)
    # Keras calls hard-swish hard_silu.
    function = "hard_silu" if activation == "hard_swish" else activation
    return keras.layers.Activation(function, name=label)(x)


def norm(
    x: Any,
    name: str,
    *,
    activation: str | None = "relu",
    epsilon: float = BATCH_NORM_EPSILON,
    momentum: float = BATCH_NORM_MOMENTUM,
) -> Any:
    """Add batch norm ``{name}_bn`` and an activation; the shape stays."""
    x = keras.layers.BatchNormalization(momentum=momentum, epsilon=epsilon, name=f"{name}_bn")(x)
    return activate(x, activation, name)


def conv(
    x: Any,
    filters: int,
    name: str,
    *,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    bias: bool = False,
) -> Any:
    """Add a convolution ``{name}_conv`` without activation.

    Args:
        x: (batch, height, width, channels).
        filters: Channels that come out.
        name: Of the convolution and of what follows it.
        kernel: Side of the kernel in pixels.
        stride: Step in pixels.
        groups: Parts into which the channels are divided; each part sees only itself.
        bias: Whether it has one; not needed in front of batch norm.

    Returns:
        (batch, height / stride rounded up, width / stride rounded up, filters).
    """
    return keras.layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same",
        groups=groups,
        use_bias=bias,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)


def conv_norm(
    x: Any,
    filters: int,
    name: str,
    *,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    activation: str | None = "relu",
) -> Any:
    """Add convolution, batch norm and activation; see `conv`."""
    x = conv(x, filters, name, kernel=kernel, stride=stride, groups=groups)
    return norm(x, name, activation=activation)


def depthwise_norm(
    x: Any, name: str, *, kernel: int = 3, stride: int = 1, activation: str | None = "relu"
) -> Any:
    """Add a depthwise convolution, batch norm and activation.

    Args:
        x: (batch, height, width, channels).
        name: The convolution is ``{name}_conv``.
        kernel: Side of the kernel in pixels.
        stride: Step in pixels.
        activation: See `activate`.

    Returns:
        (batch, height / stride rounded up, width / stride rounded up, channels).
    """
    x = keras.layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        # He's rule with the fan of one channel; "he_normal" would count all channels in.
        depthwise_initializer=keras.initializers.RandomNormal(stddev=2**0.5 / kernel),
        name=f"{name}_conv",
    )(x)
    return norm(x, name, activation=activation)
