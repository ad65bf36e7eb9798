"""Layers that round activations as the integer network will, and learn where their ranges end."""

from __future__ import annotations

import math
from typing import Any, Literal

import keras

from edgecnn.training.quantize.arrays import to_numpy
from edgecnn.training.quantize.rounding import (
    fake_quantize,
    nudged,
    round_away_through,
    scale_gradient,
)

_register = keras.saving.register_keras_serializable(package="edgecnn")

BITS = 8


@_register
class ActivationQuantizer(keras.layers.Layer):  # type: ignore[misc]
    """Round to the 256 levels of a range that holds zero.

    Until it has seen a batch (in training, or by `observe`) it passes everything on unchanged.

    Args:
        ranges: ``ema`` averages the least and the largest value of each batch; ``learned`` does so
            for ``observed_steps`` and then learns both ends; ``fixed`` has ``low`` and ``high``.
        low, high: Of a fixed range.
        momentum: Of the averages. Young averages are plain means of what was seen.
        observed_steps: Batches that are averaged; None: until it is frozen.
        exact_in_training: A fixed range at the end of a net rounds only when it infers. Losses take
            logarithms of probabilities: of one that is rounded to zero there is none, nor a
            gradient, and the pictures that are furthest from right would teach nothing.

    Input shape:
        (batch, ...), float32.

    Output shape:
        The same, and the nudged range: (2,) with its least and largest value, zeros as long as
        nothing is rounded.
    """

    def __init__(
        self,
        ranges: Literal["ema", "learned", "fixed"] = "ema",
        low: float | None = None,
        high: float | None = None,
        momentum: float = 0.99,
        observed_steps: int | None = None,
        exact_in_training: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        if ranges == "fixed" and (low is None or high is None or not low <= 0.0 < high):
            raise ValueError(f"A fixed range needs low <= 0 < high, but got {low} and {high}.")
        self.ranges, self.fixed = ranges, (low, high)
        self.momentum, self.observed_steps = momentum, observed_steps
        self.exact_in_training = exact_in_training
        self.observing = False

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the range, the count of batches, and what is learned of the ends."""
        if self.ranges == "fixed":
            return
        self.ends = self._weight("ends", (2,))
        self.seen = self._weight("seen", ())
        self.frozen = self._weight("frozen", ())
        # Growth of each end: its logarithm, so that an end of zero stays there.
        self.growth = self._weight("growth", (2,), trainable=self.ranges == "learned")
        values = math.prod(size or 1 for size in input_shape[1:])
        self._gradient_scale = 1.0 / math.sqrt(values * (2**BITS - 1))

    def _weight(self, name: str, shape: tuple[int, ...], *, trainable: bool = False) -> Any:
        return self.add_weight(
            shape=shape, initializer="zeros", trainable=trainable, name=name, dtype="float32"
        )

    def call(self, inputs: Any, training: bool | None = None) -> tuple[Any, Any]:
        """Round, and in training look at the range first."""
        if self.ranges == "fixed":
            step, zero = nudged(*self.fixed, bits=BITS)
            if training and self.exact_in_training:
                return inputs, _range(step, zero)
            return fake_quantize(inputs, step, zero, BITS), _range(step, zero)
        ends, seen = self.ends + 0.0, self.seen + 0.0
        if training or self.observing:
            ends, seen = self._observe(inputs)
        growth = scale_gradient(self.growth + 0.0, self._gradient_scale)
        low, high = keras.ops.unstack(ends * keras.ops.exp(growth), 2)
        step, zero = nudged(low, high, BITS)
        if self.observing:  # ranges are collected on purpose: those of the float net are wanted
            return inputs, keras.ops.zeros((2,))
        ready = seen > 0.0
        rounded = fake_quantize(inputs, step, zero, BITS)
        span = _range(step, zero)
        return (
            keras.ops.where(ready, rounded, inputs),
            keras.ops.where(ready, span, keras.ops.zeros_like(span)),
        )

    def _observe(self, inputs: Any) -> tuple[Any, Any]:
        ops = keras.ops
        found = ops.stop_gradient(
            ops.stack([ops.minimum(ops.min(inputs), 0.0), ops.maximum(ops.max(inputs), 0.0)])
        )
        limit = math.inf if self.observed_steps is None else float(self.observed_steps)
        looks = ops.logical_and(self.frozen < 0.5, self.seen < limit)
        weight = ops.maximum(1.0 - self.momentum, 1.0 / (self.seen + 1.0))
        ends = ops.where(looks, self.ends + weight * (found - self.ends), self.ends + 0.0)
        seen = self.seen + ops.cast(looks, "float32")
        self.ends.assign(ends)
        self.seen.assign(seen)
        return ends, seen

    @property
    def ready(self) -> bool:
        """Whether there is a range: fixed, or seen."""
        return self.ranges == "fixed" or float(to_numpy(self.seen)) > 0.0

    def freeze(self, frozen: bool = True) -> None:
        """Keep the averages as they are from now on, in training too; False: observe again."""
        if self.ranges != "fixed":
            self.frozen.assign(1.0 if frozen else 0.0)

    def grid(self) -> tuple[float, int]:
        """Step, and the level of 0..255 that stands for zero.

        Raises:
            ValueError: Nothing was seen yet.
        """
        if not self.ready:
            raise ValueError(f"The range of {self.name!r} is not known yet.")
        if self.ranges == "fixed":
            low, high = self.fixed
        else:
            ends = to_numpy(self.ends * keras.ops.exp(self.growth))
            low, high = float(ends[0]), float(ends[1])
        step, zero = nudged(low, high, BITS)
        return float(to_numpy(step)), int(to_numpy(zero))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """What came in, and the two ends of the range."""
        return tuple(input_shape), (2,)

    def get_config(self) -> dict[str, Any]:
        """What makes this layer again."""
        own = {
            "ranges": self.ranges,
            "low": self.fixed[0],
            "high": self.fixed[1],
            "momentum": self.momentum,
            "observed_steps": self.observed_steps,
            "exact_in_training": self.exact_in_training,
        }
        return {**super().get_config(), **own}


@_register
class OnGrid(keras.layers.Layer):  # type: ignore[misc]
    """Round to the levels that the input had: what averaging in integers does.

    Input shape:
        (batch, ...) and the (2,) range of an `ActivationQuantizer`.

    Output shape:
        (batch, ...).
    """

    def build(self, inputs_shape: Any, input_range_shape: Any) -> None:
        """Nothing to make: there are no weights."""

    def call(self, inputs: Any, input_range: Any) -> Any:
        """Round."""
        low, high = keras.ops.unstack(input_range, 2)
        step, zero = nudged(low, high, BITS)
        # In the signed numbers of the kernels, since halves are rounded away from their zero.
        half = float(2 ** (BITS - 1))
        level = keras.ops.clip(inputs / step + zero - half, -half, half - 1.0)
        rounded = (round_away_through(level) + half - zero) * step
        # An empty range is one that is not known yet.
        return keras.ops.where(high > low, rounded, inputs)

    def compute_output_shape(self, inputs_shape: Any, input_range_shape: Any) -> Any:
        """What came in."""
        return tuple(inputs_shape)


def range_step(input_range: Any) -> Any:
    """Step of a range as the layers here hand it on; 0 for one that is not known yet."""
    return (input_range[1] - input_range[0]) / float(2**BITS - 1)


def _range(step: Any, zero: Any) -> Any:
    return keras.ops.stack([-zero * step, (float(2**BITS - 1) - zero) * step])
