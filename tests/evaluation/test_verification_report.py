from __future__ import annotations

import json

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.evaluation.pairs import ScoredPairs, index_pairs
from edgecnn.evaluation.verification_report import (
    check_supported,
    fold_accuracy,
    judge_pairs,
    support,
)


def people_apart(people: int, each: int = 3, seed: int = 0) -> ScoredPairs:
    rng = np.random.default_rng(seed)
    identities = np.repeat(np.arange(people), each)
    first, second = index_pairs(identities)
    same = identities[first] == identities[second]
    distances = np.where(same, rng.normal(0.4, 0.1, len(same)), rng.normal(0.9, 0.1, len(same)))
    names = tuple(str(n) for n in range(people))
    return ScoredPairs(distances, identities[first], identities[second], names)


def test_rates_come_with_their_support_and_intervals() -> None:
    report = judge_pairs(people_apart(30), replicates=200)
    assert (report.people, report.genuine_pairs, report.people_pairs) == (30, 90, 435)
    assert [point.far for point in report.points] == [0.1, 0.01]
    assert [one.far for one in report.refused] == [0.001, 0.0001, 0.00001]
    for point in report.points:
        assert point.observed_far <= point.far
        assert point.tar_interval is not None
        assert point.tar_interval[0] <= point.tar <= point.tar_interval[1]
        assert point.far_interval[0] <= point.observed_far <= point.far_interval[1]
    json.dumps(report.to_dict())


def test_a_refusal_says_how_many_people_it_takes() -> None:
    refusal = support(0.001, 435)
    assert refusal is not None
    assert "1 in 1,000 takes 2,995 pairs" in refusal.words
    assert "78 people" in refusal.words
    assert 78 * 77 // 2 >= 2995 > 77 * 76 // 2
    assert support(0.001, 2995) is None
    with pytest.raises(OptionError, match="here are 5"):
        check_supported([0.1], 5)


def test_many_photographs_of_few_people_support_no_strict_rate() -> None:
    report = judge_pairs(people_apart(4, each=40), replicates=20)
    assert report.impostor_pairs == 9600
    assert report.people_pairs == 6
    assert report.points == ()
    assert report.eer_interval is None


def test_perfect_separation_is_not_reported_as_certain() -> None:
    pairs = people_apart(30)
    perfect = ScoredPairs(np.where(pairs.genuine, 0.1, 0.9), pairs.first, pairs.second, pairs.names)
    point = judge_pairs(perfect, [0.01], replicates=50).points[0]
    assert (point.tar, point.observed_far, point.threshold) == (1.0, 0.0, 0.9)
    assert point.tar_interval == pytest.approx((0.8843, 1.0), abs=1e-3)
    assert 0 < point.far_interval[1] < 0.01


def test_threshold_of_a_fold_comes_from_the_others() -> None:
    """By hand: fold 0 says 0.25 (between 0.2 and 0.3), which errs once of four in fold 1."""
    distances = np.array([0.1, 0.2, 0.3, 0.9, 0.1, 0.28, 0.5, 0.9])
    same = np.array([1, 1, 0, 0, 1, 1, 0, 0], bool)
    folds = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    pairs = ScoredPairs(
        distances, np.zeros(8, np.int64), (~same).astype(np.int64), ("a", "b"), folds
    )
    mean, error = fold_accuracy(pairs)
    # Fold 1 says 0.39 (between 0.28 and 0.5), which accepts the impostor at 0.3 in fold 0.
    assert mean == pytest.approx((0.75 + 0.75) / 2)
    assert error == 0.0


def test_all_equal_distances_are_judged_without_luck() -> None:
    same = np.array([True, False, False])
    pairs = ScoredPairs(
        np.full(6, 0.5),
        np.zeros(6, np.int64),
        np.tile((~same).astype(np.int64), 2),
        ("a", "b"),
        np.repeat([0, 1], 3),
    )
    assert fold_accuracy(pairs)[0] == pytest.approx(2 / 3)
    assert judge_pairs(pairs, replicates=10).equal_error_rate == pytest.approx(0.5)


def test_folds_are_needed_for_their_accuracy() -> None:
    with pytest.raises(OptionError, match="at least two folds"):
        fold_accuracy(people_apart(3))
