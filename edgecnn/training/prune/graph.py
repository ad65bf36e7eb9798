"""The calls of a Keras model in the order of computation, nested models opened, and the way back.

Keras has no public way to walk the calls of a functional graph, so this is the one file that reads
its nodes. What the other files see is a `Graph` of `Step` objects, in which tensors are numbers.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from edgecnn.errors import OptionError
from edgecnn.training.quiet import to_numpy

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """Stands for a tensor of the graph in the arguments of a call."""

    number: int


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One call of a layer or of a weightless operation.

    Attributes:
        name: Of the layer, unique in the graph.
        operation: The Keras layer or operation of the model that was traced.
        args, kwargs: Of the call, with a `Ref` for each tensor.
        inputs, outputs: Numbers of the tensors that go in and come out.
    """

    name: str
    operation: Any
    args: Any
    kwargs: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @property
    def kind(self) -> str:
        """Name of the class."""
        return type(self.operation).__name__

    @property
    def is_layer(self) -> bool:
        """Whether it is a layer; else it is one of `keras.ops`."""
        return isinstance(self.operation, keras.layers.Layer)

    @property
    def weights(self) -> list[Array]:
        """Values of its weights, in the order of Keras."""
        return weights_of(self.operation) if self.is_layer else []


@dataclass(slots=True, eq=False)
class Graph:
    """A model as a list of calls.

    Attributes:
        name: Of the model.
        steps: Every call after those whose outputs it takes.
        shapes: Of every tensor by its number, without the batch axis.
        inputs: (number, name, dtype) of each input.
        input_tree, output_tree: What the model takes and gives, with a `Ref` for each tensor.
    """

    name: str
    steps: list[Step] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    inputs: list[tuple[int, str, str]] = field(default_factory=list)
    input_tree: Any = None
    output_tree: Any = None

    @property
    def outputs(self) -> list[int]:
        """Numbers of the tensors that come out."""
        return [ref.number for ref in keras.tree.flatten(self.output_tree)]


def trace(model: Any) -> Graph:
    """Write down the calls of a model.

    Args:
        model: A functional model, or a Sequential that knows its input. Models inside it are
            opened; a layer name that then occurs twice gets the inner model's name in front.

    Raises:
        OptionError: It is no graph of layers, a tensor has no fixed size, or a layer with weights
            is called more than once.
    """
    outer = _functional(model)
    graph = Graph(model.name)
    names: dict[int, str] = {}
    refs = {}
    for tensor in outer.inputs:
        refs[id(tensor)] = _number(graph, tensor)
        graph.inputs.append((refs[id(tensor)], tensor.name, tensor.dtype))
    graph.input_tree = _with_refs(outer.input, refs)
    _walk(outer, graph, refs, names, "")
    graph.output_tree = _with_refs(outer.output, refs)
    _refuse_shared(graph)
    return graph


def rebuild(
    graph: Graph,
    *,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    weights: Mapping[str, Sequence[Array]] | None = None,
) -> Any:
    """Make an ordinary functional model of a graph.

    Args:
        graph: What `trace` wrote down.
        settings: For some steps by name, entries of the layer's configuration (or attributes of an
            operation) that differ from the original.
        weights: For some steps by name, the weights; the other layers get copies of their own.

    Returns:
        A new model with the same names, not compiled; it shares nothing with the traced one.
    """
    settings, weights = settings or {}, weights or {}
    tensors: dict[int, Any] = {}
    for number, name, dtype in graph.inputs:
        tensors[number] = keras.Input(graph.shapes[number], dtype=dtype, name=name)
    made: dict[int, Any] = {}
    for step in graph.steps:
        operation = made.get(id(step.operation))
        if operation is None:
            operation = _again(step, settings.get(step.name, {}))
            made[id(step.operation)] = operation
        args, kwargs = (_with_tensors(part, tensors) for part in (step.args, step.kwargs))
        results = keras.tree.flatten(operation(*args, **kwargs))
        tensors.update(zip(step.outputs, results, strict=True))
        if step.is_layer and step.operation.weights:
            operation.set_weights(list(weights.get(step.name, step.weights)))
    return keras.Model(
        _with_tensors(graph.input_tree, tensors),
        _with_tensors(graph.output_tree, tensors),
        name=graph.name,
    )


