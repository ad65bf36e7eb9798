from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gui.overlays.fit import fit

SIDES = st.integers(1, 4000)


def test_a_wide_picture_gets_bars_above_and_below_in_equal_parts() -> None:
    area = fit((200, 100), (400, 400))
    assert (area.x, area.y, area.width, area.height) == (0, 100, 400, 200)


@given(SIDES, SIDES, SIDES, SIDES)
def test_a_picture_is_inside_the_view_and_touches_two_sides(
    width: int, height: int, view_w: int, view_h: int
) -> None:
    area = fit((width, height), (view_w, view_h))
    assert area.x >= 0
    assert area.y >= 0
    assert area.right <= view_w
    assert area.bottom <= view_h
    assert area.width == view_w or area.height == view_h


@given(st.integers(50, 4000), st.integers(50, 4000), st.integers(200, 3000))
def test_a_picture_is_never_stretched(width: int, height: int, view: int) -> None:
    area = fit((width, height), (view, view))
    ideal = view / max(width, height)
    assert abs(area.width - width * ideal) <= 0.5 or area.width == 1
    assert abs(area.height - height * ideal) <= 0.5 or area.height == 1


def test_corners_of_the_picture_go_to_corners_of_the_area() -> None:
    area = fit((640, 480), (1000, 500))
    box = area.boxes(np.array([[0, 0, 640, 480]], np.float32))[0]
    np.testing.assert_allclose(box, [area.x, area.y, area.right, area.bottom])
