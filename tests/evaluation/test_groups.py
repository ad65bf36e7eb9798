from __future__ import annotations

import json

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.evaluation.groups import judge_groups
from edgecnn.evaluation.pairs import ScoredPairs, index_pairs

PEOPLE = 40
GROUPS = {f"p{n}": ("left", "right")[n % 2] for n in range(PEOPLE)}


def pairs(shift: float) -> ScoredPairs:
    """Genuine pairs of the group on the right are further apart by ``shift``."""
    rng = np.random.default_rng(0)
    identities = np.repeat(np.arange(PEOPLE), 4)
    first, second = index_pairs(identities)
    same = identities[first] == identities[second]
    distances = np.where(same, 0.4, 0.9) + rng.normal(0, 0.1, len(same))
    distances += shift * (same & (identities[first] % 2 == 1))
    return ScoredPairs(
        distances, identities[first], identities[second], tuple(f"p{n}" for n in range(PEOPLE))
    )


def test_a_group_that_is_served_worse_shows() -> None:
    report = judge_groups(pairs(0.2), GROUPS, 0.6, replicates=200)
    left, right = report.groups
    assert (left.group, right.group) == ("left", "right")
    assert left.people == right.people == 20
    assert left.people_pairs == 190
    assert left.tar > 0.95
    assert right.tar < 0.7
    assert report.tar_gap == pytest.approx(left.tar - right.tar)
    assert report.tar_gap_interval is not None
    assert report.tar_gap_interval[0] > 0.2
    json.dumps(report.to_dict())


def test_rates_are_those_within_the_group() -> None:
    some = pairs(0.0)
    report = judge_groups(some, GROUPS, 0.7, replicates=20)
    inside = (some.first % 2 == 0) & (some.second % 2 == 0)
    accepted = some.distances <= 0.7
    assert report.groups[0].far == pytest.approx(accepted[inside & ~some.genuine].mean())
    assert report.groups[0].tar == pytest.approx(accepted[inside & some.genuine].mean())
    assert report.far_ratio is not None
    assert report.far_ratio >= 1


def test_equal_groups_have_a_gap_whose_interval_is_near_zero() -> None:
    report = judge_groups(pairs(0.0), GROUPS, 0.45, replicates=200)
    assert report.tar_gap_interval is not None
    assert report.tar_gap_interval[0] < 0.05


def test_people_without_a_group_are_counted_and_small_groups_left_out() -> None:
    groups = {**GROUPS, "p0": "alone"}
    del groups["p1"]
    report = judge_groups(pairs(0.0), groups, 0.6, replicates=20)
    assert report.left_out == ("alone",)
    assert report.without_group == 1


def test_one_group_is_no_comparison() -> None:
    with pytest.raises(OptionError, match="compared with each other"):
        judge_groups(pairs(0.0), dict.fromkeys(GROUPS, "all"), 0.6)
