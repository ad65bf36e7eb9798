from __future__ import annotations

import pytest

from edgecnn.errors import OptionError
from edgecnn.evaluation.binomial import clopper_pearson, trials_needed


@pytest.mark.parametrize(
    ("events", "trials"),
    [(0, 1), (1, 1), (0, 30), (3, 30), (29, 30), (30, 30), (7, 3000), (50_000, 1_000_000)],
)
def test_interval_is_that_of_the_beta_distribution(events: int, trials: int) -> None:
    beta = pytest.importorskip("scipy.stats").beta
    low, high = clopper_pearson(events, trials)
    expected_low = 0.0 if events == 0 else beta.ppf(0.025, events, trials - events + 1)
    expected_high = 1.0 if events == trials else beta.ppf(0.975, events + 1, trials - events)
    assert (low, high) == pytest.approx((expected_low, expected_high), rel=1e-6)


def test_nothing_tried_says_nothing() -> None:
    assert clopper_pearson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("rate", "needed"), [(0.1, 29), (0.01, 299), (0.001, 2995)])
def test_rule_of_three(rate: float, needed: int) -> None:
    assert trials_needed(rate) == needed
    # One-sided 95 % is two-sided 90 %: the bound is met with so many trials and not with one less.
    assert clopper_pearson(0, needed, 0.9)[1] <= rate < clopper_pearson(0, needed - 1, 0.9)[1]


def test_what_is_no_rate_is_an_error() -> None:
    for rate in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(OptionError, match="between 0 and 1"):
            trials_needed(rate)
    with pytest.raises(OptionError, match="3 events cannot come out of 2"):
        clopper_pearson(3, 2)
