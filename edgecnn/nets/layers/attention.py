"""Attention over channels, over space, and CBAM, which is one after the other.

Reference:
    Woo, Park, Lee and Kweon, "CBAM: Convolutional Block Attention Module", ECCV 2018. Results of
    these blocks outside the paper are mixed, and they cost more time than their multiply-adds say:
    measure before you keep them.
"""

from __future__ import annotations

from typing import Any

import keras

from edgecnn.nets.layers.channels import ChannelStatistics
from edgecnn.nets.layers.convolution import activate, conv_norm


def channel_attention(x: Any, squeezed: int, name: str) -> Any:
    """Weigh channels by their means and maxima, both through the same two dense layers.

    Args:
        x: (batch, height, width, channels).
        squeezed: Channels between the two dense layers.
        name: Prefix of ``{name}_{mean|max|stack|reduce_conv|expand_conv|split|scale}``.

    Returns:
        The shape that came in.
    """
    channels = x.shape[-1]
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_mean")(x)
    highest = keras.layers.GlobalMaxPooling2D(keepdims=True, name=f"{name}_max")(x)
    # As two pixels of one picture both pass the shared layers at once: no layer has two inputs,
    # which keeps the graph simple for whoever prunes or quantizes it.
    both = keras.layers.Concatenate(axis=1, name=f"{name}_stack")([mean, highest])
    both = keras.layers.Conv2D(
        squeezed, 1, use_bias=False, kernel_initializer="he_normal", name=f"{name}_reduce_conv"
    )(both)
    both = activate(both, "relu", f"{name}_reduce")
    both = keras.layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_expand_conv")(both)
    # The sum of the two is twice their mean.
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_join")(both)
    weights = keras.layers.Rescaling(2.0, name=f"{name}_sum")(mean)
    weights = activate(weights, "sigmoid", name)
    return keras.layers.Multiply(name=f"{name}_scale")([x, weights])


def spatial_attention(x: Any, name: str, *, kernel: int = 7) -> Any:
    """Weigh pixels by mean and maximum over their channels, seen through one convolution.

    Args:
        x: (batch, height, width, channels).
        name: Prefix of ``{name}_{statistics|map_conv|map_bn|map_sigmoid|scale}``.
        kernel: Side of the convolution.

    Returns:
        The shape that came in.
    """
    weights = ChannelStatistics(name=f"{name}_statistics")(x)
    weights = conv_norm(weights, 1, f"{name}_map", kernel=kernel, activation="sigmoid")
    return keras.layers.Multiply(name=f"{name}_scale")([x, weights])


def cbam(x: Any, squeezed: int, name: str, *, kernel: int = 7) -> Any:
    """Channel attention, then spatial attention; see both for Args.

    Returns:
        The shape that came in; layers are named ``{name}_channel_*`` and ``{name}_spatial_*``.
    """
    return spatial_attention(
        channel_attention(x, squeezed, f"{name}_channel"), f"{name}_spatial", kernel=kernel
    )
