"""Turn graphs that came from ONNX, channels first, into channels last.

An exporter that only knows channels-last convolutions wraps each one into two transposes. Between
them everything else (padding, activations, sums, joins) still runs channels first. Here the whole
region is turned instead: the transposes cancel, and what lies between them gets its axes renamed.
On the device that saves the copies, and it lets the quantizer see convolution and activation side
by side.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graphs.graph import Graph, owner
from edgecnn.errors import ConversionError

TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)
_AXIS = {0: 0, 1: 3, 2: 1, 3: 2, -1: 2, -2: 1, -3: 3, -4: 0}
"""Axis channels first -> the same axis channels last."""

_ELEMENTWISE = frozenset({
    "Abs", "Add", "AddV2", "Elu", "Exp", "Identity", "LeakyRelu", "Maximum", "Minimum", "Mul",
    "Neg", "Relu", "Relu6", "Sigmoid", "Sub", "Tanh",
})  # fmt: skip
_PAD = frozenset({"Pad", "PadV2", "MirrorPad"})
_CARRIES = _ELEMENTWISE | _PAD | {"ConcatV2", "SplitV"}


def to_channels_last(graph: Graph, inputs: tuple[str, ...] = ()) -> int:
    """Turn every channels-first region.

    Args:
        graph: Changed in place.
        inputs: Names of placeholders of shape (1, C, H, W); they become (1, H, W, C).

    Returns:
        How many transposes went away.

    Raises:
        ConversionError: A region cannot be turned, with the node that is in the way.
    """
    before = len(graph.of("Transpose"))
    region = set(inputs)
    for name in inputs:
        _turn_placeholder(graph.nodes[name])
    for node in list(graph.definition().node):
        node = graph.nodes[node.name]
        if any(owner(name) in region for name in node.input):
            _visit(graph, node, region)
        elif _permutation(graph, node) == TO_NCHW:
            region.add(node.name)
            node.op = "Identity"
            _drop_input(node, 1)
    graph.bypass_identities()
    return before - len(graph.of("Transpose"))


def _visit(graph: Graph, node: Any, region: set[str]) -> None:
    """A node that takes a turned tensor: turn it too, end the region, or transpose before it."""
    permutation = _permutation(graph, node)
    if permutation == TO_NHWC:
        node.op = "Identity"
        _drop_input(node, 1)
    elif node.op in _CARRIES:
        _turn(graph, node, region)
        region.add(node.name)
    elif not _flatten_positions(graph, node):
        for index, name in enumerate(list(node.input)):
            if owner(name) in region:
                node.input[index] = _transposed(graph, name)


def _turn(graph: Graph, node: Any, region: set[str]) -> None:
    if node.op in _PAD:
        paddings = _constant(graph, node, 1)
        node.input[1] = graph.add_constant(f"{node.name}/paddings", paddings[list(TO_NHWC)])
    elif node.op in ("ConcatV2", "SplitV"):
        last = len(node.input) - 1
        axis = np.asarray(_AXIS[int(_constant(graph, node, last))], np.int32)
        node.input[last] = graph.add_constant(f"{node.name}/axis", axis)
        data = list(node.input)[:last] if node.op == "ConcatV2" else [node.input[0]]
        _check_all_turned(graph, node, data, region)
    else:
        for index, name in enumerate(list(node.input)):
            value = graph.constant(name)
            if value is not None and owner(name) not in region:
                turned = _turn_operand(node, value)
                node.input[index] = graph.add_constant(f"{node.name}/operand", turned)
            else:
                _check_all_turned(graph, node, [name], region)


def _turn_operand(node: Any, value: NDArray[Any]) -> NDArray[Any]:
    """A constant that is broadcast over (1, C, H, W), for (1, H, W, C)."""
    if value.size == 1:
        return value.reshape(())
    if value.ndim not in (3, 4):
        raise ConversionError(
            f"{node.name!r} combines a channels-first tensor with a constant of shape "
            f"{value.shape}; expected (C, 1, 1) or (1, C, H, W)."
        )
    full = value.reshape((1,) * (4 - value.ndim) + value.shape)
    return np.ascontiguousarray(full.transpose(TO_NHWC))


def _check_all_turned(graph: Graph, node: Any, names: list[str], region: set[str]) -> None:
    strange = [name for name in names if owner(name) not in region]
    if strange:
        kinds = ", ".join(f"{name} ({graph.nodes[owner(name)].op})" for name in strange)
        raise ConversionError(
            f"{node.name!r} joins channels-first and channels-last tensors: {kinds}."
        )


def _flatten_positions(graph: Graph, node: Any) -> bool:
    """(1, C, H, W) -> (1, C, H*W) -> (1, H*W, C) needs no transpose once channels come last."""
    if node.op != "Reshape":
        return False
    shape = graph.constant(node.input[1])
    users = graph.users(node.name)
    if (
        shape is None
        or len(shape) != 3
        or any(_permutation(graph, user) != (0, 2, 1) for user in users)
    ):
        return False
    batch, channels, _ = (int(size) for size in shape)
    target = np.asarray([batch, -1, channels], np.int32)
    if channels < 1:
        return False
    node.input[1] = graph.add_constant(f"{node.name}/shape", target)
    for user in users:
        user.op = "Identity"
        _drop_input(user, 1)
    return True


def _transposed(graph: Graph, name: str) -> str:
    permutation = graph.add_constant(f"{owner(name)}/to_nchw/perm", np.asarray(TO_NCHW, np.int32))
    added = graph.add("Transpose", f"{owner(name)}/to_nchw", [name, permutation])
    node = graph.nodes[added]
    node.attr["Tperm"].type = graph.nodes[permutation].attr["dtype"].type
    return added


def _permutation(graph: Graph, node: Any) -> tuple[int, ...] | None:
    if node.op != "Transpose":
        return None
    return tuple(int(axis) for axis in _constant(graph, node, 1))


def _constant(graph: Graph, node: Any, index: int) -> NDArray[Any]:
    value = graph.constant(node.input[index])
    if value is None:
        raise ConversionError(
            f"Input {index} of {node.name!r} ({node.op}) is computed; expected a constant."
        )
    return value


def _drop_input(node: Any, index: int) -> None:
    """Turn into an operation with one input less; the attributes of that input go too."""
    del node.input[index]
    for name in ("Tperm",):
        if name in node.attr:
            del node.attr[name]


def _turn_placeholder(node: Any) -> None:
    dimensions = node.attr["shape"].shape.dim
    sizes = [dimension.size for dimension in dimensions]
    for dimension, axis in zip(dimensions, TO_NHWC, strict=True):
        dimension.size = sizes[axis]
