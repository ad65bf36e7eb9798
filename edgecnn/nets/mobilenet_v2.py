"""MobileNetV2: inverted residuals with linear bottlenecks.

As in the paper, a width below 1 leaves the last convolution at 1,280 channels.

Reference:
    Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, table 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras

from edgecnn.nets.layers.convolution import conv_norm
from edgecnn.nets.layers.inverted_residual import inverted_residual
from edgecnn.nets.options import NetOptions, Smallest, begin, classify, scaled


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """One stage: ``repeats`` inverted residuals, of which the first has the ``stride``.

    Attributes:
        expansion: Channels inside a block over channels that come in.
        filters: Channels that come out, before width scaling.
        repeats: Number of blocks.
        stride: Of the first block; the others have 1.
    """

    expansion: int
    filters: int
    repeats: int
    stride: int


STEM_FILTERS = 32
BLOCKS = (
    BlockSpec(expansion=1, filters=16, repeats=1, stride=1),
    BlockSpec(expansion=6, filters=24, repeats=2, stride=2),
    BlockSpec(expansion=6, filters=32, repeats=3, stride=2),
    BlockSpec(expansion=6, filters=64, repeats=4, stride=2),
    BlockSpec(expansion=6, filters=96, repeats=3, stride=1),
    BlockSpec(expansion=6, filters=160, repeats=3, stride=2),
    BlockSpec(expansion=6, filters=320, repeats=1, stride=1),
)
HEAD_FILTERS = 1280
DROPOUT = 0.2


def mobilenet_v2(options: NetOptions, *, head_filters: int | None = None) -> keras.Model:
    """Build MobileNetV2: ``stem``, ``stage{S}_block{B}_*``, ``head``, ``logits``.

    Args:
        options: Designed for (224, 224, 3); at least 32 pixels a side. The small stem has stride 1:
            at least 16.
        head_filters: Channels of the last convolution; None takes the paper's 1,280, which is most
            of a narrow net.

    Returns:
        The model.

    Raises:
        ValueError: head_filters is below 1.
    """
    if head_filters is not None and head_filters < 1:
        raise ValueError(f"head_filters is {head_filters}; give at least 1.")
    inputs, stem = begin(
        "mobilenet_v2", options, designed_for=(224, 224, 3), smallest=Smallest(paper=32, small=16)
    )
    width = options.width
    x = conv_norm(
        inputs,
        scaled(STEM_FILTERS, width),
        "stem",
        kernel=3,
        stride=2 if stem == "paper" else 1,
        activation="relu6",
    )
    for stage, block in enumerate(BLOCKS, start=1):
        for repeat in range(1, block.repeats + 1):
            x = inverted_residual(
                x,
                scaled(block.filters, width),
                f"stage{stage}_block{repeat}",
                expanded=x.shape[-1] * block.expansion,
                stride=block.stride if repeat == 1 else 1,
            )
    head = head_filters or scaled(HEAD_FILTERS, max(1.0, width))
    x = conv_norm(x, head, "head", activation="relu6")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, classify(x, options, dropout=DROPOUT), name="mobilenet_v2")
