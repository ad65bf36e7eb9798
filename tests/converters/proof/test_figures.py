from __future__ import annotations

import numpy as np
import pytest

from converters.proof.figures import MAX_DB, compare_outputs
from edgecnn.errors import ParityError


def pair(expected: list[float], actual: list[float]) -> tuple[dict[str, object], dict[str, object]]:
    return (
        {"y": np.array([expected], np.float32)},
        {"y": np.array([actual], np.float32)},
    )


def test_equal_outputs_are_equal() -> None:
    (found,) = compare_outputs([pair([1, 2, 3], [1, 2, 3])])
    assert (found.max_abs, found.relative, found.cosine, found.snr_db) == (0, 0, 1, MAX_DB)


def test_figures_are_those_worked_out_by_hand() -> None:
    (found,) = compare_outputs([pair([3, 4], [3, 5]), pair([0, 0], [0, 0])])
    assert found.max_abs == 1
    assert found.relative == 0.25
    assert found.cosine == pytest.approx((9 + 20) / np.sqrt(25 * 34))
    assert found.snr_db == pytest.approx(10 * np.log10(25 / 1), abs=0.01)


def test_outputs_are_told_apart_and_sorted() -> None:
    expected = {"b": np.ones(2), "a": np.ones(3)}
    actual = {"a": np.ones(3), "b": np.zeros(2), "more": np.ones(1)}
    found = compare_outputs([(expected, actual)])
    assert [(one.output, one.max_abs) for one in found] == [("a", 0.0), ("b", 1.0)]


@pytest.mark.parametrize(
    ("actual", "words"),
    [
        ({}, "converted file gives"),
        ({"y": np.zeros((1, 3))}, r"shape \(1, 2\)"),
        ({"y": np.array([[np.nan, 1]])}, "NaN or infinity where the source does not"),
    ],
)
def test_what_cannot_be_compared_is_an_error(actual: dict[str, object], words: str) -> None:
    with pytest.raises(ParityError, match=words):
        compare_outputs([({"y": np.ones((1, 2))}, actual)])


def test_no_inputs_prove_nothing() -> None:
    with pytest.raises(ParityError, match="nothing is proven"):
        compare_outputs([])
