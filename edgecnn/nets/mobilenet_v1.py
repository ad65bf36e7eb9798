"""MobileNetV1: a chain of depthwise separable convolutions.

Where we differ: ReLU6 in place of ReLU, as in the weights that its authors published; it quantizes
better. `width` is the paper's width multiplier; its resolution multiplier is the input's size.

Reference:
    Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
    Applications", arXiv:1704.04861, 2017, table 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras

from edgecnn.nets.layers.convolution import conv_norm
from edgecnn.nets.layers.separable import depthwise_separable
from edgecnn.nets.options import NetOptions, Smallest, begin, classify, scaled


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """One depthwise separable convolution.

    Attributes:
        filters: Channels that come out, before width scaling.
        stride: Of the depthwise part.
    """

    filters: int
    stride: int = 1


STEM_FILTERS = 32
BLOCKS = (
    BlockSpec(64),
    BlockSpec(128, stride=2),
    BlockSpec(128),
    BlockSpec(256, stride=2),
    BlockSpec(256),
    BlockSpec(512, stride=2),
    *(BlockSpec(512),) * 5,
    BlockSpec(1024, stride=2),
    BlockSpec(1024),
)
DROPOUT = 1e-3


def mobilenet_v1(options: NetOptions) -> keras.Model:
    """Build MobileNetV1: ``stem``, ``block{B}_{depthwise|pointwise}``, ``logits``.

    Args:
        options: Designed for (224, 224, 3); at least 32 pixels a side. The small stem has stride 1:
            at least 16.

    Returns:
        The model.
    """
    inputs, stem = begin(
        "mobilenet_v1", options, designed_for=(224, 224, 3), smallest=Smallest(paper=32, small=16)
    )
    x = conv_norm(
        inputs,
        scaled(STEM_FILTERS, options.width),
        "stem",
        kernel=3,
        stride=2 if stem == "paper" else 1,
        activation="relu6",
    )
    for number, block in enumerate(BLOCKS, start=1):
        filters = scaled(block.filters, options.width)
        x = depthwise_separable(
            x, filters, f"block{number}", stride=block.stride, activation="relu6"
        )
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, classify(x, options, dropout=DROPOUT), name="mobilenet_v1")
