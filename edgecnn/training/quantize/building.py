"""Build Keras models of a network's nodes: with rounding, or in float with batch norm folded."""

from __future__ import annotations

from typing import Any

import keras

from edgecnn.training.quantize.activations import ActivationQuantizer, OnGrid
from edgecnn.training.quantize.config import QATConfig
from edgecnn.training.quantize.folding import Linear
from edgecnn.training.quantize.kernels import (
    QuantizedConv2D,
    QuantizedDense,
    QuantizedDepthwiseConv2D,
)
from edgecnn.training.quantize.net import Net, Node
from edgecnn.training.quantize.reading import Value

_FLOAT = {
    "conv": keras.layers.Conv2D,
    "depthwise": keras.layers.DepthwiseConv2D,
    "dense": keras.layers.Dense,
}
_QUANTIZED: dict[str, Any] = {
    "conv": QuantizedConv2D,
    "depthwise": QuantizedDepthwiseConv2D,
    "dense": QuantizedDense,
}


def build_float(net: Net, name: str) -> keras.Model:
    """The network in float."""
    inputs, values = float_values(net)
    return _model(net, inputs, values, name)


def float_values(net: Net) -> tuple[list[Any], dict[int, Any]]:
    """Symbolic inputs of the network in float, and the symbolic tensor of each number."""
    values = {number: _input_like(tensor) for number, tensor in net.inputs.items()}
    inputs = list(values.values())
    for node in net.nodes:
        layer = node.layer
        if isinstance(layer, keras.layers.Layer):  # one of its own for each time the net is built
            layer = type(layer).from_config(layer.get_config())
        if node.linear is not None:
            layer = _FLOAT[node.linear.form](**_settings(node, node.linear))
        values[node.output] = _call(layer, node, values)
        _set_weights(layer, node)
    return inputs, values


def build_quantized(net: Net, name: str, config: QATConfig) -> keras.Model:
    """The network with everything rounded that integers round."""
    return _Builder(net, config).build(name)


class _Builder:
    def __init__(self, net: Net, config: QATConfig) -> None:
        self.net, self.config = net, config
        self.users = net.users()
        self.values: dict[int, Any] = {}
        self.ranges: dict[int, Any] = {}

    def build(self, name: str) -> keras.Model:
        inputs = []
        for number, tensor in self.net.inputs.items():
            inputs.append(_input_like(tensor))
            quantizer = self.quantizer(f"{inputs[-1].name}_range", None)
            self.values[number], self.ranges[number] = quantizer(inputs[-1])
        for node in self.net.nodes:
            self.add(node)
        return _model(self.net, inputs, self.values, name)

    def add(self, node: Node) -> None:
        rounds = node.rounding in ("own", "fixed") and not (
            self.is_fused(node) or self.is_rounded_when_joined(node)
        )
        # An output keeps its name, by which losses and metrics find it.
        ends = rounds and None in self.users[node.output]
        layer_name = f"{node.name}_unrounded" if ends else node.name
        if node.linear is not None:
            result = self.linear(node, node.linear, layer_name)
        else:
            layer = node.layer
            if isinstance(layer, keras.layers.Layer) and layer.name != layer_name:
                layer = type(layer).from_config(layer.get_config() | {"name": layer_name})
            result = _call(layer, node, self.values)
        # Nobody asks for the range of what is rounded further on.
        self.ranges[node.output] = None
        if rounds:
            name = node.name if ends else f"{node.name}_range"
            last = self.users[node.output] == [None]
            quantizer = self.quantizer(name, node.fixed, last=last)
            result, self.ranges[node.output] = quantizer(result)
        elif node.rounding in ("input", "none"):
            given = self.ranges[node.inputs[0]]
            self.ranges[node.output] = given
            if node.rounding == "input":
                result = OnGrid(name=f"{node.name}_range", dtype="float32")(result, given)
        self.values[node.output] = result

    def is_fused(self, node: Node) -> bool:
        """Whether a ReLU follows that is part of the same integer operation."""
        users = self.users[node.output]
        return node.takes_relu and len(users) == 1 and users[0] is not None and users[0].is_relu

    def is_rounded_when_joined(self, node: Node) -> bool:
        """Whether the outcome is nothing but a part of a concatenation.

        All that integers concatenate has one range. What has no other use is computed in that range
        to begin with, as converters do as well; whatever has other uses is rounded twice.
        """
        if node.rounding != "own":
            return False
        users = self.users[node.output]
        while len(users) == 1 and users[0] is not None:
            if isinstance(users[0].layer, keras.layers.Concatenate):
                return True
            if users[0].rounding != "none":
                return False
            users = self.users[users[0].output]
        return False

    def linear(self, node: Node, linear: Linear, name: str) -> Any:
        settings = _settings(node, linear) | {"name": name}
        layer = _QUANTIZED[linear.form](
            **settings,
            weight_bits=self.config.weight_bits,
            weight_steps=self.config.weight_steps,
            damped_steps=self.config.damped_steps,
        )
        number = node.inputs[0]
        result = layer(self.values[number], self.ranges[number])
        _set_weights(layer, node)
        layer.start_steps()
        return result

    def quantizer(
        self, name: str, fixed: tuple[float, float] | None, *, last: bool = False
    ) -> ActivationQuantizer:
        if fixed is not None:
            return ActivationQuantizer(
                "fixed", *fixed, exact_in_training=last, name=name, dtype="float32"
            )
        return ActivationQuantizer(
            self.config.activation_ranges,
            momentum=self.config.ema_momentum,
            observed_steps=self.config.observed_steps,
            name=name,
            dtype="float32",
        )


def _input_like(tensor: Any) -> Any:
    return keras.Input(batch_shape=tensor.shape, dtype="float32", name=tensor.name)


def _settings(node: Node, linear: Linear) -> dict[str, Any]:
    bias = linear.bias is not None
    return {**linear.config, "name": node.name, "use_bias": bias, "dtype": "float32"}


def _call(layer: Any, node: Node, values: dict[int, Any]) -> Any:
    args, kwargs = keras.tree.map_structure(
        lambda item: values[item.number] if isinstance(item, Value) else item,
        (node.args, node.kwargs),
    )
    return layer(*args, **kwargs)


def _set_weights(layer: Any, node: Node) -> None:
    if node.linear is not None:
        layer.kernel.assign(node.linear.kernel)
        if node.linear.bias is not None:
            layer.bias.assign(node.linear.bias)
    elif node.weights is not None:
        layer.set_weights(node.weights)


def _model(net: Net, inputs: list[Any], values: dict[int, Any], name: str) -> keras.Model:
    pack = keras.tree.pack_sequence_as
    outputs = [values[number] for number in net.outputs]
    into, out_of = net.structures
    return keras.Model(pack(into, inputs), pack(out_of, outputs), name=name)
