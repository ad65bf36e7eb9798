from __future__ import annotations

import math

import numpy as np
import pytest

from edgecnn.errors import BackendError
from edgecnn.runtime.decode.outputs import at_least, logit, refuse_nan, sigmoid, softmax
from edgecnn.runtime.output import Output
from tests.helpers.decoding import plain_sigmoid, plain_softmax


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
@pytest.mark.parametrize("scale", [1 / 256, 0.0117, 3.0])
@pytest.mark.parametrize("zero_point", [-128, 0, 17])
def test_comparing_stored_numbers_is_comparing_real_ones(
    dtype: str, scale: float, zero_point: int
) -> None:
    limits = np.iinfo(dtype)
    data = np.arange(limits.min, limits.max + 1).astype(dtype)
    output = Output(data, scale, zero_point)
    real = (data.astype(np.float64) - zero_point) * scale
    # Between, on, and beyond the numbers that can be stored.
    thresholds = [*real[::37], *(real[::41] + 0.4 * scale), real[0] - 1e6, real[-1] + 1e6]
    for threshold in [*thresholds, -math.inf, math.inf]:
        expected = real >= threshold - 1e-9 * abs(threshold)
        np.testing.assert_array_equal(at_least(output, data, float(threshold)), expected)


def test_float_outputs_are_compared_as_they_are() -> None:
    data = np.array([0.1, 0.35, 0.9, -np.inf], np.float32)
    assert at_least(Output(data), data, 0.35).tolist() == [False, True, True, False]
    assert at_least(Output(data), data, -math.inf).all()


def test_activations_follow_their_definitions() -> None:
    values = np.random.default_rng(0).normal(0, 6, 50).astype(np.float32)
    np.testing.assert_allclose(
        sigmoid(values), [plain_sigmoid(value) for value in values.tolist()], rtol=1e-5
    )
    np.testing.assert_allclose(softmax(values), plain_softmax(values.tolist()), rtol=1e-4)


def test_activations_take_any_finite_number() -> None:
    extreme = np.array([-1e30, -500, 0, 500, 1e30], np.float32)
    np.testing.assert_allclose(sigmoid(extreme), [0, 0, 0.5, 1, 1], atol=1e-30)
    np.testing.assert_allclose(softmax(extreme), [0, 0, 0, 0, 1])


def test_logit_undoes_sigmoid_and_is_infinite_at_the_ends() -> None:
    for probability in (0.01, 0.5, 0.97):
        assert plain_sigmoid(logit(probability)) == pytest.approx(probability)
    assert (logit(0.0), logit(1.0)) == (-math.inf, math.inf)


def test_nan_is_found_anywhere_and_nothing_else_is_taken_for_it() -> None:
    values = np.zeros((3, 4), np.float32)
    values[1, 2] = np.inf
    refuse_nan(values, "scores", bundle="b")
    refuse_nan(values[:0], "scores", bundle="b")
    refuse_nan(values[:, :2].astype(np.int8), "scores", bundle="b")
    values[2, 3] = np.nan
    with pytest.raises(BackendError, match=r"'b'.*'scores' \(3, 4\).*NaN"):
        refuse_nan(values, "scores", bundle="b")
