from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from converters.search.pareto import pareto_front


def test_a_point_is_beaten_only_by_one_that_is_nowhere_worse_and_somewhere_better() -> None:
    costs = np.array([[1, 5], [2, 4], [2, 5], [4, 1], [3, 4]])
    assert pareto_front(costs).tolist() == [True, True, False, True, False]


def test_equal_points_do_not_beat_each_other() -> None:
    assert pareto_front(np.array([[1, 1], [1, 1], [1, 2]])).tolist() == [True, True, False]


def test_of_one_cost_only_the_least_stays() -> None:
    assert pareto_front(np.array([[3.0], [1.0], [2.0]])).tolist() == [False, True, False]


def test_no_points_give_an_empty_front() -> None:
    assert pareto_front(np.empty((0, 3))).shape == (0,)


@pytest.mark.parametrize("costs", [np.array([1.0, 2.0]), np.array([[1.0, np.nan]])])
def test_what_cannot_be_compared_is_refused(costs: np.ndarray) -> None:
    with pytest.raises(ValueError, match="costs must be"):
        pareto_front(costs)


@given(hnp.arrays(np.int8, st.tuples(st.integers(1, 12), st.integers(1, 3))))
def test_every_point_off_the_front_is_beaten_by_one_on_it(costs: np.ndarray) -> None:
    front = pareto_front(costs)
    assert front.any()
    for point in costs[~front]:
        beaten = (costs[front] <= point).all(axis=1) & (costs[front] < point).any(axis=1)
        assert beaten.any()
