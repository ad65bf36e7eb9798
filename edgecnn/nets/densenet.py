"""DenseNet-BC: dense blocks with transitions that halve channels and size.

Where we differ: `width` scales the growth rate, on which everything else depends.

Reference:
    Huang, Liu, van der Maaten and Weinberger, "Densely Connected Convolutional Networks", CVPR
    2017, table 1.
"""

from __future__ import annotations

import functools

import keras

from edgecnn.nets.layers.convolution import conv_norm, norm
from edgecnn.nets.layers.dense_block import dense_block, transition
from edgecnn.nets.options import NetOptions, Smallest, begin, classify, scaled

LAYERS = {
    "densenet121": (6, 12, 24, 16),
    "densenet169": (6, 12, 32, 32),
}
"""Layers in each of the four blocks."""
GROWTH = 32
COMPRESSION = 2
"""Channels into a transition over channels out of it."""


def densenet(name: str, options: NetOptions) -> keras.Model:
    """Build one member: ``stem``, ``block{B}_layer{L}_*``, ``transition{B}_*``, ``logits``.

    Args:
        name: A key of `LAYERS`; also the name of the model.
        options: Designed for (224, 224, 3); at least 32 pixels a side. The small stem is a 3 x 3
            with stride 1 and no pooling: at least 8.

    Returns:
        The model.
    """
    inputs, stem = begin(
        name, options, designed_for=(224, 224, 3), smallest=Smallest(paper=32, small=8)
    )
    growth = scaled(GROWTH, options.width, divisor=4)
    kernel, stride = (7, 2) if stem == "paper" else (3, 1)
    x = conv_norm(inputs, 2 * growth, "stem", kernel=kernel, stride=stride)
    if stem == "paper":
        x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")(x)
    for block, layers in enumerate(LAYERS[name], start=1):
        x = dense_block(x, layers, growth, f"block{block}")
        if block < len(LAYERS[name]):
            x = transition(x, x.shape[-1] // COMPRESSION, f"transition{block}")
    x = norm(x, "last")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, classify(x, options, dropout=0.0), name=name)


densenet121 = functools.partial(densenet, "densenet121")
densenet169 = functools.partial(densenet, "densenet169")
