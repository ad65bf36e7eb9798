from __future__ import annotations

import itertools

import numpy as np
import pytest

from edgecnn.video.assignment import assign


def least_sum(costs: np.ndarray, limit: float) -> float:
    """By trying everything; what is left alone costs ``limit`` a pair that could have been."""
    rows, columns = costs.shape
    if rows > columns:
        return least_sum(costs.T, limit)
    clipped = np.minimum(costs, limit)
    return min(
        sum(clipped[row, column] for row, column in enumerate(order))
        for order in itertools.permutations(range(columns), rows)
    )


@pytest.mark.parametrize("seed", range(40))
def test_pairs_have_the_least_sum_of_all_ways_to_pair(seed: int) -> None:
    generator = np.random.default_rng(seed)
    costs = generator.random(tuple(generator.integers(1, 7, 2)))
    limit = float(generator.choice([0.3, 0.7, 2.0]))
    rows, columns = assign(costs, limit)
    assert len(set(rows.tolist())) == len(rows)
    assert len(set(columns.tolist())) == len(columns)
    assert (costs[rows, columns] < limit).all()
    apart = min(costs.shape) - len(rows)
    total = costs[rows, columns].sum() + apart * limit
    assert total == pytest.approx(least_sum(costs, limit))


@pytest.mark.parametrize("size", [(20, 20), (30, 12), (5, 60)])
def test_larger_tables_agree_with_scipy(size: tuple[int, int]) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    costs = np.random.default_rng(7).random(size)
    rows, columns = assign(costs, 0.4)
    best = optimize.linear_sum_assignment(np.minimum(costs, 0.4))
    apart = min(size) - len(rows)
    assert costs[rows, columns].sum() + apart * 0.4 == pytest.approx(
        np.minimum(costs, 0.4)[best].sum()
    )


def test_the_greedy_choice_is_not_taken_when_it_costs_more_in_all() -> None:
    rows, columns = assign(np.array([[0.1, 0.2], [0.15, 0.9]]), 1.0)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    ("cost", "pairs"), [(0.2, 1), (0.5, 0), (0.7, 0), (np.nan, 0), (np.inf, 0), (-np.inf, 0)]
)
def test_a_single_pair_is_made_by_the_same_rules(cost: float, pairs: int) -> None:
    for costs in (np.array([[cost]]), np.array([[cost, 9.0]])):
        rows, columns = assign(costs, 0.5)
        assert rows.tolist() == columns.tolist() == [0] * pairs
        assert rows.dtype == columns.dtype == np.int64


def test_what_costs_too_much_or_is_no_number_stays_alone() -> None:
    rows, columns = assign(np.array([[0.5, np.inf], [np.nan, 0.49]]), 0.5)
    assert (rows.tolist(), columns.tolist()) == ([1], [1])


@pytest.mark.parametrize("size", [(0, 0), (0, 3), (3, 0)])
def test_nothing_can_be_paired_with_nothing(size: tuple[int, int]) -> None:
    rows, columns = assign(np.empty(size), 1.0)
    assert (len(rows), len(columns)) == (0, 0)
