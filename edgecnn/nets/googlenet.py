"""GoogLeNet (Inception v1), with the auxiliary heads as an option for training.

Biases and local response normalisation as in the paper; ``batch_norm=True`` puts batch norm in the
place of both, as its successors did. With ``auxiliary=True`` the model gives a dict of three
outputs; the paper weighs the losses of the two heads by 0.3. `main_branch` takes the heads off.

Where we differ: the 5 x 5 branches are 5 x 5 (one widespread form has 3 x 3 there), and the heads
leave out their 5 x 5 pooling where the map is smaller than that.

Reference:
    Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, table 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from edgecnn.nets.layers.inception import InceptionSpec, inception, inception_conv
from edgecnn.nets.layers.local_response_norm import LocalResponseNorm
from edgecnn.nets.options import NetOptions, Smallest, begin, classify, scaled


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """An inception block and what is around it.

    Attributes:
        name: As in the paper's table.
        channels: Of the branches.
        pooled: Whether max-pooling with stride 2 follows.
        head: Number of the auxiliary head that looks at the output, 0 for none.
    """

    name: str
    channels: InceptionSpec
    pooled: bool = False
    head: int = 0


BLOCKS = (
    BlockSpec("3a", InceptionSpec(64, 96, 128, 16, 32, 32)),
    BlockSpec("3b", InceptionSpec(128, 128, 192, 32, 96, 64), pooled=True),
    BlockSpec("4a", InceptionSpec(192, 96, 208, 16, 48, 64), head=1),
    BlockSpec("4b", InceptionSpec(160, 112, 224, 24, 64, 64)),
    BlockSpec("4c", InceptionSpec(128, 128, 256, 24, 64, 64)),
    BlockSpec("4d", InceptionSpec(112, 144, 288, 32, 64, 64), head=2),
    BlockSpec("4e", InceptionSpec(256, 160, 320, 32, 128, 128), pooled=True),
    BlockSpec("5a", InceptionSpec(256, 160, 320, 32, 128, 128)),
    BlockSpec("5b", InceptionSpec(384, 192, 384, 48, 128, 128)),
)
STEM = (64, 64, 192)
"""Channels of the 7 x 7, the 1 x 1 and the 3 x 3 before the first block."""
HEAD_FILTERS, HEAD_UNITS = 128, 1024
DROPOUT, HEAD_DROPOUT = 0.4, 0.7


def _scaled(spec: InceptionSpec, width: float) -> InceptionSpec:
    return InceptionSpec(
        one=scaled(spec.one, width),
        reduce_three=scaled(spec.reduce_three, width),
        three=scaled(spec.three, width),
        reduce_five=scaled(spec.reduce_five, width),
        five=scaled(spec.five, width),
        pool=scaled(spec.pool, width),
    )


def _pool(x: Any, name: str) -> Any:
    return keras.layers.MaxPooling2D(3, strides=2, padding="same", name=name)(x)


def _stem(x: Any, width: float, *, small: bool, batch_norm: bool) -> Any:
    first, reduce, third = (scaled(filters, width) for filters in STEM)
    kernel, stride = (3, 1) if small else (7, 2)
    x = inception_conv(x, first, "stem1", kernel=kernel, stride=stride, batch_norm=batch_norm)
    if not small:
        x = _pool(x, "stem1_pool")
    if not batch_norm:
        x = LocalResponseNorm(name="stem1_lrn")(x)
    x = inception_conv(x, reduce, "stem2_reduce", kernel=1, batch_norm=batch_norm)
    x = inception_conv(x, third, "stem2", kernel=3, batch_norm=batch_norm)
    if not batch_norm:
        x = LocalResponseNorm(name="stem2_lrn")(x)
    return x if small else _pool(x, "stem2_pool")


def _head(x: Any, options: NetOptions, number: int, *, batch_norm: bool) -> Any:
    name = f"auxiliary{number}"
    if min(x.shape[1:3]) >= 5:
        x = keras.layers.AveragePooling2D(5, strides=3, name=f"{name}_pool")(x)
    filters, units = scaled(HEAD_FILTERS, options.width), scaled(HEAD_UNITS, options.width)
    x = inception_conv(x, filters, name, kernel=1, batch_norm=batch_norm)
    x = keras.layers.Flatten(name=f"{name}_flatten")(x)
    x = keras.layers.Dense(units, kernel_initializer="he_normal", name=f"{name}_fc")(x)
    x = keras.layers.ReLU(name=f"{name}_fc_relu")(x)
    return classify(x, options, dropout=HEAD_DROPOUT, prefix=f"{name}_")


def googlenet(
    options: NetOptions, *, auxiliary: bool = False, batch_norm: bool = False
) -> keras.Model:
    """Build GoogLeNet: ``stem1``, ``stem2``, ``inception_3a`` to ``inception_5b``, ``logits``.

    Args:
        options: Designed for (224, 224, 3); at least 32 pixels a side. The small stem has a 3 x 3
            with stride 1 and no pooling: at least 8.
        auxiliary: Whether the two auxiliary heads are there. The output is then a dict of
            ``predictions``, ``auxiliary1`` and ``auxiliary2``.
        batch_norm: Batch norm instead of biases and local response normalisation.

    Returns:
        The model.
    """
    inputs, stem = begin(
        "googlenet", options, designed_for=(224, 224, 3), smallest=Smallest(paper=32, small=8)
    )
    x = _stem(inputs, options.width, small=stem == "small", batch_norm=batch_norm)
    heads = {}
    for block in BLOCKS:
        channels = _scaled(block.channels, options.width)
        x = inception(x, channels, f"inception_{block.name}", batch_norm=batch_norm)
        if auxiliary and block.head:
            head = _head(x, options, block.head, batch_norm=batch_norm)
            heads[f"auxiliary{block.head}"] = head
        if block.pooled:
            x = _pool(x, f"pool_{block.name}")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = classify(x, options, dropout=DROPOUT)
    return keras.Model(inputs, {"predictions": x, **heads} if heads else x, name="googlenet")


def main_branch(model: keras.Model) -> keras.Model:
    """A trained net without its auxiliary heads, to be converted; weights are shared with it.

    Args:
        model: Made with ``auxiliary=True``.

    Returns:
        The model from pictures to ``predictions``.

    Raises:
        ValueError: The model has no auxiliary heads.
    """
    if not isinstance(model.output, dict):
        raise ValueError(f"{model.name} has no auxiliary heads; it can be used as it is.")
    return keras.Model(model.input, model.output["predictions"], name=model.name)
