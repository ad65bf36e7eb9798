"""Where NNCF put roundings into an OpenVINO network, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from converters.quantization.noise import LIMIT_DB

_ROUNDING = "FakeQuantize"
_MOVES = frozenset({"Transpose", "Reshape", "Squeeze", "Unsqueeze"})
"""Operations that move values and change none."""
_CONTINUES = frozenset({
    "Add", "Subtract", "Multiply", "Relu", "PRelu", "Clamp", "HSwish", "HSigmoid", "Sigmoid",
    "Swish", "Tanh", "Elu", "Gelu", "Mish", "SoftPlus",
})  # fmt: skip
"""What counts as a part of the layer before it, when its other inputs are constants."""


@dataclass(frozen=True, slots=True)
class Layer:
    """An operation with rounded inputs.

    Attributes:
        name: Of the operation.
        kind: Of the operation.
        end: Name of the last operation that belongs to it; there it is measured.
        step: Distance between two neighbouring values of the next rounding; None without one.
    """

    name: str
    kind: str
    end: str
    step: float | None


def quantized_layers(exact: Any, rounded: Any) -> list[Layer]:
    """Operations that work on rounded values.

    Args:
        exact: The float network, with names that last.
        rounded: What NNCF made of it.

    Returns:
        In the order of computation.
    """
    known = {operation.get_friendly_name() for operation in exact.get_ops()}
    layers = []
    for operation in rounded.get_ordered_ops():
        name, kind = operation.get_friendly_name(), operation.get_type_name()
        if name not in known or kind in _MOVES or kind in ("Result", "Constant"):
            continue
        if any(_is_rounded(operation.input_value(i)) for i in range(operation.get_input_size())):
            end = _end(operation, known)
            layers.append(Layer(name, kind, end.get_friendly_name(), _step(end)))
    return layers


def float_inputs_db(exact: Any, layer: Layer, reached: Mapping[str, float]) -> float:
    """The worst of the figures that reach a layer; inputs of the network are exact."""
    operations = {operation.get_friendly_name(): operation for operation in exact.get_ops()}
    return _inputs_db(operations[layer.name], reached, {})


def _inputs_db(operation: Any, reached: Mapping[str, float], known: dict[str, float]) -> float:
    found = [LIMIT_DB]
    for number in range(operation.get_input_size()):
        source = operation.input_value(number).get_node()
        name = source.get_friendly_name()
        if name in reached:
            found.append(reached[name])
            continue
        if name not in known:
            known[name] = _inputs_db(source, reached, known)
        found.append(known[name])
    return min(found)


def _is_rounded(port: Any) -> bool:
    """Whether values come out of a rounding, or are weights that are stored in 8 bits."""
    node = port.get_node()
    while node.get_type_name() in _MOVES:
        node = node.input_value(0).get_node()
    if node.get_type_name() == _ROUNDING:
        return True
    while node.get_type_name() in ("Multiply", "Subtract", "Convert"):
        node = node.input_value(0).get_node()
        if node.get_type_name() == "Constant":
            return bool(node.get_element_type().is_integral())
    return False


def _end(operation: Any, known: set[str]) -> Any:
    """The last of the operations that only go on with what one computed."""
    while (user := _only_user(operation)) is not None:
        if user.get_type_name() not in _CONTINUES or user.get_friendly_name() not in known:
            break
        others = [user.input_value(number).get_node() for number in range(user.get_input_size())]
        name = operation.get_friendly_name()
        if any(not _is_constant(o) for o in others if o.get_friendly_name() != name):
            break
        operation = user
    return operation


def _only_user(operation: Any) -> Any | None:
    users = [target.get_node() for target in operation.output(0).get_target_inputs()]
    return users[0] if len(users) == 1 else None


def _is_constant(node: Any) -> bool:
    if node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    return bool(node.get_type_name() == "Constant")


def _step(operation: Any) -> float | None:
    """Step of the first rounding behind an operation."""
    waiting = [operation]
    while waiting:
        node = waiting.pop(0)
        for target in node.output(0).get_target_inputs():
            user = target.get_node()
            if user.get_type_name() == _ROUNDING:
                low, high = (np.asarray(user.input_value(i).get_node().data) for i in (3, 4))
                levels = int(user.get_attributes()["levels"])
                return float(np.max(high - low)) / (levels - 1)
            if user.get_type_name() in _MOVES:
                waiting.append(user)
    return None
