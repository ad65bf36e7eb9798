"""Take the shift of channel means that rounding causes off the biases of an int8 ``.tflite``.

A convolution is linear, so the mean of its outputs before the activation follows exactly from the
mean of its inputs: each tap of the kernel meets the mean of the input over the places it visits.
That needs no sight of what the fused activation hides.

``fast`` looks at what rounding the weights does to inputs of the float network: one pass.
``accurate`` goes through the network in order, and each layer's shift is measured on the inputs
that the layers before it, already corrected, really give it.

Reference: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction",
ICCV 2019, section 4.2; the means are measured here, not derived from batch normalisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from converters.options import Progress, no_progress
from converters.quantization import flatbuffer
from converters.quantization.trace import Floats, Trace
from converters.sources.base import Array

Means = NDArray[np.float64]

_KINDS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})
_PASSES = 32
"""Runs over the inputs, at most; deeper networks have a few layers corrected in each."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer in both networks: numbers of its operation, and its place in the order."""

    exact: int
    rounded: int
    level: int


def correct_biases(
    float_tflite: bytes,
    int8_tflite: bytes,
    inputs: Sequence[Mapping[str, Array]],
    how: Literal["fast", "accurate"],
    *,
    progress: Progress = no_progress,
) -> bytes:
    """Correct the biases of convolutions and dense layers; those in float are left alone.

    Args:
        float_tflite: The float network.
        int8_tflite: What was made of it; its tensors have the names of the float network.
        inputs: Real values by input name; 50 to 100 are enough.
        how: One pass, or layer by layer.
        progress: Told the share of the passes.

    Returns:
        The file with other biases, and not a byte of it larger at run time.
    """
    exact, rounded = Trace(float_tflite), Trace(int8_tflite)
    layers = _layers(exact, rounded)
    if not layers:
        return int8_tflite
    means = _mean_inputs(exact, [(layer, layer.exact) for layer in layers], inputs)
    wanted = {layer: _mean_output(exact, layer.exact, means[layer]) for layer in layers}
    model = flatbuffer.unpack(int8_tflite)
    for layer in layers:
        shift = _mean_output(rounded, layer.rounded, means[layer]) - wanted[layer]
        # Here the bias itself was the same before rounding, so that the weights' part is left.
        shift -= _bias(rounded, layer.rounded) - _bias(exact, layer.exact)
        _subtract(model, layer.rounded, shift)
    if how == "fast":
        return flatbuffer.pack(model)
    passes = _grouped(layers)
    for number, group in enumerate(passes, start=1):
        trace = Trace(flatbuffer.pack(model))
        met = _mean_inputs(trace, [(layer, layer.rounded) for layer in group], inputs)
        for layer in group:
            shift = _mean_output(trace, layer.rounded, met[layer]) - wanted[layer]
            _subtract(model, layer.rounded, shift)
        progress("bias correction", number / len(passes))
    return flatbuffer.pack(model)


def _layers(exact: Trace, rounded: Trace) -> list[_Layer]:
    places = {
        operation.name: number
        for number, operation in enumerate(exact.operations)
        if operation.kind in _KINDS
    }
    levels: dict[int, int] = {}
    found = []
    for number, operation in enumerate(rounded.operations):
        level = max((levels.get(index, 0) for index in operation.inputs), default=0)
        if operation.name in places and _is_correctable(rounded, number):
            level += 1
            found.append(_Layer(places[operation.name], number, level))
        levels |= dict.fromkeys(operation.outputs, level)
    return found


def _is_correctable(trace: Trace, number: int) -> bool:
    operation = trace.operations[number]
    if operation.kind not in _KINDS or len(operation.inputs) < 3 or operation.inputs[2] < 0:
        return False
    tensors = trace.model.subgraphs[0].tensors
    source, _, bias = operation.inputs[:3]
    return (
        trace.step(source) is not None
        and trace.step(bias) is not None
        and flatbuffer.has_data(trace.model, tensors[bias])
        and tensors[bias].type == flatbuffer.schema().TensorType.INT32
    )


