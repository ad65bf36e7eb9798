"""A TensorFlow ``GraphDef`` as a table of nodes that can be looked up, changed and written again.

What the rewrites of `converters.graphs.tfjs` need, and no more: nodes by name, who uses a node,
constants as arrays, new nodes, and removal of what no output needs. A reference to a node is the
name of its first output ("relu", not "relu:0").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from numpy.typing import NDArray

from converters.quiet import tensorflow
from edgecnn.errors import ConversionError


class Graph:
    """A graph under change.

    Args:
        definition: A ``GraphDef``; it is copied.
    """

    def __init__(self, definition: Any) -> None:
        self._tf = tensorflow()
        self.nodes: dict[str, Any] = {}
        for node in definition.node:
            kept = type(node)()
            kept.CopyFrom(node)
            for index, name in enumerate(kept.input):
                kept.input[index] = name.removesuffix(":0")
            self.nodes[kept.name] = kept

    def of(self, *operations: str) -> list[Any]:
        """Nodes of these operations, in the order of the graph."""
        return [node for node in self.nodes.values() if node.op in operations]

    def source(self, node: Any, index: int = 0) -> Any:
        """The node that gives input ``index`` of a node."""
        return self.nodes[owner(node.input[index])]

    def users(self, name: str) -> list[Any]:
        """Nodes that take any output of the node ``name``."""
        return [n for n in self.nodes.values() if any(owner(i) == name for i in n.input)]

    def constant(self, name: str) -> NDArray[Any] | None:
        """Value of a ``Const`` node, looking through ``Identity``; None for anything else."""
        node = self.nodes.get(owner(name))
        while node is not None and node.op == "Identity":
            node = self.nodes.get(owner(node.input[0]))
        if node is None or node.op != "Const":
            return None
        value: NDArray[Any] = self._tf.make_ndarray(node.attr["value"].tensor)
        return value

    def add_constant(self, name: str, value: NDArray[Any]) -> str:
        """Add a ``Const`` under a free name that starts with ``name``; returns the name."""
        node = self._new("Const", name, ())
        node.attr["value"].tensor.CopyFrom(self._tf.make_tensor_proto(value))
        node.attr["dtype"].type = self._tf.as_dtype(value.dtype).as_datatype_enum
        return str(node.name)

    def add(self, operation: str, name: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a float node under a free name that starts with ``name``; returns the name.

        Args:
            operation: TensorFlow's name of it.
            name: Beginning of the node's name.
            inputs: References.
            **attributes: Values of type ``AttrValue`` are copied; a bool, float, string, or list
                of int is converted. ``T`` is float32 unless it is given.
        """
        node = self._new(operation, name, inputs)
        node.attr["T"].type = self._tf.float32.as_datatype_enum
        for key, value in attributes.items():
            self._set(node.attr[key], value)
        return str(node.name)

    def replace(self, old: str, new: str) -> None:
        """Let every user of the first output of ``old`` use ``new`` instead."""
        for node in self.nodes.values():
            if node.name == new:
                continue
            for index, name in enumerate(node.input):
                if name == old:
                    node.input[index] = new

    def bypass_identities(self) -> None:
        """Let users of an ``Identity`` use its input instead; the nodes stay for `prune`."""
        for node in self.of("Identity"):
            self.replace(node.name, node.input[0])

    def prune(self, outputs: Iterable[str]) -> None:
        """Remove what none of the outputs needs; placeholders stay."""
        needed = {name for name, node in self.nodes.items() if node.op == "Placeholder"}
        waiting = [owner(name) for name in outputs]
        while waiting:
            name = waiting.pop()
            if name in needed:
                continue
            if name not in self.nodes:
                raise ConversionError(f"The graph has no node {name!r}.")
            needed.add(name)
            waiting += [owner(used) for used in self.nodes[name].input]
        self.nodes = {name: node for name, node in self.nodes.items() if name in needed}

    def definition(self) -> Any:
        """As a ``GraphDef``, each node after those that it uses, as importers need it."""
        graph = self._tf.compat.v1.GraphDef()
        graph.versions.producer = 1087
        done: set[str] = set()
        for start in list(self.nodes):
            stack = [start]
            while stack:
                name = stack[-1]
                waiting = [owner(used) for used in self.nodes[name].input]
                waiting = [used for used in waiting if used not in done]
                if waiting and name not in done:
                    stack += waiting
                    continue
                stack.pop()
                if name not in done:
                    done.add(name)
                    graph.node.append(self.nodes[name])
        return graph

    def _new(self, operation: str, name: str, inputs: Sequence[str]) -> Any:
        free, count = name, 0
        while free in self.nodes:
            count += 1
            free = f"{name}_{count}"
        node = self._tf.compat.v1.NodeDef(name=free, op=operation, input=list(inputs))
        self.nodes[free] = node
        return node

    def _set(self, slot: Any, value: Any) -> None:
        if isinstance(value, bool):
            slot.b = value
        elif isinstance(value, float):
            slot.f = value
        elif isinstance(value, str):
            slot.s = value.encode()
        elif isinstance(value, list):
            slot.list.i.extend(value)
        else:
            slot.CopyFrom(value)


def owner(reference: str) -> str:
    """Name of the node in a reference: "split" for "split:1" and for "^split"."""
    return reference.removeprefix("^").partition(":")[0]


def attribute(node: Any, name: str) -> Any:
    """An attribute of a node, None where it has none.

    Reading a missing key of a protobuf map creates it, and an empty attribute makes the import fail
    far away from here ("Failed to bind all placeholders"), so membership is tested first.
    """
    return node.attr[name] if name in node.attr else None  # noqa: SIM401
