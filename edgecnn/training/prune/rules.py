"""What each kind of layer does with channels, as one literal table of rules.

A rule says how elements pass a layer (`Rule.flow`), what its configuration is at other widths
(`Rule.settings`), which parts of its weights stay (`Rule.weights`) and how many multiply-adds it
has (`Rule.macs`). A layer that mixes channels without weights of its own (softmax over channels,
local response normalisation, layer normalisation) is *opaque*: what goes in keeps all its channels,
because removing a dead one would change what it computes. A layer without a rule is an error that
names it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgecnn.errors import OptionError
from edgecnn.training.prune import shapes
from edgecnn.training.prune.flow import Carried, Elements, Flow, fresh
from edgecnn.training.prune.graph import Array, Graph, Shape, Step


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """What a rule sees of one step.

    Attributes:
        step: The step in the traced graph.
        inputs: What its tensors carry.
        out_shapes: Shapes of the outputs in the traced graph, without the batch axis.
        in_shapes: The same of the inputs.
        width: Channels that it shall make, if it is a producer.
    """

    step: Step
    inputs: tuple[Carried, ...]
    in_shapes: tuple[Shape, ...]
    out_shapes: tuple[Shape, ...]
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Places of what stays of one step: (m,) indices into its channels in and out."""

    taken: Elements
    made: Elements


FlowRule = Callable[[Flow, Call], Sequence[Carried]]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of layer treats channels; see the module's first lines."""

    flow: FlowRule
    width: Callable[[Step], int] | None = None
    settings: Callable[[Step, Call], dict[str, Any]] | None = None
    weights: Callable[[Step, Cut], list[Array]] | None = None
    macs: Callable[[Step, int, int, Shape, Shape], int] | None = None


# --- convolution and dense layers ---------------------------------------------------------------


def _groups(step: Step) -> int:
    return int(getattr(step.operation, "groups", 1))


def _follows(step: Step) -> bool:
    """Whether a convolution has a group for every channel that comes in, so makes none itself."""
    return _groups(step) > 1 and int(step.operation.kernel.shape[-2]) == 1


def _check_channels_last(step: Step) -> None:
    if getattr(step.operation, "data_format", "channels_last") != "channels_last":
        raise OptionError(
            f"{step.name!r} ({step.kind}) has its channels first; build the model with "
            "data_format='channels_last' to prune it."
        )


