"""VGG: stacks of 3 x 3 convolutions with max-pooling between them.

Where we differ: a side that is no multiple of 32 loses its last pixels in pooling, and the first
dense layer takes whatever is left (7 x 7 at 224 pixels, as in the paper). ``batch_norm=True`` puts
batch norm in place of the biases, without which the deeper nets hardly learn from random weights.

Reference:
    Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    ICLR 2015, table 1, columns A, B, D and E.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import keras

from edgecnn.nets.layers.convolution import activate, conv, conv_norm
from edgecnn.nets.options import NetOptions, Smallest, begin, classify, scaled


@dataclass(frozen=True, slots=True)
class StackSpec:
    """Convolutions of one size, and the pooling behind them.

    Attributes:
        convs: Number of 3 x 3 convolutions.
        filters: Channels of each.
    """

    convs: int
    filters: int


def _stacks(*convs: int) -> tuple[StackSpec, ...]:
    return tuple(StackSpec(n, f) for n, f in zip(convs, (64, 128, 256, 512, 512), strict=True))


STACKS = {
    "vgg11": _stacks(1, 1, 2, 2, 2),
    "vgg13": _stacks(2, 2, 2, 2, 2),
    "vgg16": _stacks(2, 2, 3, 3, 3),
    "vgg19": _stacks(2, 2, 4, 4, 4),
}
UNITS = (4096, 4096)
DROPOUT = 0.5


def _conv(x: Any, filters: int, name: str, *, batch_norm: bool) -> Any:
    if batch_norm:
        return conv_norm(x, filters, name, kernel=3)
    return activate(conv(x, filters, name, kernel=3, bias=True), "relu", name)


def vgg(name: str, options: NetOptions, *, batch_norm: bool = False) -> keras.Model:
    """Build one member: ``stack{S}_block{B}_conv``, ``stack{S}_pool``, ``fc1``, ``fc2``.

    Args:
        name: A key of `STACKS`; also the name of the model.
        options: Designed for (224, 224, 3); at least 32 pixels a side. The small stem leaves out
            the first pooling: at least 16.
        batch_norm: Batch norm instead of biases.

    Returns:
        The model.
    """
    inputs, stem = begin(
        name, options, designed_for=(224, 224, 3), smallest=Smallest(paper=32, small=16)
    )
    x = inputs
    for stack, spec in enumerate(STACKS[name], start=1):
        for number in range(1, spec.convs + 1):
            label = f"stack{stack}_block{number}"
            x = _conv(x, scaled(spec.filters, options.width), label, batch_norm=batch_norm)
        if stack > 1 or stem == "paper":
            x = keras.layers.MaxPooling2D(2, name=f"stack{stack}_pool")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    rate = DROPOUT if options.dropout is None else options.dropout
    for number, units in enumerate(UNITS, start=1):
        x = keras.layers.Dense(
            scaled(units, options.width), kernel_initializer="he_normal", name=f"fc{number}"
        )(x)
        x = keras.layers.ReLU(name=f"fc{number}_relu")(x)
        if number < len(UNITS) and rate:
            x = keras.layers.Dropout(rate, name=f"fc{number}_dropout")(x)
    return keras.Model(inputs, classify(x, options, dropout=DROPOUT), name=name)


vgg11 = functools.partial(vgg, "vgg11")
vgg13 = functools.partial(vgg, "vgg13")
vgg16 = functools.partial(vgg, "vgg16")
vgg19 = functools.partial(vgg, "vgg19")
