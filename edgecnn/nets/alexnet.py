"""AlexNet in one tower.

The form of 2014, which fits one processor: 64, 192, 384, 256, 256 channels without groups, and
61,100,840 parameters. Local response normalisation, which that form leaves out and the net of 2012
has behind the first two convolutions, is an option.

Reference:
    Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks", NIPS 2012; Krizhevsky, "One weird trick for parallelizing convolutional neural
    networks", arXiv:1404.5997, 2014 (one tower; its fourth convolution has 384 channels, where the
    form that everybody counts has 256).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import keras

from edgecnn.nets.layers.local_response_norm import LocalResponseNorm
from edgecnn.nets.options import NetOptions, Smallest, begin, classify, scaled


@dataclass(frozen=True, slots=True)
class ConvSpec:
    """One convolution with ReLU.

    Attributes:
        filters: Channels that come out.
        kernel, stride: In pixels.
        padding: Zeros on each side, in pixels.
        normalised: Whether LRN follows, where it is asked for.
        pooled: Whether max-pooling 3 x 3 with stride 2 follows.
    """

    filters: int
    kernel: int
    stride: int = 1
    padding: int = 1
    normalised: bool = False
    pooled: bool = False


CONVS = (
    ConvSpec(64, kernel=11, stride=4, padding=2, normalised=True, pooled=True),
    ConvSpec(192, kernel=5, padding=2, normalised=True, pooled=True),
    ConvSpec(384, kernel=3),
    ConvSpec(256, kernel=3),
    ConvSpec(256, kernel=3, pooled=True),
)
SMALL_STEM = ConvSpec(64, kernel=3, normalised=True, pooled=True)
"""The first convolution for pictures of some 30 pixels."""
UNITS = (4096, 4096)
DROPOUT = 0.5


def _conv(x: Any, spec: ConvSpec, name: str, filters: int, *, lrn: bool) -> Any:
    x = keras.layers.ZeroPadding2D(spec.padding, name=f"{name}_pad")(x)
    x = keras.layers.Conv2D(
        filters,
        spec.kernel,
        strides=spec.stride,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    x = keras.layers.ReLU(name=f"{name}_relu")(x)
    if lrn and spec.normalised:
        x = LocalResponseNorm(name=f"{name}_lrn")(x)
    if spec.pooled:
        x = keras.layers.MaxPooling2D(3, strides=2, name=f"{name}_pool")(x)
    return x


def alexnet(options: NetOptions, *, lrn: bool = False) -> keras.Model:
    """Build AlexNet: ``conv1`` to ``conv5``, ``fc6``, ``fc7``, ``logits``.

    Args:
        options: Designed for (224, 224, 3); at least 63 pixels a side, 15 with the small stem.
        lrn: Local response normalisation behind the first two convolutions.

    Returns:
        The model.
    """
    inputs, stem = begin(
        "alexnet", options, designed_for=(224, 224, 3), smallest=Smallest(paper=63, small=15)
    )
    x = inputs
    specs = CONVS if stem == "paper" else (SMALL_STEM, *CONVS[1:])
    for number, spec in enumerate(specs, start=1):
        x = _conv(x, spec, f"conv{number}", scaled(spec.filters, options.width), lrn=lrn)
    x = keras.layers.Flatten(name="flatten")(x)
    rate = DROPOUT if options.dropout is None else options.dropout
    for number, units in enumerate(UNITS, start=6):
        if rate:
            x = keras.layers.Dropout(rate, name=f"fc{number}_dropout")(x)
        x = keras.layers.Dense(
            scaled(units, options.width),
            kernel_initializer="he_normal",
            name=f"fc{number}",
        )(x)
        x = keras.layers.ReLU(name=f"fc{number}_relu")(x)
    # Dropout is in front of the two layers above, and not of the classifier.
    last = classify(x, dataclasses.replace(options, dropout=0.0), dropout=0.0)
    return keras.Model(inputs, last, name="alexnet")
