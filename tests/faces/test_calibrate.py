"""Thresholds that the sample supports, checked against exact sums and against simulation."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecnn.errors import GalleryError, OptionError
from edgecnn.evaluation.bootstrap import Resampler
from edgecnn.evaluation.pairs import ScoredPairs
from edgecnn.evaluation.verification import roc
from edgecnn.faces.calibrate import (
    TARGETS,
    at_least_one,
    in_words,
    misses_at,
    pairs_needed,
    people_needed,
    threshold_for,
    upper_bound,
)


def exact_at_most(events: int, trials: int, rate: Fraction) -> float:
    return float(
        sum(comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(events + 1))
    )


@pytest.mark.parametrize(
    ("target", "pairs", "people"), [(0.01, 299, 25), (0.001, 2995, 78), (0.0001, 29956, 246)]
)
def test_rule_of_three(target, pairs, people):
    assert pairs_needed(target) == pairs
    assert (1 - target) ** pairs <= 0.05 < (1 - target) ** (pairs - 1)
    assert people_needed(pairs) == people


@pytest.mark.parametrize(("events", "trials"), [(0, 10), (1, 50), (7, 300), (299, 300)])
def test_upper_bound_is_where_so_few_events_have_five_percent(events, trials):
    bound = upper_bound(events, trials)
    assert exact_at_most(events, trials, Fraction(bound)) == pytest.approx(0.05, abs=1e-9)


def test_bound_of_certainty_is_one():
    assert upper_bound(5, 5) == 1.0


@settings(max_examples=25)
@given(st.integers(300, 4000), st.sampled_from([0.01, 0.003, 0.05]))
def test_bound_at_the_threshold_never_exceeds_the_target(pairs, target):
    if pairs < pairs_needed(target):
        return
    scores = np.random.default_rng(pairs).uniform(size=pairs)
    found = threshold_for(target, scores)
    assert found.upper_bound <= target
    assert found.false_matches == (scores < found.threshold).sum()
    # One more false match would break the claim: the threshold is as large as can be.
    assert upper_bound(found.false_matches + 1, pairs) > target


def test_true_rate_is_kept_in_95_of_100_samples():
    """Uniform scores: the threshold itself is the true false-match rate."""
    rng = np.random.default_rng(7)
    for target, pairs in ((0.01, 299), (0.01, 1500), (0.05, 400)):
        rates = [threshold_for(target, rng.uniform(size=pairs)).threshold for _ in range(300)]
        exceeded = np.mean(np.array(rates) > target)
        assert exceeded < 0.09
        assert np.median(rates) > target / 8  # and not by being useless


def test_ties_at_the_threshold_are_not_matches():
    found = threshold_for(0.01, np.full(2000, 0.7))
    assert found.threshold == 0.7
    assert found.false_matches == 0


def test_too_few_pairs_are_refused_with_the_number_it_takes():
    with pytest.raises(GalleryError) as caught:
        threshold_for(0.001, np.linspace(0.5, 1, 300))
    words = str(caught.value)
    assert "300 pairs" in words
    assert "1 in 1,000" in words
    assert "2,995 pairs" in words
    assert "78 people" in words
    assert "strictest usual rate that they support is 1 in 100" in words
    with pytest.raises(GalleryError, match="support none"):
        threshold_for(0.01, np.linspace(0.5, 1, 298))


@pytest.mark.parametrize("target", [0, 1, -0.1, 2, float("nan")])
def test_what_is_no_rate_is_refused(target):
    with pytest.raises(OptionError, match="between 0 and 1"):
        pairs_needed(target)


def test_broken_scores_are_refused():
    with pytest.raises(OptionError, match="NaN"):
        threshold_for(0.01, [np.nan] * 300)


def test_misses_count_those_not_below():
    missed = misses_at(0.4, np.array([0.1, 0.2, 0.4, 0.5]))
    assert (missed.missed, missed.attempts, missed.rate) == (2, 4, 0.5)
    assert missed.low < 0.5 < missed.high
    nothing = misses_at(0.4, np.array([]))
    assert nothing.to_dict()["rate"] is None


def test_many_comparisons_err_more_often():
    assert at_least_one(0.001, 50) == pytest.approx(1 - 0.999**50)
    assert at_least_one(1.0, 3) == 1.0


def test_rates_have_words():
    assert [in_words(rate) for rate in TARGETS] == ["1 in 100", "1 in 1,000", "1 in 10,000"]


def test_evaluation_counts_at_a_threshold_what_calibration_claims():
    """Distances at a threshold are no matches, to whoever asks."""
    scores = np.repeat(np.round(np.random.default_rng(4).uniform(0.4, 1.2, 400), 2), 2)
    operating = threshold_for(0.02, scores)
    assert (scores == operating.threshold).any()
    first = np.arange(len(scores))
    pairs = ScoredPairs(
        np.append(scores, operating.threshold),
        np.append(first, 0),
        np.append(first + 1, 0),
        tuple(map(str, range(len(scores) + 1))),
    )
    rates = Resampler(pairs).rates()
    assert rates.far(operating.threshold) * len(scores) == pytest.approx(operating.false_matches)
    assert rates.tar(operating.threshold) == 0.0
    curve = roc(np.array([operating.threshold]), scores)
    at = int(np.flatnonzero(curve.thresholds == operating.threshold)[0])
    assert curve.far[at] * len(scores) == pytest.approx(operating.false_matches)
    assert curve.tar[at] == 0.0
