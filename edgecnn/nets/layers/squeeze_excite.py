"""Squeeze and excitation: each channel is weighed by what the whole picture says.

Reference:
    Hu, Shen and Sun, "Squeeze-and-Excitation Networks", CVPR 2018; with a hard sigmoid in Howard
    et al., "Searching for MobileNetV3", ICCV 2019. The two dense layers are 1 x 1 convolutions of a
    1 x 1 map, which spares a reshape in the converted file; arithmetic and parameters are the same.
"""

from __future__ import annotations

from typing import Any

import keras

from edgecnn.nets.layers.convolution import activate, conv


def squeeze_excite(x: Any, squeezed: int, name: str, *, gate: str = "sigmoid") -> Any:
    """Multiply channels by a gate in 0..1 that is computed from their means.

    Args:
        x: (batch, height, width, channels).
        squeezed: Channels between the two dense layers.
        name: Prefix of ``{name}_pool``, ``{name}_reduce_conv``, ``{name}_expand_conv``,
            ``{name}_scale``.
        gate: ``"sigmoid"`` or ``"hard_sigmoid"``; the hard one quantizes better.

    Returns:
        The shape that came in.
    """
    channels = x.shape[-1]
    weights = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_pool")(x)
    weights = conv(weights, squeezed, f"{name}_reduce", bias=True)
    weights = activate(weights, "relu", f"{name}_reduce")
    weights = conv(weights, channels, f"{name}_expand", bias=True)
    weights = activate(weights, gate, f"{name}_expand")
    return keras.layers.Multiply(name=f"{name}_scale")([x, weights])