def _grouped(layers: Sequence[_Layer]) -> list[list[_Layer]]:
    deepest = max(layer.level for layer in layers)
    groups: dict[int, list[_Layer]] = {}
    for layer in layers:
        groups.setdefault((layer.level - 1) * min(_PASSES, deepest) // deepest, []).append(layer)
    return [groups[key] for key in sorted(groups)]


def _mean_inputs(
    trace: Trace, layers: Iterable[tuple[_Layer, int]], inputs: Sequence[Mapping[str, Array]]
) -> dict[_Layer, Means]:
    """Mean of each layer's input over the inputs, place by place."""
    sources = {layer: trace.operations[number].inputs[0] for layer, number in layers}
    sums: dict[int, Means] = {}
    for feed in inputs:
        trace.run(feed)
        for index in set(sources.values()):
            values = trace.value(index).astype(np.float64)
            sums[index] = sums[index] + values if index in sums else values
    return {layer: sums[index] / len(inputs) for layer, index in sources.items()}


def _mean_output(trace: Trace, number: int, mean_input: Means) -> Means:
    """(channels,) mean of a layer's outputs before its activation, from that of its inputs."""
    operation = trace.operations[number]
    weights = trace.value(operation.inputs[1]).astype(np.float64)
    options = trace.model.subgraphs[0].operators[number].builtinOptions
    if operation.kind == "FULLY_CONNECTED":
        mean = mean_input.reshape(-1, weights.shape[1]).mean(axis=0)
        return np.asarray(weights @ mean + _bias(trace, number))
    height, width = trace.value(operation.outputs[0]).shape[1:3]
    patch = mean_patch(mean_input, weights.shape[1:3], (height, width), options)
    if operation.kind == "DEPTHWISE_CONV_2D":
        times = weights.shape[3] // patch.shape[2]
        total = (np.repeat(patch, times, axis=2) * weights[0]).sum(axis=(0, 1))
    else:
        groups = patch.shape[2] // weights.shape[3]
        parts = np.split(patch, groups, axis=2)
        kernels = np.split(weights, groups, axis=0)
        products = [np.tensordot(k, p, axes=3) for k, p in zip(kernels, parts, strict=True)]
        total = np.concatenate(products)
    return np.asarray(total + _bias(trace, number))


def mean_patch(
    mean_input: Means, kernel: tuple[int, ...], outputs: tuple[int, int], options: Any
) -> Means:
    """What each tap of a kernel meets on average.

    Args:
        mean_input: (batch, height, width, channels).
        kernel: Height and width.
        outputs: Height and width of the output.
        options: Strides, dilation and padding, as the file has them.

    Returns:
        (kernel height, kernel width, channels).
    """
    strides = (options.strideH, options.strideW)
    dilations = (options.dilationHFactor, options.dilationWFactor)
    same = options.padding == flatbuffer.schema().Padding.SAME
    pads = [(0, 0), (0, 0), (0, 0), (0, 0)]
    for axis in (0, 1):
        reach = (outputs[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1
        total = max(reach - mean_input.shape[axis + 1], 0) if same else 0
        pads[axis + 1] = (total // 2, total - total // 2)
    padded = np.pad(mean_input, pads)
    patch = np.empty((*kernel, mean_input.shape[3]))
    for row, column in np.ndindex(*kernel):
        rows = slice(row * dilations[0], row * dilations[0] + strides[0] * outputs[0], strides[0])
        left = column * dilations[1]
        columns = slice(left, left + strides[1] * outputs[1], strides[1])
        patch[row, column] = padded[:, rows, columns].mean(axis=(0, 1, 2))
    return patch


def _bias(trace: Trace, number: int) -> Floats | float:
    inputs = trace.operations[number].inputs
    if len(inputs) < 3 or inputs[2] < 0:
        return 0.0
    return trace.value(inputs[2])


def _subtract(model: Any, number: int, shift: Means) -> None:
    """Take a shift off an int32 bias; a bias that several layers share is split first."""
    tensor = flatbuffer.own_constant(model, number, 2)
    buffer = model.buffers[tensor.buffer]
    bias = np.asarray(buffer.data, np.uint8).view(np.int32)
    steps = np.rint(shift / np.asarray(tensor.quantization.scale, np.float64))
    limits = np.iinfo(np.int32)
    buffer.data = np.clip(bias - steps, limits.min, limits.max).astype(np.int32).view(np.uint8)
