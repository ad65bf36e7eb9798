"""Inception: convolutions of several sizes side by side, each behind a 1 x 1 that makes it cheap.

Reference:
    Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, figure 2 (b).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from edgecnn.nets.layers.convolution import activate, conv, conv_norm


@dataclass(frozen=True, slots=True)
class InceptionSpec:
    """Channels of the branches, as in a row of the paper's table 1.

    Attributes:
        one: Of the 1 x 1 branch.
        reduce_three, three: Of the 1 x 1 in front of 3 x 3, and of the 3 x 3.
        reduce_five, five: Of the 1 x 1 in front of 5 x 5, and of the 5 x 5.
        pool: Of the 1 x 1 behind the max-pooling.
    """

    one: int
    reduce_three: int
    three: int
    reduce_five: int
    five: int
    pool: int


def inception_conv(
    x: Any, filters: int, name: str, *, kernel: int, batch_norm: bool, stride: int = 1
) -> Any:
    """A convolution with ReLU: with a bias as in 2015, or with batch norm."""
    if batch_norm:
        return conv_norm(x, filters, name, kernel=kernel, stride=stride)
    return activate(conv(x, filters, name, kernel=kernel, stride=stride, bias=True), "relu", name)


def inception(x: Any, spec: InceptionSpec, name: str, *, batch_norm: bool = False) -> Any:
    """Four branches, joined along the channels.

    Args:
        x: (batch, height, width, channels).
        spec: Channels of the branches.
        name: Prefix of ``{name}_{1x1|3x3_reduce|3x3|5x5_reduce|5x5|pool|pool_proj|join}``.
        batch_norm: Batch norm instead of biases.

    Returns:
        (batch, height, width, one + three + five + pool).
    """

    def add(x: Any, filters: int, part: str, kernel: int) -> Any:
        return inception_conv(x, filters, f"{name}_{part}", kernel=kernel, batch_norm=batch_norm)

    pooled = keras.layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    branches = [
        add(x, spec.one, "1x1", 1),
        add(add(x, spec.reduce_three, "3x3_reduce", 1), spec.three, "3x3", 3),
        add(add(x, spec.reduce_five, "5x5_reduce", 1), spec.five, "5x5", 5),
        add(pooled, spec.pool, "pool_proj", 1),
    ]
    return keras.layers.Concatenate(name=f"{name}_join")(branches)
