"""EfficientNet-Lite: EfficientNet for integer arithmetic on small devices.

EfficientNet-Lite drops two things that quantize badly: the squeeze-and-excitation branches, and
swish, which becomes ReLU6. What is left is a chain of inverted residuals (expand 1x1, depthwise
k x k, project 1x1 without activation). Widening and deepening the same table gives Lite0 to Lite4;
unlike in the first paper, the stem, the head and the depth of the first and last stage keep their
size, so that the larger nets stay small and quick.

| net  | width | depth | input | parameters (1,000 classes) |
|------|-------|-------|-------|----------------------------|
| Lite0 | 1.0  | 1.0   | 224   |  4,652,008 |
| Lite1 | 1.0  | 1.1   | 240   |  5,416,680 |
| Lite2 | 1.1  | 1.2   | 260   |  6,092,072 |
| Lite3 | 1.2  | 1.4   | 280   |  8,197,096 |
| Lite4 | 1.4  | 1.8   | 300   | 13,006,568 |

Reference:
    Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML
    2019 (scaling, block table); Liu, "Higher accuracy on vision models with EfficientNet-Lite",
    TensorFlow blog, 2020 (the Lite changes); Sandler et al., "MobileNetV2: Inverted Residuals and
    Linear Bottlenecks", CVPR 2018 (the block).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import keras

from edgecnn.nets.layers.convolution import conv_norm
from edgecnn.nets.layers.inverted_residual import inverted_residual
from edgecnn.nets.options import NetOptions, Smallest, begin, classify, scaled

STEM_FILTERS = 32
HEAD_FILTERS = 1280


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """One stage: ``repeats`` inverted residuals, of which the first has the ``stride``.

    Attributes:
        kernel: Side of the depthwise kernel in pixels.
        repeats: Number of blocks before depth scaling.
        stride: Stride of the first block; the others have 1.
        expansion: Channels inside a block over channels that come in.
        filters: Channels that come out, before width scaling.
    """

    kernel: int
    repeats: int
    stride: int
    expansion: int
    filters: int


BLOCKS = (
    BlockSpec(kernel=3, repeats=1, stride=1, expansion=1, filters=16),
    BlockSpec(kernel=3, repeats=2, stride=2, expansion=6, filters=24),
    BlockSpec(kernel=5, repeats=2, stride=2, expansion=6, filters=40),
    BlockSpec(kernel=3, repeats=3, stride=2, expansion=6, filters=80),
    BlockSpec(kernel=5, repeats=3, stride=1, expansion=6, filters=112),
    BlockSpec(kernel=5, repeats=4, stride=2, expansion=6, filters=192),
    BlockSpec(kernel=3, repeats=1, stride=1, expansion=6, filters=320),
)


@dataclass(frozen=True, slots=True)
class Scaling:
    """Size of one member of the family.

    Attributes:
        width, depth: Factors on the channels and on the repeats of the table.
        resolution: Side of the input in pixels that it was designed for.
        dropout: Rate before the classifier while training.
    """

    width: float
    depth: float
    resolution: int
    dropout: float


SCALINGS = {
    "efficientnet_lite0": Scaling(width=1.0, depth=1.0, resolution=224, dropout=0.2),
    "efficientnet_lite1": Scaling(width=1.0, depth=1.1, resolution=240, dropout=0.2),
    "efficientnet_lite2": Scaling(width=1.1, depth=1.2, resolution=260, dropout=0.3),
    "efficientnet_lite3": Scaling(width=1.2, depth=1.4, resolution=280, dropout=0.3),
    "efficientnet_lite4": Scaling(width=1.4, depth=1.8, resolution=300, dropout=0.3),
}


def scaled_blocks(scaling: Scaling) -> tuple[BlockSpec, ...]:
    """The table of one member; the first and the last stage keep their depth."""
    last = len(BLOCKS) - 1
    return tuple(
        BlockSpec(
            kernel=block.kernel,
            repeats=block.repeats
            if index in (0, last)
            else math.ceil(block.repeats * scaling.depth),
            stride=block.stride,
            expansion=block.expansion,
            filters=scaled(block.filters, scaling.width),
        )
        for index, block in enumerate(BLOCKS)
    )


def efficientnet_lite(name: str, options: NetOptions) -> keras.Model:
    """Build one member of the family with random weights.

    Layers are named ``stem_conv``, ``stage{S}_block{B}_{expand|depthwise|project}_{conv|bn}``,
    ``head_conv``, ``logits``, ``predictions``; stages and blocks count from 1. The names do not
    depend on the input's size or the number of classes, so weights can be moved by name.

    Args:
        name: A key of `SCALINGS`; also the name of the model.
        options: Designed for the size in `SCALINGS`, normalised pixels about -1..1; at least 32
            pixels a side. The stem of the small form has stride 1: at least 16. A width other than
            1 scales the stem and the head as well.

    Returns:
        The model.
    """
    scaling, width = SCALINGS[name], options.width
    side = scaling.resolution
    inputs, stem = begin(
        name, options, designed_for=(side, side, 3), smallest=Smallest(paper=32, small=16)
    )
    x = conv_norm(
        inputs,
        scaled(STEM_FILTERS, width),
        "stem",
        kernel=3,
        stride=2 if stem == "paper" else 1,
        activation="relu6",
    )
    for stage, block in enumerate(scaled_blocks(scaling), start=1):
        for repeat in range(1, block.repeats + 1):
            x = inverted_residual(
                x,
                scaled(block.filters, width),
                f"stage{stage}_block{repeat}",
                expanded=x.shape[-1] * block.expansion,
                kernel=block.kernel,
                stride=block.stride if repeat == 1 else 1,
            )
    x = conv_norm(x, scaled(HEAD_FILTERS, width), "head", activation="relu6")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = classify(x, options, dropout=scaling.dropout)
    return keras.Model(inputs, x, name=name)


efficientnet_lite0 = functools.partial(efficientnet_lite, "efficientnet_lite0")
efficientnet_lite1 = functools.partial(efficientnet_lite, "efficientnet_lite1")
efficientnet_lite2 = functools.partial(efficientnet_lite, "efficientnet_lite2")
efficientnet_lite3 = functools.partial(efficientnet_lite, "efficientnet_lite3")
efficientnet_lite4 = functools.partial(efficientnet_lite, "efficientnet_lite4")
