"""A network on its way to quantization: one node for each operation of the integer network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import keras

from edgecnn.training.quantize.folding import Floats, Linear
from edgecnn.training.quantize.reading import Value

Rounding = Literal["own", "fixed", "input", "none"]


@dataclass(slots=True, eq=False)
class Node:
    """One operation.

    Attributes:
        name: Unique; the layer's own for the first operation that is made of it.
        args, kwargs: Of the call, tensors replaced by `Value`.
        output: Number of the tensor that comes out.
        layer: A new Keras layer to call; None for a linear one, which is built by its form.
        linear: Weights of a convolution or dense layer.
        rounding: Where the outcome is rounded to: a range of its ``own``, a ``fixed`` one, the
            levels of its ``input``, or not at all (``none``) as it has those levels anyway.
        fixed: That range.
        takes_relu: Whether a ReLU that alone follows is part of the same integer operation, so that
            nothing is rounded between the two.
        is_relu: Whether this is such a ReLU.
        weights: For a ``layer`` that has some.
    """

    name: str
    args: Any
    output: int
    layer: Any = None
    linear: Linear | None = None
    kwargs: Any = field(default_factory=dict)
    rounding: Rounding = "none"
    fixed: tuple[float, float] | None = None
    takes_relu: bool = False
    is_relu: bool = False
    weights: list[Floats] | None = None

    @property
    def inputs(self) -> tuple[int, ...]:
        """Numbers of the tensors that go in."""
        leaves = keras.tree.flatten((self.args, self.kwargs))
        return tuple(leaf.number for leaf in leaves if isinstance(leaf, Value))


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """Nodes in an order in which they can be computed; see `LayerGraph` for the rest."""

    inputs: Mapping[int, Any]
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    structures: tuple[Any, Any]

    def users(self) -> dict[int, list[Node | None]]:
        """Number of a tensor -> who takes it; None stands for an output of the net."""
        found: dict[int, list[Node | None]] = {number: [] for number in self.inputs}
        found |= {node.output: [] for node in self.nodes}
        for node in self.nodes:
            for number in node.inputs:
                found[number].append(node)
        for number in self.outputs:
            found[number].append(None)
        return found
