from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.runtime.arrays import describe_input, stored_values
from edgecnn.runtime.backend import TensorInfo


def info(dtype: Any, scale: float = 0.0, zero_point: int = 0, size: int = 4) -> TensorInfo:
    return TensorInfo("x", (1, size), np.dtype(dtype), scale, zero_point)


def test_quantization_rounds_to_steps_and_keeps_to_the_range() -> None:
    given = np.array([[0.0, 0.26, -1.0, 100.0]])
    np.testing.assert_array_equal(stored_values(given, info(np.int8, 0.5, 3)), [[3, 4, 1, 127]])
    np.testing.assert_array_equal(stored_values(given, info(np.uint8, 0.5, 1)), [[1, 2, 0, 201]])
    wide = stored_values(given, info(np.int16, 0.001))
    assert wide.dtype == np.int16
    np.testing.assert_array_equal(wide, [[0, 260, -1000, 32767]])


def test_the_input_is_never_changed_and_copied_only_when_asked() -> None:
    given = np.ones((1, 4), np.float32)
    assert stored_values(given, info(np.float32)) is given
    copied = stored_values(given, info(np.float32), copy=True)
    assert not np.shares_memory(copied, given)
    for tensor in (info(np.int8, 0.5), info(np.float16), info(np.int32)):
        stored_values(given, tensor)
    np.testing.assert_array_equal(given, 1)


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (np.int32, [[1.0, -2.0, 3.0, 0.0]], [[1, -2, 3, 0]]),
        (np.int64, [[1, 2, 3, 4]], [[1, 2, 3, 4]]),
        (np.uint8, [[0, 255, 7, 1]], [[0, 255, 7, 1]]),
        (np.bool_, [[0, 1, 1.0, 0]], [[False, True, True, False]]),
        (np.int32, [[True, False, True, True]], [[1, 0, 1, 1]]),
    ],
)
def test_whole_numbers_are_taken_where_nothing_is_lost(
    dtype: Any, values: Any, expected: Any
) -> None:
    stored = stored_values(np.array(values), info(dtype))
    assert stored.dtype == dtype
    np.testing.assert_array_equal(stored, expected)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (np.int32, [[0.5, 0.0, 0.0, 0.0]]),
        (np.int32, [[np.inf, 0.0, 0.0, 0.0]]),
        (np.uint8, [[256, 0, 0, 0]]),
        (np.uint8, [[-1, 0, 0, 0]]),
        (np.uint64, [[-1, 0, 0, 0]]),
        (np.int64, np.array([[2**63, 0, 0, 0]], np.uint64)),
        (np.int32, [[2**40, 0, 0, 0]]),
        (np.bool_, [[2, 0, 0, 0]]),
        (np.float16, [[1e6, 0, 0, 0]]),
    ],
)
def test_what_a_tensor_cannot_hold_is_refused(dtype: Any, values: Any) -> None:
    with pytest.raises(OptionError, match="cannot hold what came"):
        stored_values(np.asarray(values), info(dtype))


def test_infinity_passes_into_floats() -> None:
    given = np.array([[np.inf, -np.inf, 0, 1]])
    np.testing.assert_array_equal(stored_values(given, info(np.float32)), given)


def test_arrays_in_other_memory_orders_are_brought_into_ours() -> None:
    tensor = TensorInfo("x", (1, 2, 3), np.dtype(np.float32))
    given = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(1, 2, 3))
    stored = stored_values(given, tensor)
    assert stored.flags.c_contiguous
    np.testing.assert_array_equal(stored, given)


def test_an_input_is_described_with_its_type_where_it_matters() -> None:
    assert describe_input(info(np.float32)) == "x (1, 4)"
    assert describe_input(info(np.int8, 0.5)) == "x (1, 4)"
    assert describe_input(info(np.int64)) == "x (1, 4) int64"
