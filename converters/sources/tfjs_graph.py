"""TF.js graph models: read back into a TensorFlow graph by `converters.graphs.tfjs`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.graphs.graph import Graph, owner
from converters.graphs.tfjs import read_graph
from converters.quiet import captured_output, tensorflow
from converters.sources.base import Array, Port, Tensors
from converters.sources.ports import (
    Shapes,
    check_feeds,
    name_inputs,
    name_outputs,
    shapes_by_name,
    static_shape,
)
from converters.sources.tensorflow_source import TensorFlowSource
from edgecnn.errors import ConversionError


class TFJSSource(TensorFlowSource):
    """The ``model.json`` of a TF.js graph model, with its weight files beside it.

    Args:
        path: The JSON file.
        input_names: As `converters.sources.open_source`.
        outputs: Likewise; the model's order is that of its signature, or of its graph.
        input_shapes: Likewise.
        batch: Likewise.

    Raises:
        ConversionError: No graph model, damaged, weights missing, or a shape is unknown.
        OptionError: Names or shapes do not fit the model.
    """

    kind = "tfjs"

    def __init__(
        self,
        path: Path,
        *,
        input_names: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
        input_shapes: Shapes | None = None,
        batch: int = 1,
    ) -> None:
        tf = tensorflow()
        title = f"the TF.js model {path.name}"
        signature = _signature(path)
        graph = read_graph(path)
        feeds_of, gives = _ends(title, graph, signature)
        graph.prune(gives.values())
        given = shapes_by_name(title, list(feeds_of), input_shapes)
        ports = [
            _port(tf, title, own, graph.nodes[owner(feeds_of[own])], given.get(own), batch)
            for own in feeds_of
        ]
        named = [
            Port(name, port.shape, port.dtype)
            for name, port in zip(name_inputs(list(feeds_of), input_names), ports, strict=True)
        ]
        definition = graph.definition()

        def call(*feeds: Any) -> list[Any]:
            found = tf.graph_util.import_graph_def(
                definition,
                input_map=dict(zip(feeds_of.values(), feeds, strict=True)),
                return_elements=list(gives.values()),
                name="",
            )
            return list(found)

        super().__init__(title, call, tf.Module(), named, name_outputs(list(gives), outputs))
        self._ends = (list(feeds_of.values()), list(gives.values()))
        self._session: Any | None = _session(tf, definition)
        constants = [graph.constant(node.name) for node in graph.of("Const")]
        self.parameters = sum(
            value.size for value in constants if value is not None and value.dtype.kind == "f"
        )

    def answer(self, feeds: Mapping[str, Array]) -> Tensors:
        """Run the graph in TensorFlow as it is."""
        if self._session is None:
            raise ConversionError(f"{self.title} is closed. Open it again.")
        checked = check_feeds(self.title, self.inputs, feeds)
        tensors, wanted = self._ends
        found = self._session.run(wanted, dict(zip(tensors, checked.values(), strict=True)))
        return {port.name: value for port, value in zip(self.outputs, found, strict=True)}

    def close(self) -> None:
        """Let the session and the temporary SavedModel go."""
        if self._session is not None:
            self._session.close()
            self._session = None
        super().close()


def _session(tf: Any, definition: Any) -> Any:
    """A session that leaves the graph alone.

    TensorFlow's remapper fuses what `converters.graphs.fused_ops` has taken apart, and on a graph
    of BlazeFace the process then dies in oneDNN (TensorFlow 2.21).
    """
    config = tf.compat.v1.ConfigProto()
    rewriting = config.graph_options.rewrite_options
    rewriting.remapping = type(rewriting).OFF
    with tf.Graph().as_default() as graph, captured_output("TensorFlow: opening the graph"):
        tf.graph_util.import_graph_def(definition, name="")
        return tf.compat.v1.Session(graph=graph, config=config)


def _signature(path: Path) -> Mapping[str, Any]:
    """The signature in the JSON; empty where it states none."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConversionError(
            f"{path.name} is no JSON: {error}. Expected the model.json of a TF.js graph model."
        ) from error
    if not isinstance(content, dict) or "modelTopology" not in content:
        raise ConversionError(
            f"{path.name} is no TF.js model: it has no modelTopology. Expected the model.json of a "
            "graph model."
        )
    metadata = content.get("userDefinedMetadata") or {}
    found = content.get("signature") or metadata.get("signature")
    return found if isinstance(found, dict) else {}


def _ends(
    title: str, graph: Graph, signature: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Own names of inputs and outputs -> tensors of the graph ("x:0")."""
    placeholders = [node.name for node in graph.of("Placeholder")]
    if not placeholders:
        raise ConversionError(f"{title} has no input (Placeholder).")
    used = {owner(name) for node in graph.nodes.values() for name in node.input}
    leaves = [name for name, node in graph.nodes.items() if name not in used and node.op != "Const"]
    stated = _stated(graph, signature.get("outputs"))
    gives = stated or {name: f"{name}:0" for name in leaves if name not in placeholders}
    if not gives:
        raise ConversionError(f"{title} has no output: every node is used by another.")
    return {name: f"{name}:0" for name in placeholders}, gives


def _stated(graph: Graph, entries: Any) -> dict[str, str]:
    """Outputs that a signature states, as far as the graph has them."""
    found: dict[str, str] = {}
    for key, entry in (entries or {}).items():
        tensor = str(entry.get("name", key)) if isinstance(entry, dict) else str(key)
        if owner(tensor) in graph.nodes:
            found[str(key)] = tensor if ":" in tensor else f"{tensor}:0"
    return found


def _port(
    tf: Any, title: str, name: str, node: Any, given: Sequence[int | None] | None, batch: int
) -> Port:
    """The static form of a placeholder; its node is changed to it."""
    dimensions = node.attr["shape"].shape.dim
    shape: list[int | None] = [dimension.size for dimension in dimensions]
    if shape and shape[0] == 1:
        shape[0] = None  # `read_graph` has made an open batch 1
    fixed = static_shape(title, name, shape or None, given, batch)
    node.attr["shape"].shape.unknown_rank = False
    del dimensions[:]
    for size in fixed:
        dimensions.add(size=size)
    dtype = tf.as_dtype(node.attr["dtype"].type).as_numpy_dtype
    return Port(name, fixed, np.dtype(dtype))
