from __future__ import annotations

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.evaluation.pairs import ScoredPairs, compare_rows, index_pairs

PEOPLE = np.array([2, 0, 0, 1, 2, 2, 0, 1, 3])


def test_all_pairs_of_a_small_set_come_once() -> None:
    first, second = index_pairs(PEOPLE)
    assert len(first) == 36
    assert len({frozenset(pair) for pair in zip(first, second, strict=True)}) == 36
    assert ((PEOPLE[first] == PEOPLE[second]).sum()) == 3 + 3 + 1


def test_of_many_impostors_some_are_drawn_and_all_genuine_pairs_stay() -> None:
    people = np.random.default_rng(0).integers(0, 40, 400)
    first, second = index_pairs(people, max_impostors=5000, seed=1)
    same = people[first] == people[second]
    sizes = np.bincount(people)
    assert same.sum() == (sizes * (sizes - 1) // 2).sum()
    assert (~same).sum() == 5000
    keys = np.minimum(first, second) * 400 + np.maximum(first, second)
    assert len(np.unique(keys)) == len(keys)
    assert (first != second).all()
    again = index_pairs(people, max_impostors=5000, seed=1)
    np.testing.assert_array_equal(first, again[0])


def test_drawn_impostors_are_spread_evenly() -> None:
    people = np.arange(200)
    first, second = index_pairs(people, max_impostors=10_000)
    often = np.bincount(np.concatenate([first, second]), minlength=200)
    # 100 times each on average, with a deviation below 10.
    assert often.min() > 60
    assert often.max() < 140


def test_rows_are_compared_in_parts() -> None:
    vectors = np.random.default_rng(1).normal(size=(300, 3))
    first, second = index_pairs(np.arange(300) // 2)
    found = compare_rows(vectors, first, second, lambda a, b: np.abs(a - b).sum(axis=1))
    assert len(found) > 2 * 16_384
    np.testing.assert_allclose(found, np.abs(vectors[first] - vectors[second]).sum(axis=1))


def test_people_are_counted_once_whichever_side_they_are_on() -> None:
    first, second = np.array([0, 1, 1, 0, 2]), np.array([1, 0, 2, 0, 2])
    pairs = ScoredPairs(np.zeros(5), first, second, ("a", "b", "c"))
    assert pairs.impostor_people_pairs == 2
    assert pairs.genuine_people == 2


def test_broken_pairs_are_errors() -> None:
    with pytest.raises(OptionError, match="2 distances for 1 and 1"):
        ScoredPairs(np.zeros(2), np.zeros(1, np.int64), np.zeros(1, np.int64), ("a",))
    with pytest.raises(OptionError, match="NaN"):
        ScoredPairs(np.array([np.nan]), np.zeros(1, np.int64), np.zeros(1, np.int64), ("a",))
