"""Which channels of a float ``.tflite`` may be made larger and smaller, and which only together.

Each channel that an operation with weights makes gets a *factor*; what passes channels on, passes
their factors on. Channels that are added to each other have one factor. It is not free where a
channel meets something that would answer otherwise, as a sigmoid, ReLU6 or an output of the net.

Channels are the last axis of a tensor. What is not known here takes and gives factors of 1, so that
it is safe. The same for Keras graphs: `edgecnn.training.quantize.factors`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from converters.quantization import flatbuffer
from converters.quantization.trace import Operation, Trace
from edgecnn.core.evening import Places, settle

LINEAR = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})
"""Operations that make channels: their weights take up any factor of what comes and what goes."""
_ALONE = frozenset(
    {
        "AVERAGE_POOL_2D",
        "LEAKY_RELU",
        "MAX_POOL_2D",
        "PRELU",
        "RELU",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
    }
)
"""Keep channels apart and in order, and give s times as much for s times as much."""
_PADS = frozenset({"MIRROR_PAD", "PAD", "PADV2"})
_REDUCES = frozenset({"MEAN", "REDUCE_MAX", "SUM"})
_SAME_VALUES = frozenset({"EXPAND_DIMS", "RESHAPE", "SQUEEZE"})
_SUMS = frozenset({"ADD", "SUB"})


@dataclass(frozen=True, slots=True)
class Linear:
    """An operation with weights, and the factors of what it takes and gives.

    Attributes:
        number: Of the operation.
        kind: One of `LINEAR`.
        coming: (channels in,) places of factors.
        going: (channels out,) places of factors.
    """

    number: int
    kind: str
    coming: Places
    going: Places


@dataclass(frozen=True, slots=True)
class Offset:
    """A constant that is added to channels: it goes along with them.

    Attributes:
        number: Of the operation.
        slot: Which of its inputs the constant is.
        going: (channels,) places of factors.
    """

    number: int
    slot: int
    going: Places


class Factors:
    """The factors of a network.

    Args:
        trace: Of the float file.

    Attributes:
        of: Tensor -> (channels,) places of their factors.
        free: (factors,) bool, whether the answers stay whatever the factor; else it has to be 1.
        linears: Operations whose weights factors go into.
        offsets: Constants that factors go into as well.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._graph = graph = trace.model.subgraphs[0]
        self._computed = frozenset(trace.computed)
        self._readers = Counter(int(i) for each in graph.operators for i in each.inputs)
        self._buffers = Counter(tensor.buffer for tensor in graph.tensors)
        self._count = 0
        self._joins: list[tuple[Places, Places]] = []
        self._pinned: set[int] = set()
        self._of: dict[int, Places] = {}
        self.linears: list[Linear] = []
        self.offsets: list[Offset] = []
        for number, operation in enumerate(trace.operations):
            going = self._follow(number, operation)
            if going is None:
                self._hold(operation)
            else:
                self._of[operation.outputs[0]] = going
        for index in graph.outputs:
            self._pin(self._at(int(index)))
        places, self.free = settle(self._count, self._joins, self._pinned)
        self.of = {index: places[before] for index, before in self._of.items()}
        self.linears = [
            replace(each, coming=places[each.coming], going=places[each.going])
            for each in self.linears
        ]
        self.offsets = [replace(each, going=places[each.going]) for each in self.offsets]

    def _follow(self, number: int, operation: Operation) -> Places | None:
        """Places of the first output; None where nothing is known of the operation."""
        kind, inputs = operation.kind, operation.inputs
        if len(operation.outputs) != 1 or not self._is_float(operation.outputs[0]):
            return None
        options = self._graph.operators[number].builtinOptions
        relu = _is_relu(options)
        if kind in LINEAR:
            return self._make(number, operation, relu)
        if not relu:
            return None
        if kind == "CONCATENATION":
            rank = len(self._shape(operation.outputs[0]))
            given = [self._at(index) for index in inputs]
            return np.concatenate(given) if options.axis in (-1, rank - 1) else None
        if kind in _SUMS:
            return self._add(number, operation)
        if kind == "MUL":
            return self._multiply(operation)
        if any(index in self._computed for index in inputs[1:]):
            return None
        if kind in _ALONE:
            return self._at(inputs[0])
        if kind in _PADS or kind in _REDUCES:
            keeps = self._pads_zeros if kind in _PADS else self._keeps_channels
            return self._at(inputs[0]) if keeps(inputs) else None
        if kind in _SAME_VALUES:
            return _tiled(self._at(inputs[0]), self._width(operation.outputs[0]))
        return None

    def _make(self, number: int, operation: Operation, relu: bool) -> Places | None:
        source, weights, *rest = operation.inputs
        if not self._is_own(weights) or (rest and rest[0] >= 0 and not self._is_constant(rest[0])):
            return None
        coming: Places | None = self._at(source)
        if operation.kind == "FULLY_CONNECTED":
            # It takes maps as they are, and as many of their values as it has weights for.
            options = self._graph.operators[number].builtinOptions
            default = flatbuffer.schema().FullyConnectedOptionsWeightsFormat.DEFAULT
            plain = options.weightsFormat == default
            coming = _tiled(self._at(source), self._width(weights)) if plain else None
        if coming is None:
            return None
        made = -1 if operation.kind == "DEPTHWISE_CONV_2D" else 0
        if self._shape(weights)[made] != self._width(operation.outputs[0]):
            return None
        going = self._fresh(operation.outputs[0])
        self.linears.append(Linear(number, operation.kind, coming, going))
        return going if relu else self._pin(going)

    def _add(self, number: int, operation: Operation) -> Places | None:
        width = self._width(operation.outputs[0])
        moving = [index for index in operation.inputs if index in self._computed]
        given = [self._at(index) for index in moving]
        if not given or any(len(places) != width for places in given):
            return None
        if len(given) == 2:
            self._joins.append((given[0], given[1]))
        else:
            slot = 0 if operation.inputs[0] not in moving else 1
            constant = operation.inputs[slot]
            shape = self._shape(constant)
            if not self._is_own(constant) or shape[-1:] != (width,) or int(np.prod(shape)) != width:
                return None
            self.offsets.append(Offset(number, slot, given[0]))
        return given[0]

    def _multiply(self, operation: Operation) -> Places | None:
        """What channels are multiplied by is a gate; two that move would multiply factors."""
        given = [self._at(index) for index in operation.inputs]
        moving = [places for places in given if not self._pinned.issuperset(places.tolist())]
        if len(moving) != 1 or len(moving[0]) != self._width(operation.outputs[0]):
            return None
        return moving[0]

    def _hold(self, operation: Operation) -> None:
        for index in operation.inputs:
            if index in self._computed:
                self._pin(self._at(index))
        for index in operation.outputs:
            self._of[index] = self._pin(self._fresh(index))

    def _pads_zeros(self, inputs: Sequence[int]) -> bool:
        """Whether padding is of zeros or of what is there, and leaves channels alone."""
        zeros = len(inputs) < 3 or not self._trace.value(inputs[2]).any()
        return zeros and not self._trace.value(inputs[1])[-1].any()

    def _keeps_channels(self, inputs: Sequence[int]) -> bool:
        rank = max(len(self._shape(inputs[0])), 1)
        return not np.any(self._trace.value(inputs[1]).astype(np.int64) % rank == rank - 1)

    def _at(self, index: int) -> Places:
        """Of a tensor; what no operation made yet, inputs and constants, has factors of 1."""
        if index not in self._of:
            self._of[index] = self._pin(self._fresh(index))
        return self._of[index]

    def _fresh(self, index: int) -> Places:
        start = self._count
        self._count += self._width(index)
        return np.arange(start, self._count)

    def _pin(self, places: Places) -> Places:
        self._pinned.update(places.tolist())
        return places

    def _shape(self, index: int) -> tuple[int, ...]:
        shape = self._graph.tensors[index].shape
        return () if shape is None else tuple(int(side) for side in shape)

    def _width(self, index: int) -> int:
        shape = self._shape(index)
        return shape[-1] if shape else 1

    def _is_float(self, index: int) -> bool:
        return bool(self._graph.tensors[index].type == flatbuffer.schema().TensorType.FLOAT32)

    def _is_constant(self, index: int) -> bool:
        data = self._trace.model.buffers[self._graph.tensors[index].buffer].data
        # What is stored sparse has fewer bytes.
        whole = data is not None and len(data) == 4 * int(np.prod(self._shape(index)))
        return whole and self._is_float(index)

    def _is_own(self, index: int) -> bool:
        """Whether it is a constant of floats that one operation reads, and no other."""
        tensor = self._graph.tensors[index]
        alone = self._readers[index] == 1 and self._buffers[tensor.buffer] == 1
        return alone and self._is_constant(index)


def _is_relu(options: Any) -> bool:
    """Whether what is fused to an operation gives s times as much for s times as much."""
    types = flatbuffer.schema().ActivationFunctionType
    fused = getattr(options, "fusedActivationFunction", types.NONE)
    return fused in (types.NONE, types.RELU)


def _tiled(places: Places, width: int) -> Places | None:
    """The same values in another shape, with whole tiles of channels on the last axis."""
    whole = len(places) > 0 and width % len(places) == 0
    return np.tile(places, width // len(places)) if whole else None
