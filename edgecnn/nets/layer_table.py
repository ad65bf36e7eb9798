"""What a net is made of, layer by layer: shapes, parameters, multiply-adds, receptive field.

Multiply-adds (MACs) are those of convolutions and dense layers for one picture, without biases, as
papers count them; normalisation, pooling, activations and additions count nothing. Some papers
print the same number as "FLOPs"; others mean twice as many by that word.

The receptive field is the window of the input that one value can see, in pixels (Araujo, Norris
and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill, 2019), along the
larger way where branches join. It may be larger than the picture. Gates that are computed from the
whole picture (squeeze and excitation, attention) are left out where they meet what they weigh.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import keras

from edgecnn.errors import OptionError

layers = keras.layers
_WITHOUT_MACS = (
    layers.BatchNormalization,
    layers.LayerNormalization,
    layers.GroupNormalization,
    layers.PReLU,
)
_WHOLE_PICTURE = (
    layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling2D,
    layers.Flatten,
    layers.Reshape,
)
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer of a net.

    Attributes:
        name: Of the layer; inside a nested model ``outer/inner``.
        kind: Class of the layer.
        output_shape: Without the batch axis; the shapes of several outputs follow one another.
        parameters: All weights, the moving statistics of batch norm as well.
        trainable: Weights that training changes: what papers count.
        macs: Multiply-adds for one picture; None for a layer whose arithmetic is not known here.
        receptive_field: (height, width) in pixels of the input; None where it is the whole picture,
            and behind that.
    """

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int
    trainable: int
    macs: int | None
    receptive_field: tuple[int, int] | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a net: attributes as in `LayerRow`, and ``layers`` counts the rows."""

    layers: int
    parameters: int
    trainable: int
    macs: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Field:
    """What a value sees of the input: size and step in pixels, each (height, width)."""

    size: Pair = (1.0, 1.0)
    step: Pair = (1.0, 1.0)


_WHOLE = _Field((math.inf, math.inf))


def describe_layers(model: Any) -> tuple[LayerRow, ...]:
    """A row a layer, in the model's order; see `edgecnn.nets.layer_table`."""
    model = _graph(model)
    fields = {id(tensor): _Field() for tensor in model.inputs}
    return tuple(_rows(model, fields, ""))


def totals(rows: tuple[LayerRow, ...]) -> Totals:
    """Sum the rows of a net.

    Raises:
        OptionError: The multiply-adds of a layer are not known; it is named.
    """
    unknown = [f"{row.name} ({row.kind})" for row in rows if row.macs is None]
    if unknown:
        raise OptionError(f"The multiply-adds of these layers are not known: {', '.join(unknown)}.")
    return Totals(
        layers=len(rows),
        parameters=sum(row.parameters for row in rows),
        trainable=sum(row.trainable for row in rows),
        macs=sum(row.macs or 0 for row in rows),
    )


def _graph(model: Any) -> Any:
    """The functional model itself, or the one inside a built Sequential."""
    if isinstance(model, keras.Sequential) and model.built:
        model = getattr(model, "_functional", model)
    if not hasattr(model, "_nodes_by_depth") or not getattr(model, "inputs", None):
        raise OptionError(
            f"{type(model).__name__} {getattr(model, 'name', '')!r} is no graph of layers; give a "
            "functional Keras model, or a Sequential that knows its input."
        )
    return model


def _rows(model: Any, fields: dict[int, _Field], prefix: str) -> Iterator[LayerRow]:
    """Rows in the order of computation; fields of the inputs are known, and others are added."""
    # Keras has no public way to walk the calls of a graph; a layer may be called more than once.
    by_depth = model._nodes_by_depth
    order = {id(layer): place for place, layer in enumerate(model.operations)}
    nodes = [
        node
        for depth in sorted(by_depth, reverse=True)
        for node in sorted(by_depth[depth], key=lambda node: order[id(node.operation)])
    ]
    seen: set[int] = set()
    for node in nodes:
        layer = node.operation
        if isinstance(layer, keras.Model):
            inner = _graph(layer)
            inside = {
                id(theirs): fields[id(ours)]
                for theirs, ours in zip(inner.inputs, node.input_tensors, strict=True)
            }
            yield from _rows(inner, inside, f"{prefix}{layer.name}/")
            for theirs, ours in zip(inner.outputs, node.output_tensors, strict=True):
                fields[id(ours)] = inside[id(theirs)]
            continue
        coming = [fields[id(tensor)] for tensor in node.input_tensors]
        field = _field(layer, coming) if coming else fields[id(node.output_tensors[0])]
        for tensor in node.output_tensors:
            fields[id(tensor)] = field
        yield _row(layer, node, field, prefix, first=id(layer) not in seen)
        seen.add(id(layer))