def _functional(model: Any) -> Any:
    """The graph of a model, or of what is inside a built Sequential."""
    if isinstance(model, keras.Sequential) and model.built:
        model = getattr(model, "_functional", model)
    if not hasattr(model, "_nodes_by_depth") or not getattr(model, "inputs", None):
        raise OptionError(
            f"{type(model).__name__} {getattr(model, 'name', '')!r} is no graph of layers; give a "
            "functional Keras model, or a Sequential that knows its input."
        )
    return model


def _walk(
    model: Any, graph: Graph, refs: dict[int, int], names: dict[int, str], prefix: str
) -> None:
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if node.is_input:
                continue
            if isinstance(node.operation, keras.Model):
                _open(node, graph, refs, names)
            else:
                _write(node, graph, refs, names, prefix)


def _open(node: Any, graph: Graph, refs: dict[int, int], names: dict[int, str]) -> None:
    """Put the calls of an inner model in the place of its own call."""
    inner = _functional(node.operation)
    inside = {
        id(theirs): refs[id(ours)]
        for theirs, ours in zip(inner.inputs, node.input_tensors, strict=True)
    }
    _walk(inner, graph, inside, names, f"{node.operation.name}_")
    for theirs, ours in zip(inner.outputs, node.output_tensors, strict=True):
        refs[id(ours)] = inside[id(theirs)]


def _write(
    node: Any, graph: Graph, refs: dict[int, int], names: dict[int, str], prefix: str
) -> None:
    operation = node.operation
    name = names.get(id(operation))
    if name is None:
        taken = set(names.values())
        name = operation.name if operation.name not in taken else prefix + operation.name
        while name in taken:
            name += "_"
        names[id(operation)] = name
    inputs = tuple(refs[id(tensor)] for tensor in node.input_tensors)
    for tensor in node.output_tensors:
        refs[id(tensor)] = _number(graph, tensor)
    graph.steps.append(
        Step(
            name=name,
            operation=operation,
            args=_with_refs(node.arguments.args, refs),
            kwargs=_with_refs(node.arguments.kwargs, refs),
            inputs=inputs,
            outputs=tuple(refs[id(tensor)] for tensor in node.output_tensors),
        )
    )


def _number(graph: Graph, tensor: Any) -> int:
    shape = tuple(tensor.shape[1:])
    if None in shape:
        raise OptionError(
            f"The tensor {tensor.name!r} has the shape {tuple(tensor.shape)}; pruning counts "
            "multiply-adds and needs sizes: build the model with a fixed input shape."
        )
    graph.shapes.append(shape)
    return len(graph.shapes) - 1


def _refuse_shared(graph: Graph) -> None:
    seen: set[int] = set()
    for step in graph.steps:
        if id(step.operation) in seen and _has_weights(step.operation):
            raise OptionError(
                f"The layer {step.name!r} ({step.kind}) is called more than once, and its weights "
                "cannot be cut for all calls alike. Give each call a layer of its own, for "
                "example by putting the inputs into one batch or one map."
            )
        seen.add(id(step.operation))


def _has_weights(operation: Any) -> bool:
    return bool(getattr(operation, "weights", None))


def _with_refs(structure: Any, refs: Mapping[int, int]) -> Any:
    return keras.tree.map_structure(
        lambda leaf: Ref(refs[id(leaf)]) if isinstance(leaf, keras.KerasTensor) else leaf, structure
    )


def _with_tensors(structure: Any, tensors: Mapping[int, Any]) -> Any:
    return keras.tree.map_structure(
        lambda leaf: tensors[leaf.number] if isinstance(leaf, Ref) else leaf, structure
    )


def _again(step: Step, settings: Mapping[str, Any]) -> Any:
    """A new layer of the same configuration, but for some settings."""
    if step.is_layer:
        config = {**step.operation.get_config(), **settings, "name": step.name}
        return type(step.operation).from_config(config)
    # Operations have no weights; a copy without a history keeps the traced model as it was.
    operation = copy.copy(step.operation)
    operation._inbound_nodes, operation._outbound_nodes = [], []
    for key, value in settings.items():
        setattr(operation, key, value)
    return operation


def weights_of(layer: Any) -> list[Array]:
    """Copies of all weights of a layer or model, in the order of Keras."""
    return [to_numpy(weight) for weight in layer.weights]


def same_weights(one: Any, other: Any) -> bool:
    """Whether two models have bit for bit the same weights in the same order."""
    pairs = zip(weights_of(one), weights_of(other), strict=True)
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)
