"""From the layers of a Keras model to the operations of an integer network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from edgecnn.nets.layers.channels import ChannelStatistics
from edgecnn.training.quantize.arrays import weights_of
from edgecnn.training.quantize.channels import ChannelMaximum, ChannelMean
from edgecnn.training.quantize.folding import (
    Floats,
    Linear,
    channelwise,
    in_whole_steps,
    linear_of,
    scale_and_offset,
)
from edgecnn.training.quantize.net import Net, Node
from edgecnn.training.quantize.reading import Call, LayerGraph, Value
from edgecnn.training.quantize.support import FIXED, PASSING, activation_name, unsupported

_layers = keras.layers
_MERGES = {
    "Add": _layers.Add,
    "Subtract": _layers.Subtract,
    "Multiply": _layers.Multiply,
}


def lower(graph: LayerGraph, *, integer: bool = True) -> Net:
    """Take layers apart, and fold batch norm.

    Args:
        graph: Of a built model.
        integer: Whether all of it has to become integer operations. Otherwise only batch norm is
            folded, and every other layer stays what it is.

    Raises:
        OptionError: A layer has no integer counterpart, or its weights are used at several places.
    """
    lowering = _Lowering(graph, integer)
    for call in graph.calls:
        lowering.lower(call)
    outputs = tuple(lowering.resolve(number) for number in graph.outputs)
    return Net(graph.inputs, tuple(lowering.nodes), outputs, graph.structures)


class _Lowering:
    def __init__(self, graph: LayerGraph, integer: bool) -> None:
        self.graph, self.integer = graph, integer
        self.uses = graph.uses()
        self.nodes: list[Node] = []
        self.maker: dict[int, Node] = {}
        self.alias: dict[int, int] = {}
        self.free = len(graph.shapes)
        self.called: dict[int, str] = {}

    # -- building blocks

    def resolve(self, number: int) -> int:
        return self.alias.get(number, number)

    def fresh(self) -> int:
        self.free += 1
        return self.free - 1

    def add(self, node: Node) -> int:
        self.nodes.append(node)
        self.maker[node.output] = node
        return node.output

    def one_input(self, call: Call) -> int:
        if len(call.inputs) != 1:
            raise unsupported(
                call.name, type(call.layer).__name__, f"takes {len(call.inputs)} tensors, not one"
            )
        return self.resolve(call.inputs[0])

    def copied(self, call: Call, **settings: Any) -> None:
        """The layer as it is, with its weights."""
        args, kwargs = keras.tree.map_structure(
            lambda item: Value(self.resolve(item.number)) if isinstance(item, Value) else item,
            (call.args, call.kwargs),
        )
        layer, weights = call.layer, None
        if isinstance(layer, _layers.Layer):
            weights = weights_of(layer) or None
            layer = _copy(layer, call.name)
        output = call.outputs[0]
        self.add(Node(call.name, args, output, layer, kwargs=kwargs, weights=weights, **settings))

    # -- what becomes of a layer

    def lower(self, call: Call) -> None:
        layer = call.layer
        kind = type(layer).__name__
        if len(call.outputs) != 1:
            raise unsupported(call.name, kind, f"gives {len(call.outputs)} tensors, not one")
        if getattr(layer, "data_format", None) == "channels_first":
            raise unsupported(call.name, kind, "has its channels first; make the net channels_last")
        self.check_called_once(call)
        transform = scale_and_offset(layer) if _is_built(layer) else None
        if type(layer) in (_layers.Conv2D, _layers.DepthwiseConv2D, _layers.Dense):
            self.linear(call)
        elif type(layer) is _layers.SeparableConv2D:
            self.separable(call)
        elif transform is not None and self.over_last_axis(call):
            self.transform(call, *transform)
        elif not self.integer:
            self.copied(call)
        else:
            self.integer_only(call)

    def check_called_once(self, call: Call) -> None:
        if not getattr(call.layer, "weights", None):
            return
        if id(call.layer) in self.called:
            raise unsupported(
                call.layer.name,
                type(call.layer).__name__,
                "is used at several places with the same weights, which cannot be quantized for "
                "two inputs at once. Give each place a layer of its own",
            )
        self.called[id(call.layer)] = call.name

    def linear(self, call: Call) -> None:
        if type(call.layer) is _layers.Dense and len(self.graph.shapes[call.inputs[0]]) != 2:
            if self.integer:
                raise unsupported(
                    call.name,
                    "Dense",
                    "gets a tensor that is not (batch, features). Use Flatten "
                    "or GlobalAveragePooling2D in front, or a 1 x 1 Conv2D",
                )
            self.copied(call)
            return
        linear = linear_of(call.layer)
        self.with_activation(call, linear, call.name, self.one_input(call), call.outputs[0])

    def with_activation(
        self, call: Call, linear: Linear, name: str, number: int, output: int
    ) -> None:
        """A linear node, followed by the activation that the layer has built in."""
        function = activation_name(call.layer)
        inner = output if function == "linear" else self.fresh()
        self.add(_linear_node(name, number, inner, linear))
        if function != "linear":
            activation = _layers.Activation(call.layer.activation, name=f"{name}_{function}")
            self.activate(activation, activation.name, function, inner, output, alone=True)

    def separable(self, call: Call) -> None:
        layer = call.layer
        weights = weights_of(layer)
        depthwise = {
            key: getattr(layer, key)
            for key in ("kernel_size", "strides", "padding", "dilation_rate", "depth_multiplier")
        } | {"trainable": layer.trainable}
        pointwise = {"filters": layer.filters, "kernel_size": 1, "trainable": layer.trainable}
        between = self.fresh()
        first = Linear("depthwise", depthwise, weights[0], None)
        self.add(_linear_node(f"{call.name}_depthwise", self.one_input(call), between, first))
        self.maker[between].takes_relu = False
        second = Linear("conv", pointwise, weights[1], weights[2] if layer.use_bias else None)
        self.with_activation(call, second, call.name, between, call.outputs[0])

    def over_last_axis(self, call: Call) -> bool:
        axis = getattr(call.layer, "axis", None)
        axes = axis if isinstance(axis, tuple | list) else (axis,)
        rank = len(self.graph.shapes[call.inputs[0]])
        return all(entry in (None, -1, rank - 1) for entry in axes)

    def foldable(self, number: int, original: int) -> Linear | None:
        """The linear operation that alone makes a tensor which nobody else takes."""
        maker = self.maker.get(number)
        if maker is None or self.uses.get(original, 1) != 1 or maker.rounding != "own":
            return None
        return maker.linear

    def transform(self, call: Call, scale: Floats, offset: Floats) -> None:
        """``x * scale + offset``: part of what is before it, or a 1 x 1 depthwise convolution."""
        number = self.one_input(call)
        linear = self.foldable(number, call.inputs[0])
        if linear is not None:
            linear.fold(scale, offset)
            self.alias[call.outputs[0]] = number
        elif not self.integer:
            self.copied(call)
        else:
            trains = type(call.layer) is _layers.BatchNormalization and call.layer.trainable
            if number in self.graph.inputs and len(scale) == len(offset) == 1:
                offset = in_whole_steps(scale, offset)
            self.channelwise(call, number, scale, offset, trains)

    def channelwise(
        self, call: Call, number: int, scale: Floats, offset: Floats, trainable: bool
    ) -> Node:
        shape = self.graph.shapes[call.inputs[0]]
        channels = shape[-1] or 0
        linear = channelwise(scale, offset, channels, trainable=trainable)
        if len(shape) == 4:
            node = _linear_node(call.name, number, call.outputs[0], linear)
            self.add(node)
            return node
        if len(shape) != 2:
            raise unsupported(call.name, type(call.layer).__name__, f"gets the shape {shape}")
        wide = _layers.Reshape((1, 1, channels), name=f"{call.name}_as_picture")
        node = _linear_node(call.name, self.plain(wide, number), self.fresh(), linear)
        self.add(node)
        flat = _layers.Reshape((channels,), name=f"{call.name}_as_vector")
        node.takes_relu = False
        self.add(Node(flat.name, [Value(node.output)], call.outputs[0], flat))
        return node

    def plain(self, layer: Any, number: int, **settings: Any) -> int:
        """A layer of ours with one input; the number of what comes out."""
        return self.add(Node(layer.name, [Value(number)], self.fresh(), layer, **settings))

    # -- layers that only the integer network takes apart

    def integer_only(self, call: Call) -> None:
        layer, name = call.layer, call.name
        if type(layer) in PASSING:
            self.copied(call)
        elif type(layer) in _BY_TYPE:
            _BY_TYPE[type(layer)](self, call)
        elif type(layer).__name__ in _MERGES and len(call.inputs) == len(call.args) == 2:
            self.merge(call)  # x + y, which is an operation and no layer
        elif type(layer) is _layers.Softmax or type(layer) is _layers.Activation:
            function = "softmax" if type(layer) is _layers.Softmax else activation_name(layer)
            new = _copy(layer, name)
            number = self.one_input(call)
            alone = self.uses[call.inputs[0]] == 1
            self.activate(new, name, function, number, call.outputs[0], alone=alone, call=call)
        else:
            raise unsupported(name, type(layer).__name__)

    def activate(
        self,
        layer: Any,
        name: str,
        function: str,
        number: int,
        output: int,
        *,
        alone: bool,
        call: Call | None = None,
    ) -> None:
        """An activation function, ``alone`` if nobody else takes its input."""
        args = [Value(number)]
        if not self.integer or function == "leaky_relu" or function == "hard_silu":
            self.add(Node(name, args, output, layer, rounding="own"))
        elif function == "linear":
            self.alias[output] = number
        elif function in ("relu", "relu6"):
            self.add(Node(name, args, output, layer, rounding="own", is_relu=True))
        elif function in FIXED:
            self.add(Node(name, args, output, layer, rounding="fixed", fixed=FIXED[function]))
        elif function == "silu":
            gate = _layers.Activation("sigmoid", name=f"{name}_sigmoid")
            opened = self.plain(gate, number, rounding="fixed", fixed=FIXED["sigmoid"])
            product = _layers.Multiply(name=name)
            both = [[Value(number), Value(opened)]]
            self.add(Node(name, both, output, product, rounding="own"))
        elif function == "hard_sigmoid":
            self.hard_sigmoid(name, number, output, alone, call)
        else:
            raise unsupported(name, function)

    def hard_sigmoid(
        self, name: str, number: int, output: int, alone: bool, call: Call | None
    ) -> None:
        """relu6(x + 3) / 6 is x / 6 + 1/2, cut at 0 and 1 by the range that it is rounded to."""
        scale, offset = np.asarray([1 / 6], np.float32), np.asarray([0.5], np.float32)
        maker = self.maker.get(number)
        if alone and maker is not None and maker.linear is not None and maker.rounding == "own":
            maker.linear.fold(scale, offset)
            self.alias[output] = number
        elif call is not None:
            maker = self.channelwise(call, number, scale, offset, trainable=False)
        else:  # cannot be: a built-in activation follows a linear operation that is its own
            raise unsupported(name, "hard_sigmoid")
        maker.rounding, maker.fixed, maker.takes_relu = "fixed", (0.0, 1.0), False

    def relu(self, call: Call) -> None:
        layer = call.layer
        slope, ceiling = float(layer.negative_slope), layer.max_value
        if float(layer.threshold) != 0.0 or ceiling not in (None, 6.0) or (slope and ceiling):
            raise unsupported(
                call.name,
                "ReLU",
                "has a threshold or ceiling that integer kernels lack; plain "
                "ReLU and ReLU(6) are there",
            )
        self.copied(call, rounding="own", is_relu=slope == 0.0)

    def merge(self, call: Call) -> None:
        """Two tensors at a time, as integer kernels do."""
        made = _MERGES[type(call.layer).__name__]
        numbers = [self.resolve(number) for number in call.inputs]
        result = numbers[0]
        for place, number in enumerate(numbers[1:], start=1):
            last = place == len(numbers) - 1
            name = call.name if last else f"{call.name}_{place}"
            output = call.outputs[0] if last else self.fresh()
            both = [[Value(result), Value(number)]]
            layer = made(name=name, dtype="float32")
            self.add(Node(name, both, output, layer, rounding="own", takes_relu=last))
            result = output

    def up_sampling(self, call: Call) -> None:
        kind = call.layer.interpolation
        if kind not in ("nearest", "bilinear"):
            raise unsupported(
                call.name, "UpSampling2D", f"interpolates by {kind!r}; nearest and bilinear exist"
            )
        self.copied(call, rounding="none" if kind == "nearest" else "input")

    def channel_statistics(self, call: Call) -> None:
        """Mean and maximum, each rounded by itself, then joined."""
        number = self.one_input(call)
        mean = self.plain(ChannelMean(name=f"{call.name}_mean"), number, rounding="own")
        highest = self.plain(ChannelMaximum(name=f"{call.name}_max"), number)
        joined = _layers.Concatenate(name=call.name)
        both = [[Value(mean), Value(highest)]]
        self.add(Node(call.name, both, call.outputs[0], joined, rounding="own"))


_BY_TYPE: dict[Any, Callable[[_Lowering, Call], None]] = {
    _layers.ReLU: _Lowering.relu,
    _layers.LeakyReLU: lambda self, call: self.copied(call, rounding="own"),
    _layers.Add: _Lowering.merge,
    _layers.Subtract: _Lowering.merge,
    _layers.Multiply: _Lowering.merge,
    _layers.Concatenate: lambda self, call: self.copied(call, rounding="own"),
    _layers.GlobalAveragePooling2D: lambda self, call: self.copied(call, rounding="own"),
    _layers.AveragePooling2D: lambda self, call: self.copied(call, rounding="input"),
    _layers.UpSampling2D: _Lowering.up_sampling,
    ChannelStatistics: _Lowering.channel_statistics,
}


def _linear_node(name: str, number: int, output: int, linear: Linear) -> Node:
    return Node(name, [Value(number)], output, linear=linear, rounding="own", takes_relu=True)


def _is_built(layer: Any) -> bool:
    return bool(getattr(layer, "built", False)) or type(layer) is _layers.Rescaling


def _copy(layer: Any, name: str) -> Any:
    settings = layer.get_config() | {"name": name, "dtype": "float32"}
    return type(layer).from_config(settings)
