"""Factors of channels: which are one, which are free, and how large they are."""

from __future__ import annotations

import numpy as np
import pytest

from edgecnn.core.evening import LEAST_SHARE, factor_sizes, settle


def test_joined_factors_are_one_and_a_pinned_one_holds_those_it_is_joined_to() -> None:
    places, free = settle(6, [(np.array([0, 1]), np.array([2, 3]))], {3})
    assert (places[0], places[1]) == (places[2], places[3])
    assert len(set(places.tolist())) == len(free) == 4
    assert [bool(free[place]) for place in places] == [True, False, True, False, True, True]


def test_balance_goes_from_weights_to_ranges() -> None:
    reach, met = np.array([1.0, 0.25, 0.0]), np.array([1.0, 1.0, 0.04])
    free = np.ones(3, np.bool_)
    assert factor_sizes(reach, met, free, 1.0) == pytest.approx([1.0, 0.25, LEAST_SHARE])
    assert factor_sizes(reach, met, free, 0.0) == pytest.approx([1.0, 1.0, 25.0])
    assert factor_sizes(reach, met, free) == pytest.approx([1.0, 0.5, 0.5])


def test_what_is_not_free_stays() -> None:
    found = factor_sizes(np.array([0.5, 0.5]), np.ones(2), np.array([True, False]))
    assert found[0] < 1.0
    assert found[1] == 1.0
