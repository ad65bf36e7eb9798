from __future__ import annotations

import numpy as np
import pytest

from edgecnn.video.freshness import Freshness, fingerprint, is_black
from tests.helpers.mjpeg_server import picture


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ((None, 1), (None, 2), True),
        ((None, 1), (None, 1), False),
        ((0.0, 1), (0.0, 1), False),  # a driver whose stamps are always zero
        ((3.0, 1), (3.0, 2), True),  # one whose stamps stand still
        ((3.0, 1), (3.1, 1), True),  # a closed shutter
        ((3.0, 1), (3.0, 1), False),  # the last picture for ever
        ((3.0, 1), (None, 1), False),
    ],
)
def test_a_picture_is_old_when_stamp_and_content_stand_still(
    before: tuple[float | None, int], now: tuple[float | None, int], new: bool
) -> None:
    freshness = Freshness()
    assert freshness.is_new(before[0], lambda: before[1])
    assert freshness.is_new(now[0], lambda: now[1]) is new


def test_after_reconnecting_only_a_changed_picture_is_new() -> None:
    freshness = Freshness()
    freshness.is_new(3.0, lambda: 1)
    again = freshness.copy()
    again.reconnected()
    assert not again.is_new(99.0, lambda: 1)  # stamps start anew with every connection
    assert again.is_new(99.1, lambda: 1)
    assert freshness.is_new(3.0, lambda: 2)


def test_pictures_are_not_looked_at_while_stamps_advance() -> None:
    freshness = Freshness()
    freshness.is_new(1.0, lambda: 1)
    assert freshness.is_new(1.1, lambda: pytest.fail("there was no need"))
    # When stamps stand still, the first look has nothing to compare with; the second has.
    freshness.is_new(1.1, lambda: 7)
    assert not freshness.is_new(1.1, lambda: 7)


def test_noise_changes_the_fingerprint_and_a_copy_does_not() -> None:
    still = picture(1, (640, 480))
    assert fingerprint(still) == fingerprint(still.copy())
    assert fingerprint(still) != fingerprint(picture(2, (640, 480)))
    assert fingerprint(still) == fingerprint(still[:, ::-1][:, ::-1])


def test_black_is_exactly_zero_everywhere() -> None:
    black = np.zeros((48, 64, 3), np.uint8)
    assert is_black(black)
    for row, column in ((0, 0), (47, 63), (13, 27)):
        spot = black.copy()
        spot[row, column, 1] = 1
        assert not is_black(spot)
