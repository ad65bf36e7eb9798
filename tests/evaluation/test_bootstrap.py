from __future__ import annotations

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.evaluation.bootstrap import Resampler, draws, interval_of, over_draws
from edgecnn.evaluation.pairs import ScoredPairs, index_pairs
from edgecnn.evaluation.verification import roc


def sample(people: int = 20, each: int = 4, seed: int = 0, ties: bool = False) -> ScoredPairs:
    rng = np.random.default_rng(seed)
    identities = np.repeat(np.arange(people), each)
    first, second = index_pairs(identities)
    same = identities[first] == identities[second]
    distances = np.where(same, rng.normal(0.5, 0.12, len(same)), rng.normal(0.9, 0.15, len(same)))
    names = tuple(f"person {n}" for n in range(people))
    return ScoredPairs(
        distances.round(1) if ties else distances, identities[first], identities[second], names
    )


@pytest.mark.parametrize("ties", [False, True])
def test_everybody_once_gives_the_plain_rates(ties: bool) -> None:
    pairs = sample(ties=ties)
    rates = Resampler(pairs).rates()
    plain = roc(pairs.distances[pairs.genuine], pairs.distances[~pairs.genuine])
    assert rates.equal_error_rate() == pytest.approx(plain.equal_error_rate)
    for far in (0.0, 0.001, 0.01, 0.1, 0.5, 1.0):
        assert rates.tar_at_far(far) == pytest.approx(plain.tar_at_far(far)[0])
    for n in range(1, len(plain.thresholds), 50):
        assert rates.far(plain.thresholds[n]) == pytest.approx(plain.far[n])
        assert rates.tar(plain.thresholds[n]) == pytest.approx(plain.tar[n])


def test_a_draw_equals_the_sample_in_which_people_come_so_often() -> None:
    pairs = sample(people=6)
    counts = np.array([2, 0, 1, 3, 0, 1])
    rates = Resampler(pairs).rates(counts)
    times = counts[pairs.first] * np.where(pairs.genuine, 1, counts[pairs.second])
    repeated = np.repeat(pairs.distances, times)
    same = np.repeat(pairs.genuine, times)
    plain = roc(repeated[same], repeated[~same])
    assert rates.equal_error_rate() == pytest.approx(plain.equal_error_rate)
    for far in (0.0, 0.05, 0.2, 0.7):
        assert rates.tar_at_far(far) == pytest.approx(plain.tar_at_far(far)[0])


def test_draws_are_of_people_and_seeded() -> None:
    some = list(draws(7, 50, seed=3))
    assert all(counts.sum() == 7 for counts in some)
    np.testing.assert_array_equal(some, list(draws(7, 50, seed=3)))
    assert not np.array_equal(some, list(draws(7, 50, seed=4)))


def test_intervals_over_people_are_wider_where_people_differ() -> None:
    """One person in five is never recognized: pairs of him are not independent."""
    pairs = sample(people=25, each=8)
    hard = pairs.genuine & (pairs.first % 5 == 0)
    pairs = ScoredPairs(
        np.where(hard, 2.0, pairs.distances), pairs.first, pairs.second, pairs.names
    )
    drawn = over_draws(Resampler(pairs), lambda rates: [rates.tar_at_far(0.01)], replicates=400)
    tar = Resampler(pairs).rates().tar_at_far(0.01)
    interval = interval_of(tar, drawn[:, 0], 25)
    assert interval is not None
    low, high = interval
    assert low < tar < high
    count = pairs.genuine.sum()
    as_if_independent = 2 * 1.96 * np.sqrt(tar * (1 - tar) / count)
    assert high - low > 3 * as_if_independent


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """People with a rate of their own each; the true mean rate is 0.8."""
    hits, rounds = 0, 60
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        people, each = 40, 6
        identities = np.repeat(np.arange(people), each)
        first, second = index_pairs(identities)
        same = identities[first] == identities[second]
        chance = rng.beta(4, 1, people)[identities[first]]
        distances = np.where(same & (rng.random(len(same)) < chance), 0.2, 0.9)
        pairs = ScoredPairs(distances, identities[first], identities[second], ("",) * people)
        drawn = over_draws(Resampler(pairs), lambda rates: [rates.tar(0.5)], replicates=200)
        interval = interval_of(0.8, drawn[:, 0], people)
        assert interval is not None
        hits += interval[0] <= 0.8 <= interval[1]
    assert hits >= 0.85 * rounds


def test_where_a_bootstrap_cannot_say_the_exact_interval_does() -> None:
    assert interval_of(1.0, np.ones(100), 20) == pytest.approx((0.8316, 1.0), abs=1e-4)
    assert interval_of(0.0, np.zeros(100), 20) == pytest.approx((0.0, 0.1684), abs=1e-4)
    assert interval_of(0.5, np.full(100, 0.5), 9) is None
    assert interval_of(0.5, np.full(100, np.nan), 50) is None


def test_draws_without_both_kinds_are_passed_over() -> None:
    pairs = ScoredPairs(np.array([0.1, 0.9]), np.array([0, 0]), np.array([0, 1]), ("a", "b"))
    found = list(Resampler(pairs).draws(200, seed=0))
    assert 0 < len(found) < 200
    assert all(rates.usable for rates in found)


def test_one_kind_alone_is_an_error() -> None:
    pairs = ScoredPairs(np.array([0.1]), np.array([0]), np.array([0]), ("a",))
    with pytest.raises(OptionError, match="1 genuine and 0 impostor"):
        Resampler(pairs)
