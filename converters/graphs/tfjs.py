"""TensorFlow.js graph models as TensorFlow graphs.

A TF.js graph model is a JSON file whose ``modelTopology`` is a ``GraphDef`` in protobuf's JSON
form (byte strings in base64), and whose constants lie in binary files beside it. It was rewritten
for the browser: operators are fused under names that other converters do not know, and 64-bit
integers are gone. `read_graph` undoes that.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from converters.graphs.fused_ops import fold_sparse_to_dense, split_fused, split_prelu
from converters.graphs.graph import Graph
from converters.graphs.tfjs_weights import read_weights
from converters.quiet import tensorflow
from edgecnn.errors import ConversionError


def read_graph(model_json: Path) -> Graph:
    """Read a TF.js graph model: constants filled in, fused operators taken apart, batch 1.

    Args:
        model_json: The model's JSON; its weight files lie beside it.

    Returns:
        The graph, free of operators that only TF.js has.

    Raises:
        ConversionError: Not a graph model, or weights are missing.
    """
    tf = tensorflow()
    from google.protobuf import json_format

    weights = read_weights(model_json)
    topology = json.loads(model_json.read_text("utf-8")).get("modelTopology", {})
    if "node" not in topology:
        raise ConversionError(
            f"{model_json.name} holds no graph (modelTopology.node): it is a layers model, or no "
            "TF.js model. Expected a model that was saved in the format 'graph-model'."
        )
    parts = {key: topology[key] for key in ("node", "library") if key in topology}
    try:
        definition = json_format.ParseDict(parts, tf.compat.v1.GraphDef())
    except json_format.ParseError as error:
        raise ConversionError(f"{model_json.name}: its graph is damaged: {error}") from error
    graph = Graph(definition)
    for node in graph.nodes.values():
        _fill(tf, node, weights)
        _use_int32(tf, node)
        _fix_batch(node)
    fold_sparse_to_dense(graph)
    split_fused(graph)
    split_prelu(graph)
    return graph


def _fill(tf: Any, node: Any, weights: dict[str, Any]) -> None:
    """Give a constant its value."""
    if node.op != "Const":
        return
    if node.name not in weights:
        raise ConversionError(f"The weight files hold no constant {node.name!r}.")
    value = np.asarray(weights[node.name])
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum


def _use_int32(tf: Any, node: Any) -> None:
    """TF.js stored int64 as int32; let the attributes say so too."""
    for attribute in node.attr.values():
        if attribute.type == tf.int64.as_datatype_enum:
            attribute.type = tf.int32.as_datatype_enum


def _fix_batch(node: Any) -> None:
    if node.op == "Placeholder" and "shape" in node.attr:
        dimensions = node.attr["shape"].shape.dim
        if dimensions and dimensions[0].size < 1:
            dimensions[0].size = 1
