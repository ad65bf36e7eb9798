"""Ranges of activations: all that calibration saw, or less of it and finer steps.

TensorFlow gives an activation the range from its least to its largest value. A single peak then
costs every other value its precision. Two other ways are measured here on histograms of the float
network:

- ``percentile`` leaves out one value in ten thousand, at each end;
- ``mse`` takes the range with the least squared error of rounding and clipping together, and where
  a function follows that presses values together (hard-swish, sigmoid, leaky ReLU), the least error
  *behind* it: hard-swish passes nothing on below -3, so that a range down to -9 wastes levels.

Inputs and outputs of the network keep all of their range: pixels map to levels one to one, and an
answer lives by its peaks.

References: Wu et al., "Integer Quantization for Deep Learning Inference", arXiv:2004.09602, section
5.1 (percentile); Banner et al., arXiv:1810.05723 (least squared error; measured here, not derived).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.quantization.plan import Ranges
from converters.quantization.trace import Trace
from converters.sources.base import Array

Range = tuple[float, float]
Function = Callable[[NDArray[np.float64]], NDArray[np.float64]]

PERCENTILE = 99.99
_BINS = 2048
_VALUES = 16384
"""Values that are looked at of each tensor and input; all of them would take minutes."""
_SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03)
"""Ends that are tried, as shares of the least and the largest value."""


def choose_ranges(
    trace: Trace, seen: Mapping[int, Range], inputs: Iterable[Mapping[str, Array]], how: Ranges
) -> dict[int, Range]:
    """Ranges for the activations between inputs and outputs.

    Args:
        trace: The float network.
        seen: Tensor -> least and largest value over all of calibration.
        inputs: Calibration inputs.
        how: ``percentile`` or ``mse``; ``minmax`` gives back ``seen``.

    Returns:
        Tensor -> the range that int8 shall be able to hold; it always holds 0.
    """
    graph = trace.model.subgraphs[0]
    rim = {int(index) for index in (*graph.inputs, *graph.outputs)}
    ranges = {index: (min(low, 0.0), max(high, 0.0)) for index, (low, high) in seen.items()}
    if how == "minmax":
        return ranges
    inner = {index: reach for index, reach in ranges.items() if index not in rim}
    following = _following(trace)
    for index, counts in _histograms(trace, inner, inputs).items():
        low, high = inner[index]
        if how == "percentile":
            ranges[index] = _percentile(counts, low, high)
        else:
            ranges[index] = _least_error(counts, low, high, following.get(index, _same))
    return ranges


def _histograms(
    trace: Trace, ranges: Mapping[int, Range], inputs: Iterable[Mapping[str, Array]]
) -> dict[int, NDArray[np.int64]]:
    """(``_BINS``,) counts of each tensor's values, between its least and its largest."""
    rng = np.random.default_rng(0)
    counts = {
        index: np.zeros(_BINS, np.int64) for index, (low, high) in ranges.items() if high > low
    }
    for feed in inputs:
        trace.run(feed)
        for index, total in counts.items():
            low, high = ranges[index]
            values = trace.value(index).reshape(-1)
            if values.size > _VALUES:
                values = values[rng.integers(0, values.size, _VALUES)]
            bins = ((values - low) * (_BINS / (high - low))).astype(np.int64)
            total += np.bincount(np.clip(bins, 0, _BINS - 1), minlength=_BINS)
    return counts


def _percentile(counts: NDArray[np.int64], low: float, high: float) -> Range:
    """The range without the rarest values, each end on its own."""
    rare = counts.sum() * (1.0 - PERCENTILE / 100.0)
    first = int(np.searchsorted(np.cumsum(counts), rare, side="right"))
    last = int(np.searchsorted(np.cumsum(counts[::-1]), rare, side="right"))
    step = (high - low) / _BINS
    return min(low + first * step, 0.0), max(high - last * step, 0.0)


def _least_error(counts: NDArray[np.int64], low: float, high: float, function: Function) -> Range:
    centres = np.asarray(low + (np.arange(_BINS) + 0.5) * ((high - low) / _BINS), np.float64)
    exact = function(centres)

    def error(reach: Range) -> float:
        bottom, top = reach
        step = max((top - bottom) / 255.0, 1e-12)
        levels = np.clip(np.rint((centres - bottom) / step), 0, 255)
        rounded = np.asarray(levels * step + bottom, np.float64)
        return float(np.sum(counts * (function(rounded) - exact) ** 2))

    bottoms = sorted({low * share for share in _SHARES})
    tops = sorted({high * share for share in _SHARES}, reverse=True)
    # Of equals the wider one comes first: it has seen more.
    return min(((bottom, top) for bottom in bottoms for top in tops), key=error)


def _following(trace: Trace) -> dict[int, Function]:
    """Tensor -> the function that follows it, where there is one and it presses together."""
    users: dict[int, list[int]] = {}
    for number, operation in enumerate(trace.operations):
        for index in operation.inputs:
            users.setdefault(index, []).append(number)
    found: dict[int, Function] = {}
    for index, numbers in users.items():
        kinds = {trace.operations[number].kind for number in numbers}
        if kinds == {"LEAKY_RELU"}:
            options = trace.model.subgraphs[0].operators[numbers[0]].builtinOptions
            found[index] = _leaky(float(options.alpha))
        elif len(kinds) == 1 and kinds <= _FUNCTIONS.keys():
            found[index] = _FUNCTIONS[kinds.pop()]
    return found


def _leaky(alpha: float) -> Function:
    return lambda x: np.where(x > 0, x, alpha * x)


def _same(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return x


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def _hard_swish(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(x * np.clip(x + 3.0, 0.0, 6.0) / 6.0)


_FUNCTIONS: dict[str, Any] = {
    "LOGISTIC": _sigmoid,
    "HARD_SWISH": _hard_swish,
    "TANH": np.tanh,
    "RELU": lambda x: np.maximum(x, 0.0),
    "RELU6": lambda x: np.clip(x, 0.0, 6.0),
}
