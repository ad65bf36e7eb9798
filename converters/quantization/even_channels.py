"""Give the channels of a float ``.tflite`` alike ranges, without changing what it answers.

An int8 activation has one scale for all its channels: where one channel reaches 10 and another 0.5,
the second is left with a handful of levels. Because ``relu(s x) = s relu(x)`` for positive ``s``,
the operation that makes a channel may make it larger, and those that take it smaller again. It
costs nothing at run time, and comes before any rounding.

Reference: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction",
ICCV 2019, arXiv:1906.04721, for pairs of layers. We measure ranges on calibration inputs where they
take them from the weights, and follow channels through sums and concatenations as well. For Keras
models before training: `edgecnn.training.quantize.equalize`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.options import Progress, no_progress
from converters.quantization import flatbuffer
from converters.quantization.channel_factors import Factors, Linear
from converters.quantization.feeds import fitting
from converters.quantization.trace import Trace
from converters.sources.base import Array, Feeds
from edgecnn.core.evening import Doubles, factor_sizes

_SAMPLES = 100
_TINY = 1e-12


def can_even(float_tflite: bytes) -> bool:
    """Whether a network has a channel that may be made larger: one of ReLU6 alone has none.

    Args:
        float_tflite: Content of a float32 file.
    """
    return bool(Factors(Trace(float_tflite)).free.any())


def even_channels(
    float_tflite: bytes, feeds: Feeds, samples: int, *, progress: Progress = no_progress
) -> bytes:
    """A float file whose channels share out 8 bits better.

    Args:
        float_tflite: One graph, static shapes; kernels that several operations read, or that are
            not stored as float32, keep the channels around them as they are.
        feeds: Calibration inputs as the device makes them.
        samples: Look at no more than these; a hundred are enough.
        progress: Told the share of them.

    Returns:
        A file with the same answers to rounding of floats, and the same names of operations,
        inputs and outputs; ``float_tflite`` itself where no channel may be changed.

    Raises:
        ConversionError: There is no input, or one does not fit.
    """
    trace = Trace(float_tflite)
    factors = Factors(trace)
    if not factors.free.any():
        return float_tflite
    inputs = fitting(
        feeds, trace.shapes, min(samples, _SAMPLES), what="even channels", progress=progress
    )
    reach = _reach(trace, factors, inputs)
    size = factor_sizes(reach, _met(trace, factors), factors.free)
    model = flatbuffer.unpack(float_tflite)
    for linear in factors.linears:
        _scale(model, linear, size[linear.coming], size[linear.going])
    for offset in factors.offsets:
        values = flatbuffer.own_floats(model, offset.number, offset.slot)
        values /= size[offset.going].astype(np.float32)
    return flatbuffer.pack(model)


def _reach(trace: Trace, factors: Factors, inputs: Iterable[Mapping[str, Array]]) -> Doubles:
    """(factors,) largest absolute value of a channel, as a share of its tensor's."""
    measured = [
        index
        for index in trace.computed
        if index in factors.of and factors.free[factors.of[index]].any()
    ]
    largest = {index: np.zeros(len(factors.of[index])) for index in measured}
    for feed in inputs:
        trace.run(feed)
        for index, before in largest.items():
            values = np.abs(trace.value(index)).reshape(-1, len(before))
            np.maximum(before, values.max(axis=0), out=before)
    reach = np.zeros(len(factors.free))
    for index, found in largest.items():
        np.maximum.at(reach, factors.of[index], found / max(float(found.max()), _TINY))
    return reach


def _met(trace: Trace, factors: Factors) -> Doubles:
    """(factors,) largest weight that a channel meets, as a share of those with the same scale.

    Depthwise weights have a scale for each channel, so that changing them costs nothing; a channel
    that meets no others has a share of 1.
    """
    met = np.zeros(len(factors.free))
    for linear in factors.linears:
        if linear.kind == "DEPTHWISE_CONV_2D":
            continue
        kernel = np.abs(trace.value(trace.operations[linear.number].inputs[1]).astype(np.float64))
        kernel = kernel.reshape(len(kernel), -1, kernel.shape[-1])
        kernel /= np.maximum(kernel.max(axis=(1, 2), keepdims=True), _TINY)
        # (groups, channels out of a group, taps, channels into a group)
        grouped = kernel.reshape(_groups(linear, kernel), -1, *kernel.shape[1:])
        np.maximum.at(met, linear.coming, grouped.max(axis=(1, 2)).reshape(-1))
    return np.where(met > 0.0, met, 1.0)


def _groups(linear: Linear, kernel: NDArray[Any]) -> int:
    return len(linear.coming) // int(kernel.shape[-1])


def _scale(model: Any, linear: Linear, coming: Doubles, going: Doubles) -> None:
    """Let an operation take ``x / coming`` and give ``y / going``; one value a channel."""
    kernel = flatbuffer.own_floats(model, linear.number, 1)
    if linear.kind == "DEPTHWISE_CONV_2D":
        kernel *= (np.repeat(coming, len(going) // len(coming)) / going).astype(np.float32)
    else:
        grouped = kernel.reshape(_groups(linear, kernel), -1, *kernel.shape[1:])
        taken = coming.reshape(len(grouped), *[1] * (kernel.ndim - 1), -1)
        grouped *= (taken / going.reshape(*grouped.shape[:2], *[1] * (kernel.ndim - 1))).astype(
            np.float32
        )
    inputs = model.subgraphs[0].operators[linear.number].inputs
    if len(inputs) > 2 and int(inputs[2]) >= 0 and np.any(going != 1.0):
        bias = flatbuffer.own_floats(model, linear.number, 2)
        bias /= going.astype(np.float32)
