"""Read the graph of a functional Keras model, with the models inside it laid open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from edgecnn.errors import OptionError


@dataclass(frozen=True, slots=True)
class Value:
    """Stands for a tensor in the arguments of a call."""

    number: int


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of a layer.

    Attributes:
        layer: A Keras layer, or an operation of `keras.ops`.
        name: Unique in the graph; that of the layer unless models inside use one name twice.
        args, kwargs: Of the call, each tensor replaced by a `Value`.
        inputs: Numbers of the tensors among them, in order.
        outputs: Numbers of the tensors that come out.
    """

    layer: Any
    name: str
    args: Any
    kwargs: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def run(self, values: Mapping[int, Any], function: Any = None, **more: Any) -> Any:
        """Call a function, or the layer, with these arguments and the tensors of ``values``."""
        args, kwargs = keras.tree.map_structure(
            lambda item: values[item.number] if isinstance(item, Value) else item,
            (self.args, self.kwargs),
        )
        return (function or self.layer)(*args, **{**kwargs, **more})


@dataclass(frozen=True, slots=True, eq=False)
class LayerGraph:
    """A model as a list of calls.

    Attributes:
        inputs: Number -> the model's symbolic input, in the model's order.
        calls: In an order in which they can be computed.
        outputs: Numbers of the model's outputs, in its order.
        shapes: Number -> shape with the batch axis.
        structures: How the model takes its inputs and gives its outputs: one tensor, a list, a
            dict; with the symbolic tensors in it.
    """

    inputs: Mapping[int, Any]
    calls: tuple[Call, ...]
    outputs: tuple[int, ...]
    shapes: Mapping[int, tuple[int | None, ...]]
    structures: tuple[Any, Any]

    def uses(self) -> dict[int, int]:
        """Number of a tensor -> how many calls take it, outputs of the model counted as well."""
        found = dict.fromkeys(self.shapes, 0)
        for number in (*(n for call in self.calls for n in call.inputs), *self.outputs):
            found[number] += 1
        return found


def read_graph(model: keras.Model) -> LayerGraph:
    """Read a model.

    Args:
        model: Functional or Sequential and built; models inside it as well.

    Raises:
        OptionError: A subclassed model, whose graph is hidden in its code.
    """
    reader = _Reader()
    _check_functional(model)
    inputs = {}
    for tensor in model.inputs:
        number = reader.new(tensor.shape)
        reader.numbers[id(tensor)] = number
        inputs[number] = tensor
    outputs = reader.read(model, "")
    calls = tuple(reader.calls)
    return LayerGraph(inputs, calls, tuple(outputs), reader.shapes, structures(model))


def structures(model: keras.Model) -> tuple[Any, Any]:
    """See `LayerGraph.structures`."""
    graph = graph_of(model)
    return graph._inputs_struct, graph._outputs_struct


def graph_of(model: Any) -> Any:
    """The functional model that a Sequential has inside, or the model itself."""
    return model._functional if isinstance(model, keras.Sequential) else model


def is_functional(layer: Any) -> bool:
    """Whether a layer is a model with a graph of its own."""
    return isinstance(layer, keras.Sequential) or (
        isinstance(layer, keras.Model) and type(layer).call is _functional().call
    )


def _functional() -> Any:
    from keras.src.models.functional import Functional

    return Functional


def _check_functional(model: Any) -> None:
    if not is_functional(model) or not getattr(model, "inputs", None):
        raise OptionError(
            f"{getattr(model, 'name', model)!r} is a {type(model).__name__}; quantization-aware "
            "training needs a functional or Sequential model that is built. Write the subclassed "
            "part as keras.Model(inputs, outputs), or give a Sequential a keras.Input."
        )


class _Reader:
    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.shapes: dict[int, tuple[int | None, ...]] = {}
        self.calls: list[Call] = []
        self.names: set[str] = set()
        self.kept: list[Any] = []

    def new(self, shape: Any) -> int:
        number = len(self.shapes)
        self.shapes[number] = tuple(shape)
        return number

    def read(self, model: Any, prefix: str) -> list[int]:
        """Append the calls of a model whose inputs have numbers; the numbers of its outputs."""
        self.kept.append(model)  # ids of tensors are keys: none of them may be freed meanwhile
        graph = graph_of(model)
        for depth in sorted(graph._nodes_by_depth, reverse=True):
            for node in graph._nodes_by_depth[depth]:
                if not node.is_input:
                    self._read_node(node, prefix)
        return [self.numbers[id(tensor)] for tensor in graph.outputs]

    def _read_node(self, node: Any, prefix: str) -> None:
        layer = node.operation
        inputs = [self.numbers[id(tensor)] for tensor in node.arguments.keras_tensors]
        if isinstance(layer, keras.Model):
            _check_functional(layer)
            for tensor, number in zip(graph_of(layer).inputs, inputs, strict=True):
                self.numbers[id(tensor)] = number
            found = self.read(layer, f"{prefix}{layer.name}_")
            for tensor, number in zip(node.output_tensors, found, strict=True):
                self.numbers[id(tensor)] = number
            return
        outputs = []
        for tensor in node.output_tensors:
            number = self.new(tensor.shape)
            self.numbers[id(tensor)] = number
            outputs.append(number)
        args, kwargs = keras.tree.map_structure(
            lambda item: (
                Value(self.numbers[id(item)]) if isinstance(item, keras.KerasTensor) else item
            ),
            (list(node.arguments.args), dict(node.arguments.kwargs)),
        )
        name = self._name(layer.name, prefix)
        self.calls.append(Call(layer, name, args, kwargs, tuple(inputs), tuple(outputs)))

    def _name(self, name: str, prefix: str) -> str:
        candidates = [name, f"{prefix}{name}", *(f"{prefix}{name}_{n}" for n in range(2, 1000))]
        chosen = next(candidate for candidate in candidates if candidate not in self.names)
        self.names.add(chosen)
        return chosen
