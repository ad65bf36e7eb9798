"""Fake quantization as such: levels, and the gradients that pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
if keras.backend.backend() != "tensorflow":
    pytest.skip("gradients are taken with TensorFlow's tape", allow_module_level=True)
tf = pytest.importorskip("tensorflow")

from edgecnn.training.quantize import rounding  # noqa: E402


def gradient(function: Any, *values: Any) -> list[Any]:
    variables = [tf.Variable(np.asarray(value, np.float32)) for value in values]
    with tf.GradientTape() as tape:
        outcome = tf.reduce_sum(function(*variables))
    return [np.array(found) for found in tape.gradient(outcome, variables)]


@pytest.mark.parametrize(("low", "high"), [(0.0, 6.0), (-1.3, 2.1), (-4.0, 0.0)])
def test_agrees_with_tensorflows_own_fake_quantization(low: float, high: float) -> None:
    x = np.random.default_rng(0).uniform(-5, 7, 2000).astype(np.float32)
    step, zero = rounding.nudged(np.float32(low), np.float32(high))
    ours = np.array(rounding.fake_quantize(x, step, zero))
    theirs = np.array(tf.quantization.fake_quant_with_min_max_args(x, low, high))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert 0.0 in np.array(rounding.fake_quantize(np.zeros(1, np.float32), step, zero))


def test_gradient_is_one_inside_the_range_and_zero_outside() -> None:
    def rounded(x: Any) -> Any:
        step, zero = rounding.nudged(-1.0, 2.0)
        return rounding.fake_quantize(x, step, zero)

    (found,) = gradient(rounded, [-3.0, -0.5, 0.7, 1.9, 5.0])
    np.testing.assert_allclose(found, [0, 1, 1, 1, 0], atol=1e-6)


def test_gradient_of_a_step_is_that_of_learned_step_size_quantization() -> None:
    def rounded(weights: Any, step: Any) -> Any:
        return rounding.fake_quantize_symmetric(weights, step, 7.0)

    weights, step = np.float32([0.26, -0.9, 3.0, -5.0]), np.float32(0.2)
    to_weights, to_step = gradient(rounded, weights, step)
    scaled = weights / step
    expected = np.where(np.abs(scaled) < 7, np.rint(scaled) - scaled, 7 * np.sign(scaled))
    np.testing.assert_allclose(to_step, expected.sum(), rtol=1e-5)
    np.testing.assert_array_equal(to_weights, [1, 1, 0, 0])


def test_gradients_can_be_scaled_without_changing_the_value() -> None:
    (found,) = gradient(lambda x: rounding.scale_gradient(x, 0.25), [3.0])
    np.testing.assert_allclose(found, [0.25])
    np.testing.assert_allclose(np.array(rounding.scale_gradient(np.float32(3.0), 0.25)), 3.0)


def test_halves_go_away_from_zero_where_kernels_do_that() -> None:
    found = np.array(rounding.round_away_through(np.float32([-1.5, -0.5, 0.5, 2.5, 2.4])))
    np.testing.assert_array_equal(found, [-2, -1, 1, 3, 2])


def test_best_steps_beat_the_largest_weight() -> None:
    weights = np.random.default_rng(0).normal(size=(3, 3, 8, 6)).astype(np.float32)
    weights[0, 0, 0] *= 6
    largest = np.abs(weights).max(axis=(0, 1, 2), keepdims=True) / 7
    best = rounding.best_steps(weights, (0, 1, 2), 4)

    def error(step: Any) -> Any:
        rounded = np.clip(np.rint(weights / step), -7, 7) * step
        return np.square(rounded - weights).sum(axis=(0, 1, 2))

    assert best.shape == (1, 1, 1, 6)
    assert np.all(error(best) <= error(largest))
    assert error(best).sum() < 0.9 * error(largest).sum()


def test_a_bias_that_32_bits_cannot_hold_widens_the_step_of_dead_weights() -> None:
    floor = np.array(rounding.smallest_weight_step(np.float32([1.0, 0.0]), np.float32(0.01)))
    np.testing.assert_allclose(floor, [1 / (0.01 * 2**30), rounding.SMALLEST_STEP], rtol=1e-5)


def test_damping_draws_weights_to_their_level_and_leaves_the_step_alone() -> None:
    weights = np.float32([0.2, 0.24, 0.16, -9.0])
    step, first, last = np.float32(0.1), *rounding.DAMPING

    def loss(weights: Any, step: Any) -> Any:
        return rounding.damping(weights, step, 7.0, 0.0)

    with tf.GradientTape() as tape:
        variables = [tf.Variable(weights), tf.Variable(step)]
        outcome = loss(*variables)
    on_weights, on_step = tape.gradient(outcome, variables)
    # On its level; above it; below it; beyond the last level, where there is no border.
    assert np.sign(np.array(on_weights).round(6)).tolist() == [0.0, 1.0, -1.0, 0.0]
    assert on_step is None
    assert float(outcome) == pytest.approx(first * 2 * 0.4**2, rel=1e-4)
    late = float(rounding.damping(weights, step, 7.0, 1.5))
    assert late == pytest.approx(last * 2 * 0.4**2, rel=1e-4)
