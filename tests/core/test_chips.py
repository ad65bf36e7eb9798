from __future__ import annotations

import itertools

import numpy as np
import pytest

from edgecnn.core.chips import (
    Chip,
    Style,
    make_chip,
    paint_chip,
    place_chips,
    shortened,
    text_width,
)

VGA = (640, 480)


def chip(width: int = 80, height: int = 22) -> Chip:
    return Chip("cat", "87%", (0, 0, 255), (width, height))


def overlap(a: tuple[int, int], b: tuple[int, int], wh: tuple[int, int] = (80, 22)) -> bool:
    return abs(a[0] - b[0]) < wh[0] and abs(a[1] - b[1]) < wh[1]


def test_sizes_grow_with_the_picture() -> None:
    sizes = [(160, 120), VGA, (1280, 720), (1920, 1080), (3840, 2160)]
    capitals = [Style.of(size).capital for size in sizes]
    assert capitals == sorted(set(capitals))
    assert (Style.of(VGA).line, Style.of(VGA).capital) == (2, 10)


def test_a_chip_goes_above_its_box() -> None:
    assert place_chips([chip()], [(100, 100, 300, 300)], VGA) == [(100, 78)]


def test_a_chip_of_a_box_at_the_top_goes_inside_it() -> None:
    assert place_chips([chip()], [(100, 5, 300, 300)], VGA)[0][1] == 5


@pytest.mark.parametrize(
    "box", [(0, 0, 640, 480), (600, 0, 640, 20), (0, 470, 10, 480), (638, 478, 640, 480)]
)
def test_a_chip_stays_inside_the_picture(box: tuple[int, int, int, int]) -> None:
    ((x, y),) = place_chips([chip()], [box], VGA)
    assert 0 <= x <= 640 - 80
    assert 0 <= y <= 480 - 22


def test_chips_of_the_same_box_do_not_cover_one_another() -> None:
    corners = place_chips([chip()] * 8, [(200, 150, 500, 400)] * 8, VGA)
    assert not any(overlap(a, b) for a, b in itertools.combinations(corners, 2))


def test_where_nothing_is_free_chips_share_the_picture_evenly() -> None:
    """A picture with room for six chips of the same box gets eighteen: three deep, not eighteen."""
    corners = place_chips([chip()] * 18, [(0, 0, 80, 132)] * 18, (80, 132))
    assert all(x == 0 and y % 22 == 0 for x, y in corners)
    counts = [corners.count(corner) for corner in set(corners)]
    assert sorted(counts) == [3] * 6


def test_the_first_chip_has_the_best_place() -> None:
    boxes = [(200, 150, 500, 400), (203, 152, 500, 400)]
    assert place_chips([chip()] * 2, boxes, VGA)[0] == (200, 128)


@pytest.mark.parametrize("limit", [10, 60, 100, 200, 2000])
def test_shortened_text_fits_and_says_that_it_was_cut(limit: int) -> None:
    style = Style.of(VGA)
    text = "a label of quite some length"
    cut = shortened(text, limit, style)
    assert text_width(cut, style) <= limit
    assert cut == text or cut.endswith("...") or cut == ""


def test_text_that_fits_is_left_alone() -> None:
    assert shortened("cat", 500, Style.of(VGA)) == "cat"


def test_a_chip_is_no_wider_than_the_picture() -> None:
    style = Style.of((60, 60))
    made = make_chip("a very long label", "87%", (0, 0, 0), style, 60)
    assert made.size_wh[0] <= 60


def test_a_painted_chip_has_its_stripe_backing_and_text_and_nothing_outside() -> None:
    style = Style.of(VGA)
    canvas = np.full((480, 640, 3), 200, np.uint8)
    made = make_chip("person", "93%", (10, 20, 250), style, 640)
    paint_chip(canvas, made, (50, 60), style, "bgr")
    (w, h) = made.size_wh
    inside = canvas[60 : 60 + h, 50 : 50 + w]
    assert np.all(inside[:, : style.line] == (10, 20, 250))
    assert np.median(inside) < 90
    assert inside[:, style.line :].max() > 240
    canvas[60 : 60 + h, 50 : 50 + w] = 200
    assert np.all(canvas == 200)
