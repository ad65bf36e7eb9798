"""Which channels of a network may be made larger and smaller together, and which not at all.

Each channel that an operation with weights makes gets a *factor*; what passes channels on, passes
their factors on. Channels that are added to each other have one factor; it is not free where a
channel meets something that would answer otherwise, as a sigmoid or the output of the net.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from edgecnn.core.evening import Places, settle
from edgecnn.nets.layers.channels import ChannelShuffle, ChannelSlice
from edgecnn.training.quantize.arrays import to_numpy
from edgecnn.training.quantize.net import Net, Node
from edgecnn.training.quantize.support import activation_name

Shapes = Mapping[int, tuple[int | None, ...]]
_layers = keras.layers

_CARRYING = (
    _layers.AveragePooling2D,
    _layers.Cropping2D,
    _layers.Dropout,
    _layers.GlobalAveragePooling2D,
    _layers.GlobalMaxPooling2D,
    _layers.Identity,
    _layers.LeakyReLU,
    _layers.MaxPooling2D,
    _layers.SpatialDropout2D,
    _layers.UpSampling2D,
    _layers.ZeroPadding2D,
)
"""Layers that keep channels apart and in order, and give s times as much for s times as much."""


class Factors:
    """The factors of a network.

    Args:
        net: Lowered.
        shapes: Of its tensors by number, with the batch axis.

    Attributes:
        of: Number of a tensor -> (channels,) places of their factors.
        free: (factors,) bool, whether the answers stay whatever the factor; else it has to be 1.
    """

    def __init__(self, net: Net, shapes: Shapes) -> None:
        self._shapes = shapes
        self._count = 0
        self._joins: list[tuple[Places, Places]] = []
        self._pinned: set[int] = set()
        self.of: dict[int, Places] = {}
        for number in net.inputs:
            self.of[number] = self._pin(self._fresh(number))
        for node in net.nodes:
            self.of[node.output] = self._follow(node)
        for number in net.outputs:
            self._pin(self.of[number])
        places, self.free = settle(self._count, self._joins, self._pinned)
        self.of = {number: places[before] for number, before in self.of.items()}

    def _follow(self, node: Node) -> Places:
        layer = node.layer
        if node.linear is not None or is_scaling(layer):
            return self._fresh(node.output)
        given = [self.of[number] for number in node.inputs]
        kind, width = type(layer).__name__, self._width(node.output)
        if is_relu(layer) or type(layer) in _CARRYING:
            return given[0]
        if type(layer) is _layers.Flatten:
            return np.tile(given[0], width // len(given[0]))
        if type(layer) in (ChannelShuffle, ChannelSlice):
            return _moved(layer, given[0])
        if type(layer) is _layers.Concatenate and layer.axis == -1:
            return np.concatenate(given)
        if kind in ("Add", "Subtract") and all(len(places) == width for places in given):
            self._joins += [(given[0], places) for places in given[1:]]
            return given[0]
        if kind == "Multiply":
            moving = [places for places in given if not self._pinned.issuperset(places.tolist())]
            if len(moving) == 1 and len(moving[0]) == width:  # what it is multiplied by is a gate
                return moving[0]
        for places in given:
            self._pin(places)
        return self._pin(self._fresh(node.output))

    def _width(self, number: int) -> int:
        return self._shapes[number][-1] or 1

    def _fresh(self, number: int) -> Places:
        start = self._count
        self._count += self._width(number)
        return np.arange(start, self._count)

    def _pin(self, places: Places) -> Places:
        self._pinned.update(places.tolist())
        return places


def is_relu(layer: Any) -> bool:
    """Whether a layer gives s times as much for s times as much, each value by itself."""
    if type(layer) is _layers.ReLU:
        return layer.max_value is None and not layer.threshold
    if type(layer) is _layers.Activation:
        return activation_name(layer) in ("linear", "relu", "leaky_relu")
    return type(layer) is _layers.LeakyReLU


def is_scaling(layer: Any) -> bool:
    """Whether it is batch norm that can take up any factor of its channels."""
    return (
        type(layer) is _layers.BatchNormalization
        and layer.axis in (-1, 3)
        and layer.scale
        and layer.center
    )


def _moved(layer: Any, places: Places) -> Places:
    """Where a layer that only moves channels puts them, found out on a picture of one pixel."""
    again = type(layer).from_config(layer.get_config())
    numbered = np.arange(len(places), dtype=np.float32).reshape(1, 1, 1, -1)
    return places[to_numpy(again(numbered)).ravel().astype(np.int64)]
