"""How much noise quantization put on a tensor, and which layer put it there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from converters.quantization.trace import Floats
from converters.report.schema import LayerError

LIMIT_DB = 200.0
"""Stands for equal: JSON knows no infinity."""
_HUGE = 1e12
"""Stands for infinite values."""


@dataclass(slots=True)
class Noise:
    """Float values of one tensor against the quantized network's, over many inputs.

    Attributes:
        signal: Sum of the squared float values.
        noise: Sum of the squared differences.
        count: Number of values.
        low, high: Least and largest float value; 0 is always between them.
    """

    signal: float = 0.0
    noise: float = 0.0
    count: int = 0
    low: float = 0.0
    high: float = 0.0

    def add(self, exact: Floats, rounded: Floats) -> None:
        """Take in the values of one input; both arrays have the same number of values."""
        values = exact.reshape(-1)
        # A root of what was rounded to zero is infinite in a float layer behind it.
        finite = np.nan_to_num(rounded.reshape(-1), posinf=_HUGE, neginf=-_HUGE)
        differences = finite - values
        # No product of BLAS: on a busy machine its threads wait for each other, up to 200 times
        # as long as this takes.
        self.signal += _power(values)
        self.noise += _power(differences)
        self.count += values.size
        self.low = min(self.low, float(values.min(initial=0.0)))
        self.high = max(self.high, float(values.max(initial=0.0)))

    @property
    def snr_db(self) -> float:
        """Power of the signal over that of the noise, at most `LIMIT_DB` either way."""
        if self.noise <= self.signal * 10.0 ** (-LIMIT_DB / 10.0):
            return LIMIT_DB
        if self.signal == 0.0:
            return -LIMIT_DB
        return max(-LIMIT_DB, 10.0 * math.log10(self.signal / self.noise))

    def over_step(self, step: float | None) -> float:
        """Root mean squared difference over a quantization step.

        Args:
            step: None for a tensor that is not rounded itself: the step that 8 bits would have.
        """
        step = step or (self.high - self.low) / 255.0
        rmse = math.sqrt(self.noise / max(self.count, 1))
        return rmse / step if step > 0.0 else 0.0


def _power(values: Floats) -> float:
    """Sum of squares in double precision."""
    return float(np.einsum("i,i->", values, values, dtype=np.float64))


def layer_error(
    name: str, kind: str, noise: Noise, step: float | None, inputs_db: float
) -> LayerError:
    """The figures of a layer.

    Args:
        name: Of the layer.
        kind: Of the layer.
        noise: On its output.
        step: Distance between two neighbouring values of its output; None in float.
        inputs_db: ``snr_db`` of its worst input.
    """
    return LayerError(
        name=name,
        kind=kind,
        rmse_over_scale=noise.over_step(step),
        snr_db=noise.snr_db,
        added_db=inputs_db - noise.snr_db,
    )


def worst(layers: Sequence[LayerError], count: int) -> tuple[LayerError, ...]:
    """The layers that add most noise: those which gain most by staying in float.

    Layers pass on the share of noise in a signal by and large as it is, so that the share in the
    answer is about the sum of what each layer adds. What counts is therefore the added share, not
    ``added_db``: from 20 to 17 dB is a hundred times more than from 40 to 37.

    Args:
        layers: Of one network.
        count: How many, at most; layers that add nothing are never named.

    Returns:
        Most noise first; of equals, the earlier layer first.
    """
    adding = [layer for layer in layers if added_share(layer) > 0.0]
    return tuple(sorted(adding, key=added_share, reverse=True)[:count])


def added_share(layer: LayerError) -> float:
    """Noise over signal of a layer's output, less that of its worst input; powers."""
    behind = math.pow(10.0, -layer.snr_db / 10.0)
    before = math.pow(10.0, -(layer.snr_db + layer.added_db) / 10.0)
    return behind - before
