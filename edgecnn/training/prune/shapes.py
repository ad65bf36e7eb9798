"""How elements pass what changes the shape of a tensor: merging, reshaping, slicing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from edgecnn.errors import OptionError
from edgecnn.training.prune.flow import Carried, Flow, UnevenError
from edgecnn.training.prune.graph import Shape, Step


def own_axis(axis: int, axes: int) -> int:
    """An axis of a layer, which counts the batch, as one that does not; ``axes`` without batch."""
    return axis - 1 if axis > 0 else axis + axes


def has_arrays(step: Step) -> bool:
    """Whether a call has a constant array among its arguments: its values belong to channels."""
    leaves = keras.tree.flatten((step.args, step.kwargs))
    return any(math.prod(np.shape(leaf)) > 1 for leaf in leaves if hasattr(leaf, "shape"))


def merged(flow: Flow, name: str, inputs: Sequence[Carried]) -> Carried:
    """Elementwise arithmetic: join the elements; one value for all channels joins none.

    Raises:
        OptionError: The tensors broadcast against each other in both ways.
    """
    result = inputs[0]
    for other in inputs[1:]:
        if len(other.shape) != len(result.shape):
            raise OptionError(
                f"{name!r} merges tensors of {len(result.shape)} and {len(other.shape)} axes; "
                "reshape one of them first, for example with keepdims=True."
            )
        shape = np.broadcast_shapes(result.shape, other.shape)
        # Along the axes that carry channels on one side, the other side may be stretched.
        if _is_stretched(result, other):
            result = replace(other, shape=shape)
        elif _is_stretched(other, result):
            result = replace(result, shape=shape)
        else:
            flow.join(result.elements, other.elements)
            larger = result if result.elements.size >= other.elements.size else other
            result = replace(larger, shape=shape)
    return result


def _is_stretched(one: Carried, other: Carried) -> bool:
    """Whether the first has one value where the second has channels."""
    axes = zip(one.shape, other.shape, strict=True)
    return (
        one.elements.size == 1
        and any(a == 1 < b for a, b in axes)
        and one.shape[-1] == 1 < (other.shape[-1])
    )


def concatenated(flow: Flow, name: str, inputs: Sequence[Carried], axis: int) -> Carried:
    """Channels side by side; along an axis without channels, the elements are joined."""
    shape = list(inputs[0].shape)
    shape[axis] = sum(carried.shape[axis] for carried in inputs)
    if axis != len(shape) - 1 and all(carried.elements.shape[axis] == 1 for carried in inputs):
        for carried in inputs[1:]:
            flow.join(inputs[0].elements, carried.elements)
        return replace(inputs[0], shape=tuple(shape))
    sides = np.broadcast_shapes(*[_without(carried.elements.shape, axis) for carried in inputs])
    parts = []
    for number, carried in enumerate(inputs):
        full = (*sides[:axis], carried.shape[axis], *sides[axis + 1 :])
        part = carried.stretched(full)
        parts.append(part.tagged(name, np.full((1,) * len(full), number)))
    return Carried(
        np.concatenate([part.elements for part in parts], axis=axis),
        np.concatenate([part.tags for part in parts], axis=axis),
        tuple(shape),
    )


def _without(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], 1, *shape[axis + 1 :])


def reshaped(flow: Flow, name: str, carried: Carried, before: Shape, target: Shape) -> Carried:
    """Reshape, flatten: the elements move with their values.

    Args:
        flow: Gets the groups, where the channels are divided over several axes.
        name: Of the step.
        carried: What comes in, at the widths of this walk.
        before: Shape of the input in the traced graph.
        target: Shape of the output there.

    Raises:
        UnevenError: The channels do not fill the new shape.
    """
    shape = target_shape(carried, before, target, name)
    full = carried.stretched(carried.shape)
    joined = _joined_axes(before, target)
    if any(carried.shape[axis] > 1 == carried.elements.shape[axis] for axis in joined):
        # Pixels become channels: copies are told apart by the pixel that they come from. This must
        # not depend on the elements: in a smaller net all of them may be of one channel.
        pixels = np.arange(math.prod(carried.shape[:-1])).reshape(*carried.shape[:-1], 1)
        small = full.tagged(name, pixels).reshaped(shape)
    else:
        small = compressed(full.reshaped(shape))
    varying = [axis for axis, length in enumerate(small.elements.shape) if length > 1]
    if len(varying) > 1:
        flow.tied.append(small.elements.reshape(-1))
        for number in range(small.elements.shape[varying[0]]):
            flow.route(small.at(varying[0], [number]), name, number)
    return small


def _joined_axes(before: Shape, target: Shape) -> list[int]:
    """Axes of the input that share an axis of the target with the last one."""
    stride = 1
    for length in reversed(target):
        end = stride * length
        if stride < before[-1] < end:
            axes = range(len(before) - 1)
            return [axis for axis in axes if math.prod(before[axis + 1 :]) < end]
        stride = end
    return []


def compressed(carried: Carried) -> Carried:
    """Axes along which nothing changes, cut to length 1."""
    for axis in range(len(carried.shape)):
        first = carried.at(axis, [0])
        if np.all(carried.elements == first.elements) and np.all(carried.tags == first.tags):
            carried = first
    return carried


def target_shape(carried: Carried, before: Shape, target: Shape, name: str) -> Shape:
    """Shape that a reshape has at the widths of this walk.

    Channels that are divided over two axes, (groups, channels of a group), keep the number of
    groups: the last of such axes shrinks.

    Raises:
        UnevenError: The channels do not fill the new shape.
    """
    if carried.shape == before:
        return target
    # Axes of the output that came from axes that kept their size stay; the last other one follows.
    size = math.prod(carried.shape)
    kept = _unchanged_axes(before, carried.shape, target)
    open_axes = [axis for axis in range(len(target)) if axis not in kept]
    last = open_axes[-1] if open_axes else len(target) - 1
    others = math.prod(length for axis, length in enumerate(target) if axis != last)
    if size % others:
        raise UnevenError(f"{carried.shape} cannot be reshaped in {name} beside {others} values")
    return tuple(size // others if axis == last else n for axis, n in enumerate(target))


def _unchanged_axes(before: Shape, now: Shape, target: Shape) -> set[int]:
    """Axes of the target that hold only axes whose size is the same now as in the traced graph."""
    changed = next(axis for axis, (a, b) in enumerate(zip(before, now, strict=True)) if a != b)
    inner, outer = math.prod(before[changed + 1 :]), math.prod(before[changed:])
    kept, stride = set(), 1
    for axis in range(len(target) - 1, -1, -1):
        low, stride = stride, stride * target[axis]
        # Values between the strides `inner` and `outer` are of the changed axis.
        if target[axis] == 1 or stride <= inner or low >= outer:
            kept.add(axis)
    return kept


def sliced(
    flow: Flow, name: str, carried: Carried, before: Shape, start: int, stop: int
) -> Carried:
    """Channels from start to stop of the traced graph, at the widths of this walk.

    Raises:
        UnevenError: A cut would fall between two channels.
    """
    row, full = carried.row, before[-1]
    channels = row.elements.size
    if (start * channels) % full or (stop * channels) % full:
        raise UnevenError(f"a slice of {channels} channels in {name} is uneven")
    low, high = start * channels // full, stop * channels // full
    flow.tied.append(row.elements)
    parts = [row.part(0, low), row.part(low, high), row.part(high, None)]
    for number, part in enumerate(parts):
        flow.route(part, name, number)
    return parts[1].on_last_axis((*carried.shape[:-1], high - low))


FlowRule = Callable[[Flow, Any], Sequence[Carried]]


def rescaling(passing: FlowRule, opaque: FlowRule) -> FlowRule:
    """Rule of a layer with one factor for all, or one a channel, which is left alone."""

    def rule(flow: Flow, call: Any) -> Sequence[Carried]:
        operation = call.step.operation
        alike = math.prod(np.shape(operation.scale)) == math.prod(np.shape(operation.offset)) == 1
        return passing(flow, call) if alike else opaque(flow, call)

    return rule


def reduction(passing: FlowRule, opaque: FlowRule) -> FlowRule:
    """Rule of a mean or maximum over height and width, or over channels, which stay then."""

    def rule(flow: Flow, call: Any) -> Sequence[Carried]:
        axes, axis = len(call.in_shapes[0]), call.step.operation.axis
        reduced = {own_axis(one, axes) for one in np.atleast_1d(axis)} if axis is not None else {-1}
        over_space = reduced <= set(range(axes - 1)) and 0 not in np.atleast_1d(axis)
        # What is left keeps the channels last, with keepdims or without.
        return passing(flow, call) if over_space else opaque(flow, call)

    return rule
