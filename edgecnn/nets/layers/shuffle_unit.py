"""Units of ShuffleNetV1 and V2: cheap 1 x 1 convolutions, and a shuffle that joins the parts again.

Reference:
    Zhang et al., "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile
    Devices", CVPR 2018, figure 2; Ma et al., "ShuffleNet V2: Practical Guidelines for Efficient CNN
    Architecture Design", ECCV 2018, figure 3.
"""

from __future__ import annotations

from typing import Any

import keras

from edgecnn.nets.layers.channels import ChannelShuffle, ChannelSlice
from edgecnn.nets.layers.convolution import activate, conv_norm, depthwise_norm

BOTTLENECK = 4
"""Channels that a V1 unit puts out, over those inside."""


def shuffle_unit_v1(
    x: Any, filters: int, name: str, *, groups: int, stride: int = 1, group_first: bool = True
) -> Any:
    """Grouped 1 x 1, shuffle, depthwise 3 x 3, grouped 1 x 1, beside a shortcut.

    With stride 2 the shortcut is an average pooling, joined along the channels, not added.

    Args:
        x: (batch, height, width, channels).
        filters: Channels that come out, a multiple of 4 * groups; with stride 1 as many as come
            in, with stride 2 more than that, by a multiple of groups.
        name: Prefix of ``{name}_{reduce|shuffle|depthwise|expand|pool|join|add|relu}``.
        groups: Of the 1 x 1 convolutions.
        stride: 1 or 2.
        group_first: Whether the first 1 x 1 has groups; not in the very first unit of the net.

    Returns:
        (batch, height / stride rounded up, width / stride rounded up, filters).
    """
    channels = x.shape[-1]
    grown = filters if stride == 1 else filters - channels
    inside = filters // BOTTLENECK
    y = conv_norm(x, inside, f"{name}_reduce", groups=groups if group_first else 1)
    if groups > 1:
        y = ChannelShuffle(groups, name=f"{name}_shuffle")(y)
    y = depthwise_norm(y, f"{name}_depthwise", stride=stride, activation=None)
    y = conv_norm(y, grown, f"{name}_expand", groups=groups, activation=None)
    if stride == 1:
        x = keras.layers.Add(name=f"{name}_add")([x, y])
    else:
        x = keras.layers.AveragePooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
        x = keras.layers.Concatenate(name=f"{name}_join")([x, y])
    return activate(x, "relu", name)


def shuffle_unit_v2(x: Any, filters: int, name: str, *, stride: int = 1) -> Any:
    """Half of the channels pass, the other half is convolved; then both are shuffled together.

    With stride 2 both halves are convolutions of everything that comes in.

    Args:
        x: (batch, height, width, channels); with stride 1, channels is filters.
        filters: Channels that come out, an even number.
        name: Prefix of ``{name}_{keep|take|reduce|depthwise|expand|join|shuffle}``, and with stride
            2 ``{name}_shortcut_*``.
        stride: 1 or 2.

    Returns:
        (batch, height / stride rounded up, width / stride rounded up, filters).
    """
    half = filters // 2
    if stride == 1:
        shortcut = ChannelSlice(0, half, name=f"{name}_keep")(x)
        y = ChannelSlice(half, filters, name=f"{name}_take")(x)
    else:
        shortcut = depthwise_norm(x, f"{name}_shortcut_depthwise", stride=stride, activation=None)
        shortcut = conv_norm(shortcut, half, f"{name}_shortcut_project")
        y = x
    y = conv_norm(y, half, f"{name}_reduce")
    y = depthwise_norm(y, f"{name}_depthwise", stride=stride, activation=None)
    y = conv_norm(y, half, f"{name}_expand")
    x = keras.layers.Concatenate(name=f"{name}_join")([shortcut, y])
    return ChannelShuffle(2, name=f"{name}_shuffle")(x)