def _row(layer: Any, node: Any, field: _Field, prefix: str, *, first: bool) -> LayerRow:
    weights = getattr(layer, "weights", ()) if first else ()  # a shared layer counts once
    trainable = getattr(layer, "trainable_weights", ()) if first else ()
    whole = math.isinf(field.size[0])
    return LayerRow(
        name=prefix + layer.name,
        kind=type(layer).__name__,
        output_shape=tuple(n for tensor in node.output_tensors for n in tensor.shape[1:]),
        parameters=sum(math.prod(weight.shape) for weight in weights),
        trainable=sum(math.prod(weight.shape) for weight in trainable),
        macs=_macs(layer, node),
        receptive_field=None if whole else (round(field.size[0]), round(field.size[1])),
    )


def _macs(layer: Any, node: Any) -> int | None:
    """Multiply-adds of one call for one picture."""
    if not getattr(layer, "weights", ()) or isinstance(layer, _WITHOUT_MACS):
        return 0
    out = node.output_tensors[0].shape[1:]
    if isinstance(layer, layers.SeparableConv2D):
        kernels = (layer.depthwise_kernel, layer.pointwise_kernel)
        pixels = math.prod(out[:-1])
        return int(sum(math.prod(kernel.shape) for kernel in kernels) * pixels)
    if isinstance(layer, layers.Conv2DTranspose):
        pixels = math.prod(node.input_tensors[0].shape[1:-1])
        return int(math.prod(layer.kernel.shape) * pixels)
    if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
        # A kernel is (height, width, channels in of a group, out): groups are counted already.
        return int(math.prod(layer.kernel.shape) * math.prod(out[:-1]))
    if isinstance(layer, layers.Dense):
        return int(math.prod(layer.kernel.shape) * math.prod(out[:-1]))
    return None


def _field(layer: Any, coming: list[_Field]) -> _Field:
    """What a layer's output sees, from what its inputs see."""
    if isinstance(layer, _WHOLE_PICTURE):
        return _WHOLE
    coming = [one for one in coming if one is not _WHOLE] or [_WHOLE]
    field = _Field(
        size=_largest([one.size for one in coming]), step=_largest([one.step for one in coming])
    )
    if field == _WHOLE:
        return _WHOLE
    window = _window(layer)
    if window is None:
        return field
    kernel, stride = window
    return _Field(
        size=(
            field.size[0] + (kernel[0] - 1) * field.step[0],
            field.size[1] + (kernel[1] - 1) * field.step[1],
        ),
        step=(field.step[0] * stride[0], field.step[1] * stride[1]),
    )


def _largest(pairs: list[Pair]) -> Pair:
    return max(pair[0] for pair in pairs), max(pair[1] for pair in pairs)


def _window(layer: Any) -> tuple[Pair, Pair] | None:
    """Kernel with its dilation, and stride; None for layers that see one pixel at a time."""
    if isinstance(layer, layers.Conv2DTranspose):
        (height, width), (down, right) = layer.kernel_size, layer.strides
        return (height / down, width / right), (1 / down, 1 / right)
    if isinstance(layer, layers.UpSampling2D):
        return (1.0, 1.0), (1 / layer.size[0], 1 / layer.size[1])
    if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)):
        dilation = layer.dilation_rate
        height, width = (1 + (layer.kernel_size[axis] - 1) * dilation[axis] for axis in (0, 1))
        return (height, width), tuple(layer.strides)
    if isinstance(layer, (layers.MaxPooling2D, layers.AveragePooling2D)):
        return tuple(layer.pool_size), tuple(layer.strides)
    return None
