"""Take operators apart that only TensorFlow.js has, and fold those that only hold constants."""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.graphs.graph import Graph, attribute
from edgecnn.errors import ConversionError

PLAIN = {
    "_FusedConv2D": "Conv2D",
    "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative",
    "_FusedMatMul": "MatMul",
}
"""Fused operator -> the operator in it; bias and activation follow by ``fused_ops``."""

_KEPT = {
    "Conv2D": ("T", "strides", "padding", "data_format", "dilations", "explicit_paddings"),
    "DepthwiseConv2dNative": ("T", "strides", "padding", "data_format", "dilations"),
    "MatMul": ("T", "transpose_a", "transpose_b"),
}
_ACTIVATIONS = ("Relu", "Relu6", "Elu", "Sigmoid", "Tanh")


def split_fused(graph: Graph) -> int:
    """Split fused convolutions and products into operator, ``BiasAdd`` and activation.

    Args:
        graph: Changed in place.

    Returns:
        How many were split.

    Raises:
        ConversionError: An activation that is not known.
    """
    nodes = graph.of(*PLAIN)
    for node in nodes:
        plain = PLAIN[node.op]
        kept = {name: node.attr[name] for name in _KEPT[plain] if name in node.attr}
        current = graph.add(plain, f"{node.name}/{plain}", list(node.input[:2]), **kept)
        extra = list(node.input[2:])
        names = attribute(node, "fused_ops")
        for name in () if names is None else [value.decode() for value in names.list.s]:
            current = _step(graph, node, name, current, extra)
        graph.replace(node.name, current)
        _rename(graph, current, node.name)
    return len(nodes)


def _step(graph: Graph, node: Any, name: str, current: str, extra: list[str]) -> str:
    if name == "BiasAdd":
        return graph.add("BiasAdd", f"{node.name}/BiasAdd", [current, extra.pop(0)])
    if name == "Prelu":
        return graph.add("Prelu", f"{node.name}/Prelu", [current, extra.pop(0)])
    if name == "LeakyRelu":
        alpha = attribute(node, "leakyrelu_alpha")
        slope = 0.2 if alpha is None else float(alpha.f)
        return graph.add("LeakyRelu", f"{node.name}/LeakyRelu", [current], alpha=slope)
    if name in _ACTIVATIONS:
        return graph.add(name, f"{node.name}/{name}", [current])
    raise ConversionError(
        f"Node {node.name!r} is fused with {name!r}; known are BiasAdd, Prelu, LeakyRelu and "
        f"{', '.join(_ACTIVATIONS)}."
    )


def split_prelu(graph: Graph) -> int:
    """``Prelu(x, alpha)`` as ``Relu(x) + (-alpha) * Relu(-x)``, which converters fuse again.

    Args:
        graph: Changed in place.

    Returns:
        How many were split.

    Raises:
        ConversionError: Alpha is not a constant.
    """
    nodes = graph.of("Prelu")
    for node in nodes:
        alpha = graph.constant(node.input[1])
        if alpha is None:
            raise ConversionError(f"The slopes of {node.name!r} are computed; expected constants.")
        base, x = node.name, node.input[0]
        above = graph.add("Relu", f"{base}/above", [x])
        turned = graph.add("Neg", f"{base}/neg", [x])
        below = graph.add("Relu", f"{base}/below", [turned])
        slopes = graph.add_constant(f"{base}/slopes", -alpha)
        scaled = graph.add("Mul", f"{base}/scaled", [below, slopes])
        total = graph.add("AddV2", f"{base}/sum", [above, scaled])
        graph.replace(base, total)
        _rename(graph, total, base)
    return len(nodes)


def fold_sparse_to_dense(graph: Graph) -> int:
    """Compute ``SparseToDense`` of constants now: TFLite's own takes shapes that these lack.

    Args:
        graph: Changed in place.

    Returns:
        How many were folded; those of computed inputs stay.
    """
    folded = 0
    for node in graph.of("SparseToDense"):
        values = [graph.constant(name) for name in node.input]
        if any(value is None for value in values):
            continue
        indices, shape, filled, default = (np.asarray(value) for value in values)
        dense = np.full(shape.astype(int), default, dtype=filled.dtype)
        if filled.size:
            dense[tuple(indices.reshape(-1, len(shape)).T)] = filled
        constant = graph.add_constant(f"{node.name}/folded", dense)
        graph.replace(node.name, constant)
        _rename(graph, constant, node.name)
        folded += 1
    return folded


def _rename(graph: Graph, name: str, wanted: str) -> None:
    """Give a new node the name of the one that it replaces: outputs are asked for by name."""
    node = graph.nodes.pop(name)
    node.name = wanted
    graph.nodes[wanted] = node
    graph.replace(name, wanted)
