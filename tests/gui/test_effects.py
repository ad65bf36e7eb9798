from __future__ import annotations

import numpy as np
import pytest

from edgecnn.core.results import Segmentation
from edgecnn.video.frame import Frame
from gui.effects import annotated, apply_effect
from gui.state import EFFECTS
from tests.helpers.app import boxes, classes


def left_half() -> Segmentation:
    plane = np.zeros((1, 24, 32), np.float32)
    plane[:, :, :16] = 1.0
    return Segmentation(plane, ("person",), (64, 48))


def checkered() -> np.ndarray:
    grid = np.indices((48, 64)).sum(axis=0) % 2 * 255
    return np.repeat(grid[..., None], 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize("effect", EFFECTS)
def test_no_effect_changes_what_came_in(effect: str) -> None:
    pixels = checkered()
    out = apply_effect(pixels, left_half(), effect, 0.5)
    np.testing.assert_array_equal(pixels, checkered())
    assert out.shape == pixels.shape
    assert not np.shares_memory(out, pixels)


@pytest.mark.parametrize("effect", ["blur", "replace"])
def test_people_stay_as_they_are_and_the_background_goes(effect: str) -> None:
    pixels = checkered()
    out = apply_effect(pixels, left_half(), effect, 0.5)
    np.testing.assert_array_equal(out[:, :28], pixels[:, :28])
    assert out[:, 36:].astype(int).std() < 40
    assert pixels[:, 36:].std() > 100


def test_tint_marks_people_and_nothing_else() -> None:
    pixels = np.full((48, 64, 3), 128, np.uint8)
    out = apply_effect(pixels, left_half(), "tint", 0.5)
    assert (out[:, :24] != 128).any(axis=2).all()
    assert (out[:, 40:] == 128).all()


def test_the_threshold_moves_the_border() -> None:
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (1, 48, 1))
    result = Segmentation(ramp, ("person",), (64, 48))
    pixels = np.full((48, 64, 3), 128, np.uint8)
    changed = [
        (apply_effect(pixels, result, "tint", threshold) != 128).any(axis=2).mean()
        for threshold in (0.3, 0.5, 0.7)
    ]
    assert changed[0] > changed[1] + 0.1 > changed[2] + 0.2


def test_without_people_in_it_a_picture_stays() -> None:
    pixels = checkered()
    only_ground = Segmentation(np.ones((1, 8, 8), np.float32), ("background",), (64, 48))
    np.testing.assert_array_equal(apply_effect(pixels, only_ground, "blur", 0.5), pixels)


def test_a_snapshot_holds_what_the_view_shows_in_full_size() -> None:
    frame = Frame(np.full((480, 640, 3), 90, np.uint8), "rgb")
    bare = annotated(frame, None, "tint", 0.5)
    np.testing.assert_array_equal(bare, frame.pixels)
    assert (annotated(frame, boxes(("person", 0.9)), "tint", 0.5) != bare).any()
    some = annotated(frame, classes(person=0.6, cup=0.3), "tint", 0.2)
    fewer = annotated(frame, classes(person=0.6, cup=0.3), "tint", 0.5)
    assert (some != bare).sum() > (fewer != bare).sum() > 0


def test_a_grey_picture_becomes_bgr() -> None:
    frame = Frame(np.full((48, 64), 90, np.uint8), "gray")
    assert annotated(frame, left_half(), "blur", 0.5).shape == (48, 64, 3)
