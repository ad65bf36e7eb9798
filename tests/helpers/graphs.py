"""Small TensorFlow graphs for the rewrites, and running them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from converters.graphs.graph import Graph  # noqa: E402


def empty(shape: tuple[int, ...], name: str = "x") -> Graph:
    """A graph that holds one float placeholder."""
    definition = tf.compat.v1.GraphDef()
    node = definition.node.add(name=name, op="Placeholder")
    node.attr["dtype"].type = tf.float32.as_datatype_enum
    for size in shape:
        node.attr["shape"].shape.dim.add(size=size)
    return Graph(definition)


def constant(graph: Graph, value: Any, name: str = "c") -> str:
    """Add a constant; Python floats are float32, lists of int are int32."""
    array = np.asarray(value)
    kind = np.int32 if array.dtype.kind == "i" else np.float32
    return graph.add_constant(name, array.astype(kind))


def convolution(
    graph: Graph, x: str, kernel: Any, *, padding: str = "VALID", stride: int = 1
) -> str:
    """A 2-D convolution, channels last."""
    strides = tf.compat.v1.AttrValue()
    strides.list.i.extend([1, stride, stride, 1])
    return graph.add(
        "Conv2D",
        "conv",
        [x, constant(graph, kernel, "kernel")],
        strides=strides,
        padding=padding,
        data_format="NHWC",
    )


def transpose(graph: Graph, x: str, permutation: tuple[int, ...]) -> str:
    """A transpose, its permutation an int32 constant."""
    name = graph.add("Transpose", "transpose", [x, constant(graph, list(permutation), "perm")])
    graph.nodes[name].attr["Tperm"].type = tf.int32.as_datatype_enum
    return name


def run(graph: Graph, output: str, image: np.ndarray, name: str = "x") -> np.ndarray:
    """Value of a node for one input."""
    pruned = Graph(graph.definition())
    pruned.prune([output])

    def call(value: Any) -> Any:
        return tf.graph_util.import_graph_def(
            pruned.definition(), input_map={f"{name}:0": value}, return_elements=[f"{output}:0"]
        )[0]

    function = tf.function(call, input_signature=[tf.TensorSpec(image.shape, tf.float32)])
    return np.asarray(function(tf.constant(image)))


def operations(graph: Graph, output: str) -> dict[str, int]:
    """How often each operation occurs among what an output needs, constants left out."""
    graph.prune([output])
    counts: dict[str, int] = {}
    for node in graph.nodes.values():
        if node.op not in ("Const", "Placeholder"):
            counts[node.op] = counts.get(node.op, 0) + 1
    return counts
