"""MobileNetV3, small and large: searched blocks with squeeze and excitation and hard-swish.

Squeeze and excitation and hard-swish quantize badly; check int8 files of these nets with care, or
take EfficientNet-Lite, which was made without both.

Reference:
    Howard et al., "Searching for MobileNetV3", ICCV 2019, tables 1 and 2. Squeezed channels are a
    quarter of the expanded ones, rounded to a multiple of 8, as in the authors' code.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import keras

from edgecnn.nets.layers.convolution import activate, conv_norm
from edgecnn.nets.layers.inverted_residual import inverted_residual
from edgecnn.nets.options import NetOptions, Smallest, begin, classify, scaled


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """One inverted residual, a row of the paper's tables.

    Attributes:
        kernel: Side of the depthwise kernel.
        expanded: Channels inside, before width scaling.
        filters: Channels that come out, before width scaling.
        squeeze: Whether there is squeeze and excitation.
        swish: Hard-swish, else ReLU.
        stride: Of the depthwise part.
    """

    kernel: int
    expanded: int
    filters: int
    squeeze: bool = False
    swish: bool = False
    stride: int = 1


LARGE = (
    BlockSpec(3, 16, 16),
    BlockSpec(3, 64, 24, stride=2),
    BlockSpec(3, 72, 24),
    BlockSpec(5, 72, 40, squeeze=True, stride=2),
    BlockSpec(5, 120, 40, squeeze=True),
    BlockSpec(5, 120, 40, squeeze=True),
    BlockSpec(3, 240, 80, swish=True, stride=2),
    BlockSpec(3, 200, 80, swish=True),
    BlockSpec(3, 184, 80, swish=True),
    BlockSpec(3, 184, 80, swish=True),
    BlockSpec(3, 480, 112, squeeze=True, swish=True),
    BlockSpec(3, 672, 112, squeeze=True, swish=True),
    BlockSpec(5, 672, 160, squeeze=True, swish=True, stride=2),
    BlockSpec(5, 960, 160, squeeze=True, swish=True),
    BlockSpec(5, 960, 160, squeeze=True, swish=True),
)
SMALL = (
    BlockSpec(3, 16, 16, squeeze=True, stride=2),
    BlockSpec(3, 72, 24, stride=2),
    BlockSpec(3, 88, 24),
    BlockSpec(5, 96, 40, squeeze=True, swish=True, stride=2),
    BlockSpec(5, 240, 40, squeeze=True, swish=True),
    BlockSpec(5, 240, 40, squeeze=True, swish=True),
    BlockSpec(5, 120, 48, squeeze=True, swish=True),
    BlockSpec(5, 144, 48, squeeze=True, swish=True),
    BlockSpec(5, 288, 96, squeeze=True, swish=True, stride=2),
    BlockSpec(5, 576, 96, squeeze=True, swish=True),
    BlockSpec(5, 576, 96, squeeze=True, swish=True),
)


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the family.

    Attributes:
        blocks: Its table.
        head: Channels of the last convolution.
        units: Units of the dense layer before the classifier.
    """

    blocks: tuple[BlockSpec, ...]
    head: int
    units: int


MEMBERS = {
    "mobilenet_v3_small": Member(SMALL, head=576, units=1024),
    "mobilenet_v3_large": Member(LARGE, head=960, units=1280),
}
STEM_FILTERS = 16
SQUEEZE = 0.25
DROPOUT = 0.2


def mobilenet_v3(name: str, options: NetOptions) -> keras.Model:
    """Build one member: ``stem``, ``block{B}_*``, ``head``, ``fc``, ``logits``.

    Args:
        name: A key of `MEMBERS`; also the name of the model.
        options: Designed for (224, 224, 3); at least 32 pixels a side. The small stem has stride 1:
            at least 16.

    Returns:
        The model.
    """
    member, width = MEMBERS[name], options.width
    inputs, stem = begin(
        name, options, designed_for=(224, 224, 3), smallest=Smallest(paper=32, small=16)
    )
    x = conv_norm(
        inputs,
        scaled(STEM_FILTERS, width),
        "stem",
        kernel=3,
        stride=2 if stem == "paper" else 1,
        activation="hard_swish",
    )
    for number, block in enumerate(member.blocks, start=1):
        expanded = scaled(block.expanded, width)
        x = inverted_residual(
            x,
            scaled(block.filters, width),
            f"block{number}",
            expanded=expanded,
            kernel=block.kernel,
            stride=block.stride,
            activation="hard_swish" if block.swish else "relu",
            squeezed=scaled(expanded, SQUEEZE) if block.squeeze else 0,
        )
    x = conv_norm(x, scaled(member.head, width), "head", activation="hard_swish")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dense(scaled(member.units, width), name="fc")(x)
    x = activate(x, "hard_swish", "fc")
    return keras.Model(inputs, classify(x, options, dropout=DROPOUT), name=name)


mobilenet_v3_small = functools.partial(mobilenet_v3, "mobilenet_v3_small")
mobilenet_v3_large = functools.partial(mobilenet_v3, "mobilenet_v3_large")
