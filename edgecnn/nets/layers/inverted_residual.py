"""Inverted residual with linear bottleneck: narrow outside, wide and depthwise inside.

Reference:
    Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018; with
    squeeze and excitation inside, Howard et al., "Searching for MobileNetV3", ICCV 2019.
"""

from __future__ import annotations

from typing import Any

import keras

from edgecnn.nets.layers.convolution import conv_norm, depthwise_norm
from edgecnn.nets.layers.squeeze_excite import squeeze_excite


def inverted_residual(
    x: Any,
    filters: int,
    name: str,
    *,
    expanded: int,
    kernel: int = 3,
    stride: int = 1,
    activation: str = "relu6",
    squeezed: int = 0,
) -> Any:
    """Expand 1 x 1, depthwise k x k, project 1 x 1 without activation; add what came in.

    The last step has no activation, since it would destroy what a narrow tensor holds.

    Args:
        x: (batch, height, width, channels).
        filters: Channels that come out.
        name: Prefix of ``{name}_{expand|depthwise|se|project|add}``.
        expanded: Channels inside; there is no expansion when these are those that come in.
        kernel: Side of the depthwise kernel in pixels.
        stride: Of the depthwise convolution.
        activation: See `edgecnn.nets.layers.convolution.activate`.
        squeezed: Channels in the middle of squeeze and excitation; 0 for none.

    Returns:
        (batch, height / stride rounded up, width / stride rounded up, filters). There is an
        addition only where shape in and shape out are the same.
    """
    shortcut, channels = x, x.shape[-1]
    if expanded != channels:
        x = conv_norm(x, expanded, f"{name}_expand", activation=activation)
    x = depthwise_norm(x, f"{name}_depthwise", kernel=kernel, stride=stride, activation=activation)
    if squeezed:
        x = squeeze_excite(x, squeezed, f"{name}_se", gate="hard_sigmoid")
    x = conv_norm(x, filters, f"{name}_project", activation=None)
    if stride == 1 and channels == filters:
        x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return x
