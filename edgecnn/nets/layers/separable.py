"""Depthwise separable convolution: space and channels one after the other.

A k x k convolution from M to N channels costs k * k * M * N multiply-adds a pixel; depthwise and
pointwise together cost k * k * M + M * N, which is 1 / N + 1 / k**2 of it.

Reference:
    Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
    Applications", arXiv:1704.04861, 2017.
"""

from __future__ import annotations

from typing import Any

from edgecnn.nets.layers.convolution import conv_norm, depthwise_norm


def depthwise_separable(
    x: Any,
    filters: int,
    name: str,
    *,
    kernel: int = 3,
    stride: int = 1,
    activation: str = "relu",
) -> Any:
    """Depthwise k x k, then 1 x 1, each with batch norm and activation.

    Args:
        x: (batch, height, width, channels).
        filters: Channels that come out.
        name: Prefix of ``{name}_depthwise_*`` and ``{name}_pointwise_*``.
        kernel: Side of the depthwise kernel in pixels.
        stride: Of the depthwise convolution.
        activation: See `edgecnn.nets.layers.convolution.activate`.

    Returns:
        (batch, height / stride rounded up, width / stride rounded up, filters).
    """
    x = depthwise_norm(x, f"{name}_depthwise", kernel=kernel, stride=stride, activation=activation)
    return conv_norm(x, filters, f"{name}_pointwise", activation=activation)
