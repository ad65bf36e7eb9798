"""Fake quantization: floats rounded to what integers can hold, with gradients that pass through.

A value goes to the nearest of its 2**bits levels and stays a float. Rounding has no useful
gradient, so on the way back it counts as the identity (straight-through estimator), while values
beyond the ends get none. Written so that automatic differentiation gives the gradients of LSQ with
respect to steps and ends as well, wherever those are learned.

References:
    Jacob et al., "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference", arXiv:1712.05877 (the scheme, nudged zero points);
    Esser et al., "Learned Step Size Quantization", ICLR 2020, arXiv:1902.08153 (gradients of the
    step, their scale); Jain et al., "Trained Quantization Thresholds", arXiv:1903.08066 (we learn
    the logarithm of a step, as they do: optimisers such as Adam then change it by a share of
    itself); Bhalgat et al., "LSQ+", arXiv:2004.09576 (asymmetric activations); Nagel et al.,
    "Overcoming Oscillations in Quantization-Aware Training", ICML 2022, arXiv:2203.11086 (damping).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

SMALLEST_STEP = 1e-8
"""Steps are at least this: a range of nothing but zeros has to be divided by as well."""
_LARGEST_BIAS = float(2**30)
"""In steps; a bias has to fit 32 bits together with the sum of the products."""
DAMPING = (1e-4, 3e-2)
"""Strength of `damping` at the beginning and at the end, for squares of steps."""
_SHARES = np.linspace(0.3, 1.0, 36)
"""Ends that are tried, as shares of the largest weight."""


def round_through(x: Any) -> Any:
    """The nearest integer, as a float; the gradient is that of the identity."""
    return x + keras.ops.stop_gradient(keras.ops.round(x) - x)


def round_away_through(x: Any) -> Any:
    """As `round_through`, halves away from zero: how integer kernels take the mean of a window."""
    ops = keras.ops
    return x + ops.stop_gradient(ops.sign(x) * ops.floor(ops.abs(x) + 0.5) - x)


def scale_gradient(x: Any, factor: float) -> Any:
    """``x`` itself, with its gradient multiplied by a factor."""
    return x * factor + keras.ops.stop_gradient(x * (1.0 - factor))


def nudged(low: Any, high: Any, bits: int = 8) -> tuple[Any, Any]:
    """Step and zero point of a range that holds zero exactly.

    Args:
        low: Scalar, at most 0.
        high: Scalar, at least 0.
        bits: There are ``2**bits`` levels.

    Returns:
        Step, and the level (0 to ``2**bits - 1``, a whole float) that stands for zero.
    """
    last = float(2**bits - 1)
    step = keras.ops.maximum((high - low) / last, SMALLEST_STEP)
    return step, round_through(keras.ops.clip(-low / step, 0.0, last))


def fake_quantize(x: Any, step: Any, zero: Any, bits: int = 8) -> Any:
    """Round activations to their levels.

    Args:
        x: Float tensor of any shape.
        step: Scalar, of `nudged`.
        zero: Scalar, of `nudged`.
        bits: As there.

    Returns:
        The shape that came in; values are (level - zero) * step.
    """
    level = keras.ops.clip(x / step + zero, 0.0, float(2**bits - 1))
    return (round_through(level) - zero) * step


def fake_quantize_symmetric(weights: Any, step: Any, largest: float) -> Any:
    """Round weights to -largest..largest steps.

    Args:
        weights: Float tensor.
        step: Broadcast to it.
        largest: 127 for 8 bits, 7 for 4.
    """
    return round_through(keras.ops.clip(weights / step, -largest, largest)) * step


def damping(weights: Any, step: Any, largest: float, done: Any) -> Any:
    """A loss that draws weights to the middle of their level, the more the longer they train.

    A weight whose best value lies between two levels is pushed over the border between them by
    every other batch, whatever the learning rate. With few levels that noise is large, and where a
    training ends is luck.

    Args:
        weights: Float tensor.
        step: Broadcast to it; it gets no gradient from here.
        largest: As in `fake_quantize_symmetric`.
        done: Share of the training that is over; above 1 counts as 1.

    Returns:
        Scalar: the strength of now, times the sum of the squared distances in steps.
    """
    ops = keras.ops
    level = ops.clip(weights / ops.stop_gradient(step), -largest, largest)
    off = level - ops.stop_gradient(ops.round(level))
    first, last = DAMPING
    strength = first * (last / first) ** ops.minimum(done, 1.0)
    return strength * ops.sum(off * off)


def fake_quantize_bias(bias: Any, weight_step: Any, input_step: Any) -> Any:
    """Round a bias to the step of the products that it is added to, as 32-bit integers do.

    Args:
        bias: (channels,).
        weight_step: (channels,) or a scalar.
        input_step: Scalar; 0 where it is not known yet, which leaves the bias as it is.
    """
    step = keras.ops.maximum(weight_step * input_step, SMALLEST_STEP**2)
    rounded = round_through(keras.ops.clip(bias / step, -_LARGEST_BIAS, _LARGEST_BIAS)) * step
    return keras.ops.where(input_step > 0.0, rounded, bias)


def smallest_weight_step(bias: Any, input_step: Any) -> Any:
    """The least step of weights with which the bias still fits 32 bits; arguments as above."""
    products = keras.ops.maximum(input_step, SMALLEST_STEP)
    needed = keras.ops.abs(bias) / (products * _LARGEST_BIAS)
    return keras.ops.where(
        input_step > 0.0, keras.ops.maximum(needed, SMALLEST_STEP), SMALLEST_STEP
    )


def largest_level(bits: int) -> float:
    """Largest level of symmetric weights: 127 or 7. The lowest, -128 or -8, is left unused."""
    return float(2 ** (bits - 1) - 1)


def best_steps(
    weights: NDArray[np.float32], axes: tuple[int, ...], bits: int
) -> NDArray[np.float32]:
    """Steps with the least squared error, from which learned ones start.

    Args:
        weights: Any shape.
        axes: Those that share a step.
        bits: Of the weights.

    Returns:
        Positive, ``weights`` with the axes reduced to length 1.
    """
    largest = largest_level(bits)
    full = np.maximum(np.abs(weights).max(axis=axes, keepdims=True), SMALLEST_STEP * largest)
    steps = full[None] * _SHARES.reshape(-1, *[1] * weights.ndim) / largest
    errors = np.stack(
        [
            np.square(np.clip(np.rint(weights / step), -largest, largest) * step - weights).sum(
                axis=axes, keepdims=True
            )
            for step in steps
        ]
    )
    best = np.take_along_axis(steps, errors.argmin(axis=0, keepdims=True), axis=0)[0]
    return np.asarray(best, np.float32)
