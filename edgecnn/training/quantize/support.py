"""Which Keras layers an integer network has, and what to use instead of the others."""

from __future__ import annotations

from typing import Any

import keras

from edgecnn.errors import OptionError
from edgecnn.nets.layers.channels import ChannelShuffle, ChannelSlice

_layers = keras.layers

PASSING = frozenset(
    {
        _layers.ActivityRegularization,
        _layers.Cropping2D,
        _layers.Dropout,
        _layers.Flatten,
        _layers.GaussianDropout,
        _layers.GaussianNoise,
        _layers.GlobalMaxPooling2D,
        _layers.Identity,
        _layers.MaxPooling2D,
        _layers.Permute,
        _layers.Reshape,
        _layers.SpatialDropout2D,
        _layers.ZeroPadding2D,
        ChannelShuffle,
        ChannelSlice,
    }
)
"""What comes out was among what went in, so it has its levels already."""

FIXED = {
    "sigmoid": (0.0, 255.0 / 256.0),
    "softmax": (0.0, 255.0 / 256.0),
    "tanh": (-1.0, 127.0 / 128.0),
}
"""Activations whose range the integer kernels demand."""

SUPPORTED = (
    "Conv2D, DepthwiseConv2D, SeparableConv2D, Dense, BatchNormalization, Rescaling, "
    "Normalization, ReLU, LeakyReLU, Softmax, Activation (relu, relu6, leaky_relu, hard_sigmoid, "
    "hard_silu, silu, sigmoid, softmax, tanh, linear), Add, Subtract, Multiply, Concatenate, "
    "pooling in two dimensions, UpSampling2D, ZeroPadding2D, Cropping2D, Flatten, Reshape, "
    "Permute, dropout and noise"
)

_INSTEAD = {
    "Average": "Add and then Rescaling(1 / n)",
    "Conv2DTranspose": "UpSampling2D and then Conv2D",
    "ELU": "ReLU(6) or Activation('hard_silu')",
    "GroupNormalization": "BatchNormalization",
    "LayerNormalization": "BatchNormalization",
    "LocalResponseNorm": "BatchNormalization, or leave it out: it gains next to nothing",
    "Maximum": "Add, or MaxPooling2D",
    "PReLU": "ReLU(6) or LeakyReLU",
    "elu": "'relu6' or 'hard_silu'",
    "gelu": "'hard_silu'",
    "mish": "'hard_silu'",
    "selu": "'relu6' or 'hard_silu'",
    "softplus": "'relu'",
}


def unsupported(name: str, kind: str, why: str = "") -> OptionError:
    """The error about a layer that integer networks do not have.

    Args:
        name: Of the layer.
        kind: Its class, or its activation function.
        why: In place of the plain "is not supported".
    """
    advice = f"Use {_INSTEAD[kind]}." if kind in _INSTEAD else f"Supported are {SUPPORTED}."
    if kind.startswith("Random"):
        advice = "Augment in the data pipeline, and leave the layer out of the network."
    reason = why or "is not supported by quantization-aware training"
    return OptionError(f"Layer {name!r} ({kind}) {reason}. {advice}")


def activation_name(layer: Any) -> str:
    """Name of the activation function of a Keras layer; that of a function that is not Keras's."""
    function = getattr(layer, "activation", None)
    if function is None:
        return "linear"
    known = keras.activations.serialize(function)
    return known if isinstance(known, str) else getattr(function, "__name__", repr(function))
