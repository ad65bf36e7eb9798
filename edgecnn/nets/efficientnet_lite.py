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
from typing import Any

import keras

BATCH_NORM_EPSILON = 1e-3
BATCH_NORM_MOMENTUM = 0.99
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


def scaled_filters(filters: int, width: float) -> int:
    """Channels after width scaling: the nearest multiple of 8 that loses at most 10 %."""
    if width == 1.0:
        return filters
    exact = filters * width
    rounded = max(8, int(exact + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * exact else rounded


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
            filters=scaled_filters(block.filters, scaling.width),
        )
        for index, block in enumerate(BLOCKS)
    )


def _normalised(x: Any, name: str, *, activate: bool) -> Any:
    x = keras.layers.BatchNormalization(
        momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, name=f"{name}_bn"
    )(x)
    return keras.layers.ReLU(max_value=6.0, name=f"{name}_relu6")(x) if activate else x


def _conv(x: Any, filters: int, name: str, *, kernel: int = 1, stride: int = 1) -> Any:
    return keras.layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)


def _inverted_residual(x: Any, block: BlockSpec, name: str, *, stride: int, filters_in: int) -> Any:
    shortcut = x
    if block.expansion != 1:
        x = _conv(x, filters_in * block.expansion, f"{name}_expand")
        x = _normalised(x, f"{name}_expand", activate=True)
    x = keras.layers.DepthwiseConv2D(
        block.kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        # He's rule with the fan of one channel; "he_normal" would count all channels in.
        depthwise_initializer=keras.initializers.RandomNormal(stddev=2**0.5 / block.kernel),
        name=f"{name}_depthwise_conv",
    )(x)
    x = _normalised(x, f"{name}_depthwise", activate=True)
    x = _normalised(_conv(x, block.filters, f"{name}_project"), f"{name}_project", activate=False)
    if stride == 1 and filters_in == block.filters:
        x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return x


def efficientnet_lite(
    name: str,
    *,
    input_shape: tuple[int, int, int] | None = None,
    num_classes: int = 1000,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build one member of the family with random weights.

    Layers are named ``stem_conv``, ``stage{S}_block{B}_{expand|depthwise|project}_{conv|bn}``,
    ``head_conv``, ``logits``, ``predictions``; stages and blocks count from 1. The names do not
    depend on the input's size or the number of classes, so weights can be moved by name.

    Args:
        name: A key of `SCALINGS`; also the name of the model.
        input_shape: (height, width, channels); None takes the size that it was designed for. At
            least 32 pixels a side, since the net reduces 32 times.
        num_classes: Length of the output.
        classifier_activation: ``"softmax"`` for probabilities, None for logits.

    Returns:
        A functional model from (batch, height, width, channels) float32, normalised pixels about
        -1..1, to (batch, num_classes) float32.

    Raises:
        ValueError: The input has fewer than 32 pixels a side.
    """
    scaling = SCALINGS[name]
    height, width, channels = input_shape or (scaling.resolution, scaling.resolution, 3)
    if min(height, width) < 32:
        raise ValueError(
            f"{name} reduces its input 32 times, but input_shape is {(height, width, channels)}; "
            "give at least 32 pixels a side."
        )

    inputs = keras.Input((height, width, channels), name="image")
    x = _normalised(_conv(inputs, STEM_FILTERS, "stem", kernel=3, stride=2), "stem", activate=True)
    filters = STEM_FILTERS
    for stage, block in enumerate(scaled_blocks(scaling), start=1):
        for repeat in range(1, block.repeats + 1):
            stride = block.stride if repeat == 1 else 1
            x = _inverted_residual(
                x, block, f"stage{stage}_block{repeat}", stride=stride, filters_in=filters
            )
            filters = block.filters
    x = _normalised(_conv(x, HEAD_FILTERS, "head"), "head", activate=True)

    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dropout(scaling.dropout, name="dropout")(x)
    x = keras.layers.Dense(num_classes, name="logits")(x)
    if classifier_activation is not None:
        x = keras.layers.Activation(classifier_activation, name="predictions")(x)
    return keras.Model(inputs, x, name=name)


efficientnet_lite0 = functools.partial(efficientnet_lite, "efficientnet_lite0")
efficientnet_lite1 = functools.partial(efficientnet_lite, "efficientnet_lite1")
efficientnet_lite2 = functools.partial(efficientnet_lite, "efficientnet_lite2")
efficientnet_lite3 = functools.partial(efficientnet_lite, "efficientnet_lite3")
efficientnet_lite4 = functools.partial(efficientnet_lite, "efficientnet_lite4")
