"""Dense block: every layer sees the outputs of all layers before it.

Reference:
    Huang, Liu, van der Maaten and Weinberger, "Densely Connected Convolutional Networks", CVPR
    2017, in the form DenseNet-BC (1 x 1 bottlenecks, compressing transitions).
"""

from __future__ import annotations

from typing import Any

import keras

from edgecnn.nets.layers.convolution import conv, norm

BOTTLENECK = 4
"""Channels behind the 1 x 1 of a layer, over the growth rate."""


def dense_block(x: Any, layers: int, growth: int, name: str) -> Any:
    """Layers of norm, ReLU, 1 x 1, norm, ReLU, 3 x 3; each output is joined to all before it.

    Args:
        x: (batch, height, width, channels).
        layers: Number of layers.
        growth: Channels that each layer adds.
        name: Prefix of ``{name}_layer{L}_{bottleneck|grow|join}``; layers count from 1.

    Returns:
        (batch, height, width, channels + layers * growth).
    """
    for number in range(1, layers + 1):
        prefix = f"{name}_layer{number}"
        new = norm(x, f"{prefix}_bottleneck")
        new = conv(new, BOTTLENECK * growth, f"{prefix}_bottleneck")
        new = norm(new, f"{prefix}_grow")
        new = conv(new, growth, f"{prefix}_grow", kernel=3)
        x = keras.layers.Concatenate(name=f"{prefix}_join")([x, new])
    return x


def transition(x: Any, filters: int, name: str) -> Any:
    """Norm, ReLU, 1 x 1 and average pooling by 2 between two dense blocks.

    Args:
        x: (batch, height, width, channels), at least 2 pixels a side.
        filters: Channels that come out; half of those that come in, in the paper.
        name: Prefix of ``{name}_{bn|relu|conv|pool}``.

    Returns:
        (batch, height // 2, width // 2, filters).
    """
    x = conv(norm(x, name), filters, name)
    return keras.layers.AveragePooling2D(2, name=f"{name}_pool")(x)
