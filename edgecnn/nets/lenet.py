"""LeNet-5, the first convolutional net in daily use.

Where we differ from the paper: every map of C3 sees all six of S2 (the paper spares connections);
average pooling has no trainable factor; the output is a softmax layer, not distances to drawn
digits. With 32 x 32 x 1 and ten classes it has 61,706 parameters.

Reference:
    LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition",
    Proceedings of the IEEE 86, 1998.
"""

from __future__ import annotations

from typing import Any

import keras

from edgecnn.nets.options import NetOptions, Smallest, begin, classify, scaled

MAPS = (6, 16)
"""Channels of C1 and C3."""
UNITS = (120, 84)
"""Units of C5 and F6."""
ACTIVATION = "tanh"


def _conv(x: Any, filters: int, name: str, padding: str) -> Any:
    return keras.layers.Conv2D(filters, 5, padding=padding, activation=ACTIVATION, name=name)(x)


def lenet5(options: NetOptions) -> keras.Model:
    """Build LeNet-5: C1, S2, C3, S4, C5, F6, ``logits``.

    The paper pads digits of 28 pixels to 32; ``stem="small"`` does that inside C1.

    Args:
        options: Designed for (32, 32, 1); at least 16 pixels a side, 12 with the small stem.

    Returns:
        The model.
    """
    inputs, stem = begin(
        "lenet5", options, designed_for=(32, 32, 1), smallest=Smallest(paper=16, small=12)
    )
    c1, c3 = (scaled(maps, options.width, divisor=1) for maps in MAPS)
    x = _conv(inputs, c1, "c1", "valid" if stem == "paper" else "same")
    x = keras.layers.AveragePooling2D(2, name="s2")(x)
    x = _conv(x, c3, "c3", "valid")
    x = keras.layers.AveragePooling2D(2, name="s4")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    for name, units in zip(("c5", "f6"), UNITS, strict=True):
        units = scaled(units, options.width, divisor=1)
        x = keras.layers.Dense(units, activation=ACTIVATION, name=name)(x)
    return keras.Model(inputs, classify(x, options, dropout=0.0, classes=10), name="lenet5")