def _conv_flow(flow: Flow, call: Call) -> list[Carried]:
    _check_channels_last(call.step)
    name, groups = call.step.name, _groups(call.step)
    taken = call.inputs[0].row
    flow.taken[name] = taken
    if _follows(call.step):
        return [_repeated(call, taken, call.out_shapes[0][-1] // call.in_shapes[0][-1])]
    if groups > 1:
        flow.parts(taken, name, groups, "in")
    elements = flow.make(name, call.width)
    made = fresh(elements, elements.shape)
    if groups > 1:
        flow.parts(made, name, groups, "out")
    if _mixes_channels(call.step):
        flow.keep(made, name)
    return [made.on_last_axis(call.out_shapes[0])]


def _conv_width(step: Step) -> int:
    return 0 if _follows(step) else int(step.operation.filters)


def _conv_settings(step: Step, call: Call) -> dict[str, Any]:
    if not _follows(step):
        return {"filters": call.width}
    channels = call.inputs[0].shape[-1]
    multiplier = call.out_shapes[0][-1] // call.in_shapes[0][-1]
    return {"filters": channels * multiplier, "groups": channels}


def _conv_weights(step: Step, cut: Cut) -> list[Array]:
    kernel, *bias = step.weights
    groups = _groups(step)
    if _follows(step):
        multiplier = kernel.shape[-1] // groups
        made = (cut.taken[:, None] * multiplier + np.arange(multiplier)).reshape(-1)
        return [kernel[..., made], *[values[made] for values in bias]]
    parts = []
    for taken, made in zip(np.split(cut.taken, groups), np.split(cut.made, groups), strict=True):
        parts.append(kernel[..., made][..., taken % kernel.shape[-2], :])
    return [np.concatenate(parts, axis=-1), *[values[cut.made] for values in bias]]


def _conv_macs(step: Step, taken: int, made: int, _: Shape, out: Shape) -> int:
    kernel = step.operation.kernel.shape
    if _follows(step):
        made = taken * kernel[-1] // _groups(step)
        taken = _groups(step)  # each of its groups takes one channel
    macs: int = math.prod(kernel[:-2]) * (taken // _groups(step)) * made * math.prod(out[:-1])
    return macs


def _dense_settings(_: Step, call: Call) -> dict[str, Any]:
    return {"units": call.width}


def _transposed_weights(step: Step, cut: Cut) -> list[Array]:
    kernel, *bias = step.weights  # (height, width, out, in)
    return [kernel[..., cut.made, :][..., cut.taken], *[values[cut.made] for values in bias]]


def _transposed_macs(step: Step, taken: int, made: int, coming: Shape, _: Shape) -> int:
    macs: int = math.prod(step.operation.kernel.shape[:-2]) * taken * made * math.prod(coming[:-1])
    return macs


def _separable_weights(step: Step, cut: Cut) -> list[Array]:
    depthwise, pointwise, *bias = step.weights
    multiplier = depthwise.shape[-1]
    middle = (cut.taken[:, None] * multiplier + np.arange(multiplier)).reshape(-1)
    pointwise = pointwise[..., cut.made][..., middle, :]
    return [depthwise[..., cut.taken, :], pointwise, *[values[cut.made] for values in bias]]


def _separable_macs(step: Step, taken: int, made: int, _: Shape, out: Shape) -> int:
    *window, _, multiplier = step.operation.depthwise_kernel.shape
    macs: int = math.prod(out[:-1]) * taken * multiplier * (math.prod(window) + made)
    return macs


# --- layers that follow their input -------------------------------------------------------------


def _repeated(call: Call, row: Carried, times: int) -> Carried:
    channels = row.elements.size
    many = row.moved(lambda values: np.repeat(values, times), (channels * times,))
    if times > 1:
        many = many.tagged(call.step.name, np.tile(np.arange(times), channels))
    return many.on_last_axis(call.out_shapes[0])


def _depthwise_flow(flow: Flow, call: Call) -> list[Carried]:
    _check_channels_last(call.step)
    flow.taken[call.step.name] = call.inputs[0].row
    return [_repeated(call, call.inputs[0].row, call.step.operation.depth_multiplier)]


def _depthwise_weights(step: Step, cut: Cut) -> list[Array]:
    kernel, *bias = step.weights  # (height, width, in, multiplier)
    multiplier = kernel.shape[-1]
    made = (cut.taken[:, None] * multiplier + np.arange(multiplier)).reshape(-1)
    return [kernel[..., cut.taken, :], *[values[made] for values in bias]]


def _depthwise_macs(step: Step, taken: int, made: int, _: Shape, out: Shape) -> int:
    *window, _, multiplier = step.operation.kernel.shape
    macs: int = math.prod(window) * taken * multiplier * math.prod(out[:-1])
    return macs


def _norm_flow(flow: Flow, call: Call) -> list[Carried]:
    axis = call.step.operation.axis
    axis = axis[0] if isinstance(axis, (list, tuple)) else axis
    if axis not in (-1, len(call.in_shapes[0])):
        raise OptionError(
            f"{call.step.name!r} normalises axis {axis}, which is not the channels'; exclude it."
        )
    flow.taken[call.step.name] = call.inputs[0].row
    return [call.inputs[0]]


def _last_axis_weights(step: Step, cut: Cut) -> list[Array]:
    """Weights with a value for each channel on the last axis, or one for all."""
    return [values if values.shape[-1] == 1 else values[..., cut.taken] for values in step.weights]


def _prelu_flow(flow: Flow, call: Call) -> list[Carried]:
    flow.taken[call.step.name] = call.inputs[0].row
    return [call.inputs[0]]


def _pass(_: Flow, call: Call) -> list[Carried]:
    """Elementwise: shape and elements stay."""
    return [call.inputs[0]]


def _spatial(_: Flow, call: Call) -> list[Carried]:
    """Pooling, padding, resizing: height and width change, channels stay."""
    _check_channels_last(call.step)
    return [call.inputs[0].row.on_last_axis(call.out_shapes[0])]


def _mixes_channels(step: Step) -> bool:
    function = getattr(step.operation, "activation", None)
    return getattr(function, "__name__", "") in ("softmax", "log_softmax", "glu", "sparsemax")


def _activation(flow: Flow, call: Call) -> list[Carried]:
    return opaque(flow, call) if _mixes_channels(call.step) else _pass(flow, call)


def _merge(flow: Flow, call: Call) -> list[Carried]:
    if shapes.has_arrays(call.step):
        return opaque(flow, call)
    return [shapes.merged(flow, call.step.name, call.inputs)]


def _concatenate(flow: Flow, call: Call) -> list[Carried]:
    axis = shapes.own_axis(call.step.operation.axis, len(call.in_shapes[0]))
    return [shapes.concatenated(flow, call.step.name, call.inputs, axis)]


def _reshape(flow: Flow, call: Call) -> list[Carried]:
    target = call.out_shapes[0]
    return [shapes.reshaped(flow, call.step.name, call.inputs[0], call.in_shapes[0], target)]


def _reshape_settings(step: Step, call: Call) -> dict[str, Any]:
    if call.inputs[0].shape == call.in_shapes[0]:
        return {}
    target = shapes.target_shape(call.inputs[0], call.in_shapes[0], call.out_shapes[0], step.name)
    return {"target_shape": target} if step.is_layer else {"newshape": (-1, *target)}


def _permute(flow: Flow, call: Call) -> list[Carried]:
    operation = call.step.operation
    if not call.step.is_layer and (operation.axes is None or operation.axes[0] != 0):
        return opaque(flow, call)  # the batch is moved as well
    dims = operation.dims if call.step.is_layer else operation.axes[1:]
    order = [int(axis) - 1 for axis in dims]
    carried = call.inputs[0]
    shape = tuple(carried.shape[axis] for axis in order)
    return [carried.moved(lambda values: values.transpose(order), shape)]


def _shuffle(flow: Flow, call: Call) -> list[Carried]:
    groups, taken = call.step.operation.groups, call.inputs[0].row
    if groups > 1:
        flow.parts(taken, call.step.name, groups, "in")
    dealt = taken.moved(lambda row: row.reshape(groups, -1).T.reshape(-1), taken.shape)
    return [dealt.on_last_axis(call.out_shapes[0])]


def _slice(flow: Flow, call: Call) -> list[Carried]:
    operation = call.step.operation
    return [
        shapes.sliced(
            flow, call.step.name, call.inputs[0], call.in_shapes[0], operation.start, operation.stop
        )
    ]


def _slice_settings(_: Step, call: Call) -> dict[str, Any]:
    operation, before, after = call.step.operation, call.in_shapes[0][-1], call.inputs[0].shape[-1]
    return {
        "start": operation.start * after // before,
        "stop": operation.stop * after // before,
    }


def _split(flow: Flow, call: Call) -> list[Carried]:
    operation = call.step.operation
    sections, axis = operation.indices_or_sections, operation.axis
    if not isinstance(sections, int) or axis not in (-1, len(call.in_shapes[0])):
        return opaque(flow, call)
    taken = call.inputs[0].row
    flow.parts(taken, call.step.name, sections, "in")
    size = taken.elements.size // sections
    return [
        taken.part(number * size, (number + 1) * size).on_last_axis(shape)
        for number, shape in enumerate(call.out_shapes)
    ]


def opaque(flow: Flow, call: Call) -> list[Carried]:
    """Nothing is known of the layer, so nothing around it changes."""
    for carried in call.inputs:
        flow.keep(carried, call.step.name)
    outputs = []
    for number, shape in enumerate(call.out_shapes):
        shape = shape or (1,)
        outputs.append(fresh(flow.make(f"{call.step.name}:{number}", shape[-1]), shape))
        flow.keep(outputs[-1], call.step.name)
    return outputs


_CONV = Rule(_conv_flow, _conv_width, _conv_settings, _conv_weights, _conv_macs)
_DENSE = Rule(
    _conv_flow, lambda step: int(step.operation.units), _dense_settings, _conv_weights, _conv_macs
)
_TRANSPOSED = Rule(_conv_flow, _conv_width, _conv_settings, _transposed_weights, _transposed_macs)
_SEPARABLE = Rule(_conv_flow, _conv_width, _conv_settings, _separable_weights, _separable_macs)
_DEPTHWISE = Rule(_depthwise_flow, weights=_depthwise_weights, macs=_depthwise_macs)
_NORM = Rule(_norm_flow, weights=_last_axis_weights)
_PRELU = Rule(_prelu_flow, weights=_last_axis_weights)
_PASS, _SPATIAL, _OPAQUE = Rule(_pass), Rule(_spatial), Rule(opaque)
_MERGE, _CONCATENATE = Rule(_merge), Rule(_concatenate)
_RESHAPE = Rule(_reshape, settings=_reshape_settings)

LAYERS: dict[str, Rule] = {
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), _CONV),
    "Dense": _DENSE,
    "Conv2DTranspose": _TRANSPOSED,
    "SeparableConv2D": _SEPARABLE,
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), _DEPTHWISE),
    "BatchNormalization": _NORM,
    "PReLU": _PRELU,
    "Activation": Rule(_activation),
    **dict.fromkeys(
        (
            "ReLU",
            "LeakyReLU",
            "ELU",
            "Dropout",
            "SpatialDropout1D",
            "SpatialDropout2D",
            "Identity",
            "GaussianDropout",
            "GaussianNoise",
            "AlphaDropout",
            "ActivityRegularization",
        ),
        _PASS,
    ),
    **dict.fromkeys(
        (
            "MaxPooling1D",
            "MaxPooling2D",
            "AveragePooling1D",
            "AveragePooling2D",
            "GlobalAveragePooling1D",
            "GlobalAveragePooling2D",
            "GlobalMaxPooling1D",
            "GlobalMaxPooling2D",
            "ZeroPadding1D",
            "ZeroPadding2D",
            "Cropping2D",
            "UpSampling2D",
        ),
        _SPATIAL,
    ),
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"), _MERGE),
    "Concatenate": _CONCATENATE,
    "Flatten": Rule(_reshape),
    "Reshape": _RESHAPE,
    "Permute": Rule(_permute),
    "ChannelShuffle": Rule(_shuffle),
    "ChannelSlice": Rule(_slice, settings=_slice_settings),
    "Rescaling": Rule(shapes.rescaling(_pass, opaque)),
    **dict.fromkeys(
        (
            "Softmax",
            "LayerNormalization",
            "GroupNormalization",
            "UnitNormalization",
            "Normalization",
            "ChannelStatistics",
            "LocalResponseNorm",
        ),
        _OPAQUE,
    ),
}
"""Layers of Keras and of `edgecnn.nets.layers` by the name of their class."""

