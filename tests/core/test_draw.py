from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgecnn.core.draw import draw
from edgecnn.core.palette import class_color
from edgecnn.core.results import (
    Classification,
    Detections,
    Embedding,
    Faces,
    Segmentation,
)
from edgecnn.errors import ImageError


def boxes(*values: tuple[float, float, float, float]) -> Any:
    return np.array(values, np.float32).reshape(-1, 4)


def half_mask(height: int, width: int) -> Any:
    plane = np.zeros((1, height, width), np.float32)
    plane[:, :, width // 2 :] = 1
    return plane


RESULTS: dict[str, Any] = {
    "classification": Classification(
        np.array([4, 2, 0]), ("cat", "dog", "lynx"), np.array([0.7, 0.2, 0.001], np.float32)
    ),
    "detections": Detections(
        boxes((20, 40, 120, 160), (0, 0, 200, 200)),
        np.array([0.9, 0.5], np.float32),
        np.array([1, 70]),
        ("person", "a label that is much too long for this picture"),
    ),
    "faces": Faces(
        boxes((50, 50, 150, 170)),
        np.array([0.98], np.float32),
        np.full((1, 6, 2), 100, np.float32),
    ),
    "embedding": Embedding(np.ones(8, np.float32), "space", "cosine"),
    "segmentation": Segmentation(half_mask(10, 10), ("person",), (200, 200)),
    "no detections": Detections(boxes(), np.empty(0, np.float32), np.empty(0, np.int64), ()),
}


def grey_ground(height: int = 200, width: int = 200) -> Any:
    return np.full((height, width, 3), 128, np.uint8)


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("color", ["bgr", "rgb", "gray"])
def test_a_new_colour_picture_comes_back_and_the_old_one_is_left_alone(
    name: str, color: str
) -> None:
    pixels = grey_ground() if color != "gray" else grey_ground()[:, :, 0]
    before = pixels.copy()
    drawn = draw(pixels, RESULTS[name], color=color)
    np.testing.assert_array_equal(pixels, before)
    assert drawn.shape == (200, 200, 3)
    assert drawn.dtype == np.uint8
    assert not np.shares_memory(drawn, pixels)
    assert np.array_equal(drawn, grey_ground()) == (name == "no detections")


@pytest.mark.parametrize("name", RESULTS)
def test_colour_orders_give_the_same_picture(name: str) -> None:
    bgr = draw(grey_ground(), RESULTS[name], color="bgr")
    rgb = draw(grey_ground(), RESULTS[name], color="rgb")
    # Blending rounds each channel alone, so that one grey level may differ.
    np.testing.assert_allclose(bgr[:, :, ::-1].astype(int), rgb, atol=1)


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (300, 7), (40, 40), (1080, 1920)])
def test_pictures_of_any_size_can_be_drawn_on(name: str, size: tuple[int, int]) -> None:
    assert draw(grey_ground(*size), RESULTS[name], color="bgr").shape == (*size, 3)


def test_a_box_is_drawn_where_it_is_in_the_colour_of_its_class() -> None:
    drawn = draw(grey_ground(), RESULTS["detections"], color="bgr")
    for y, x in ((100, 20), (100, 120), (160, 70)):
        assert tuple(drawn[y, x]) == class_color(1)
    np.testing.assert_array_equal(drawn[100, 60], [128, 128, 128])


def test_the_better_box_lies_on_top() -> None:
    same = Detections(
        boxes((50, 50, 150, 150), (50, 50, 150, 150)),
        np.array([0.9, 0.5], np.float32),
        np.array([0, 1]),
        ("a", "b"),
    )
    assert tuple(draw(grey_ground(), same, color="bgr")[100, 50]) == class_color(0)


def test_a_box_as_large_as_the_picture_shows_all_its_sides() -> None:
    whole = Detections(boxes((0, 0, 200, 200)), np.array([0.9], np.float32), np.array([2]), ("a",))
    drawn = draw(grey_ground(), whole, color="bgr")
    assert tuple(drawn[100, 0]) == class_color(2)
    assert tuple(drawn[100, -1]) == class_color(2)
    assert tuple(drawn[-1, 100]) == class_color(2)


def test_bars_are_as_long_as_their_scores() -> None:
    drawn = draw(grey_ground(480, 640), RESULTS["classification"], color="bgr")
    best = np.all(drawn == class_color(0), axis=2)
    bar_lengths = best.sum(axis=1)
    track = np.all(drawn == (84, 76, 70), axis=2)
    row = int(np.argmax(bar_lengths))
    assert bar_lengths[row] / (bar_lengths[row] + track[row].sum()) == pytest.approx(0.7, abs=0.01)


@pytest.mark.parametrize("name", ["detections", "faces"])
def test_the_number_of_a_followed_object_is_shown(name: str) -> None:
    result = RESULTS[name]
    pictures = [
        draw(grey_ground(), replace(result, track_ids=ids), color="bgr")
        for ids in (None, np.full(len(result), 1), np.full(len(result), 8))
    ]
    for one, other in itertools.combinations(pictures, 2):
        assert not np.array_equal(one, other)


def test_face_points_are_marked() -> None:
    drawn = draw(grey_ground(), RESULTS["faces"], color="bgr")
    np.testing.assert_array_equal(drawn[100, 100], [255, 255, 255])


def test_points_outside_the_picture_do_no_harm() -> None:
    outside = Faces(
        boxes((0, 0, 30, 30)), np.array([0.9], np.float32), np.full((1, 6, 2), -50, np.float32)
    )
    assert not np.array_equal(draw(grey_ground(), outside, color="bgr"), grey_ground())


def test_only_the_region_is_tinted() -> None:
    drawn = draw(grey_ground(), RESULTS["segmentation"], color="bgr").astype(int)
    assert np.abs(drawn[150, 20] - 128).max() == 0
    expected = 0.55 * 128 + 0.45 * np.array(class_color(0))
    np.testing.assert_allclose(drawn[150, 180], expected, atol=1)
    # The region ends at the picture's edge without a line along it.
    np.testing.assert_allclose(drawn[150, 199], expected, atol=1)


def test_background_is_not_tinted() -> None:
    planes = np.concatenate([half_mask(8, 8), 1 - half_mask(8, 8)])
    both = Segmentation(planes, ("background", "person"), (200, 200))
    drawn = draw(grey_ground(), both, color="bgr")
    np.testing.assert_array_equal(drawn[150, 190], [128, 128, 128])


def test_what_is_not_a_picture_is_refused() -> None:
    with pytest.raises(ImageError, match="uint8"):
        draw(np.zeros((8, 8, 3)), RESULTS["faces"], color="bgr")  # type: ignore[arg-type]


def test_a_result_on_a_photograph_stays_readable() -> None:
    photo = cv2.imread(str(Path(__file__).parents[2] / "assets" / "images" / "astronaut.jpg"))
    drawn = draw(photo, RESULTS["classification"], color="bgr")
    panel = drawn[-30:-20, 20:60]
    assert panel.mean() < 110
    np.testing.assert_array_equal(drawn[: len(drawn) // 2], photo[: len(drawn) // 2])
