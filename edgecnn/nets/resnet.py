"""ResNet: stages of residual blocks, basic (18, 34) or with bottlenecks (50, 101, 152).

Where we differ from the paper: in a bottleneck the 3 x 3 has the stride, not the first 1 x 1. That
costs 4.09 instead of 3.8 billion multiply-adds in ResNet-50, is more accurate, and is what the
published parameters (25,557,032) and figures of today's frameworks stand for. Shortcuts that change
shape are 1 x 1 convolutions (the paper's option B).

Reference:
    He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1.
    With ``attention``: Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018; Woo et al., "CBAM:
    Convolutional Block Attention Module", ECCV 2018.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from edgecnn.nets.layers.attention import cbam, channel_attention, spatial_attention
from edgecnn.nets.layers.convolution import activate, conv_norm
from edgecnn.nets.layers.squeeze_excite import squeeze_excite
from edgecnn.nets.options import NetOptions, Smallest, begin, classify, scaled


@dataclass(frozen=True, slots=True)
class Depths:
    """One member of the family.

    Attributes:
        blocks: Blocks in each of the four stages.
        bottleneck: Whether blocks are 1 x 1, 3 x 3, 1 x 1 with four times the channels at the end.
    """

    blocks: tuple[int, int, int, int]
    bottleneck: bool


DEPTHS = {
    "resnet18": Depths((2, 2, 2, 2), bottleneck=False),
    "resnet34": Depths((3, 4, 6, 3), bottleneck=False),
    "resnet50": Depths((3, 4, 6, 3), bottleneck=True),
    "resnet101": Depths((3, 4, 23, 3), bottleneck=True),
    "resnet152": Depths((3, 8, 36, 3), bottleneck=True),
}
FILTERS = (64, 128, 256, 512)
"""Channels inside the blocks of each stage; the stem has as many as the first."""
EXPANSION = 4
"""Channels that a bottleneck block puts out, over those inside."""
SQUEEZE = 16
"""Channels of a block over those in the middle of its attention."""

Attention = Callable[[Any, int, str], Any]
ATTENTIONS: dict[str, Attention] = {
    "squeeze_excite": squeeze_excite,
    "channel": channel_attention,
    "spatial": lambda x, _, name: spatial_attention(x, name),
    "cbam": cbam,
}


def _block(
    x: Any, inside: int, name: str, *, stride: int, bottleneck: bool, attention: Attention | None
) -> Any:
    """A residual block; its output has ``inside`` channels, or four times as many."""
    filters = inside * EXPANSION if bottleneck else inside
    shortcut = x
    if stride != 1 or x.shape[-1] != filters:
        shortcut = conv_norm(x, filters, f"{name}_shortcut", stride=stride, activation=None)
    if bottleneck:
        x = conv_norm(x, inside, f"{name}_reduce")
        x = conv_norm(x, inside, f"{name}_middle", kernel=3, stride=stride)
        x = conv_norm(x, filters, f"{name}_expand", activation=None)
    else:
        x = conv_norm(x, inside, f"{name}_first", kernel=3, stride=stride)
        x = conv_norm(x, inside, f"{name}_second", kernel=3, activation=None)
    if attention is not None:
        x = attention(x, max(1, filters // SQUEEZE), f"{name}_attention")
    return activate(keras.layers.Add(name=f"{name}_add")([shortcut, x]), "relu", name)


def resnet(name: str, options: NetOptions, *, attention: str | None = None) -> keras.Model:
    """Build one member: ``stem``, ``stage{S}_block{B}_*``, ``logits``; both count from 1.

    Args:
        name: A key of `DEPTHS`; also the name of the model.
        options: Designed for (224, 224, 3); at least 32 pixels a side. The small stem is a 3 x 3
            with stride 1 and no pooling, as for CIFAR: at least 8.
        attention: ``"squeeze_excite"``, ``"channel"``, ``"spatial"``, ``"cbam"`` or None: what the
            output of every block passes before it is added.

    Returns:
        The model.

    Raises:
        ValueError: There is no such attention.
    """
    if attention is not None and attention not in ATTENTIONS:
        raise ValueError(f"attention is {attention!r}; known are {', '.join(ATTENTIONS)} and None.")
    depths = DEPTHS[name]
    inputs, stem = begin(
        name, options, designed_for=(224, 224, 3), smallest=Smallest(paper=32, small=8)
    )
    filters = [scaled(channels, options.width) for channels in FILTERS]
    kernel, stride = (7, 2) if stem == "paper" else (3, 1)
    x = conv_norm(inputs, filters[0], "stem", kernel=kernel, stride=stride)
    if stem == "paper":
        x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
    for stage, (blocks, inside) in enumerate(zip(depths.blocks, filters, strict=True), start=1):
        for block in range(1, blocks + 1):
            x = _block(
                x,
                inside,
                f"stage{stage}_block{block}",
                stride=2 if block == 1 and stage > 1 else 1,
                bottleneck=depths.bottleneck,
                attention=None if attention is None else ATTENTIONS[attention],
            )
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, classify(x, options, dropout=0.0), name=name)


resnet18 = functools.partial(resnet, "resnet18")
resnet34 = functools.partial(resnet, "resnet34")
resnet50 = functools.partial(resnet, "resnet50")
resnet101 = functools.partial(resnet, "resnet101")
resnet152 = functools.partial(resnet, "resnet152")