OPERATIONS: dict[str, Rule] = {
    **dict.fromkeys(
        (
            "Relu",
            "Relu6",
            "LeakyRelu",
            "Elu",
            "Sigmoid",
            "HardSigmoid",
            "HardSilu",
            "Silu",
            "Gelu",
            "Tanh",
            "Softplus",
            "Selu",
            "Clip",
            "Absolute",
            "Negative",
            "Square",
            "Sqrt",
            "Cast",
        ),
        _PASS,
    ),
    **dict.fromkeys(
        ("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Maximum", "Minimum"), _MERGE
    ),
    "Concatenate": _CONCATENATE,
    "Reshape": _RESHAPE,
    "Transpose": Rule(_permute),
    "Split": Rule(_split),
    "Mean": Rule(shapes.reduction(_spatial, opaque)),
    "Max": Rule(shapes.reduction(_spatial, opaque)),
    "Softmax": _OPAQUE,
}
"""Operations of `keras.ops` by the name of their class."""


def rule_of(step: Step, exclude: frozenset[str]) -> Rule:
    """The rule for a step; the opaque one for those that are excluded.

    Raises:
        OptionError: There is none; the layer is named, with what to do.
    """
    table = LAYERS if step.is_layer else OPERATIONS
    if step.name in exclude:
        known = table.get(step.kind, _OPAQUE)
        return Rule(opaque, macs=known.macs)  # it stays, so its multiply-adds count
    if step.kind not in table:
        raise OptionError(
            f"Pruning does not know what {step.name!r} ({step.kind}) does with channels. Give its "
            f"name in exclude=({step.name!r},): then all channels that go in and out of it stay."
        )
    return table[step.kind]


def check_excluded(graph: Graph, exclude: frozenset[str]) -> None:
    """Refuse names that are in no graph.

    Raises:
        OptionError: A name is unknown.
    """
    unknown = sorted(exclude - {step.name for step in graph.steps})
    if unknown:
        raise OptionError(f"exclude names layers that {graph.name!r} does not have: {unknown}.")
