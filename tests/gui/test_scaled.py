from __future__ import annotations

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QImage

from edgecnn.core.image import Pixels
from edgecnn.video.frame import Frame
from gui.widgets.scaled import Scaled, halved


def as_it_is(pixels: Pixels) -> Pixels:
    return pixels


def bgr_of(image: QImage) -> Pixels:
    raw = np.frombuffer(image.constBits(), np.uint8)
    return raw.reshape(image.height(), image.bytesPerLine() // 4, 4)[:, : image.width(), :3].copy()


def picture(size_wh: tuple[int, int], seed: int = 0) -> Pixels:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 16, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, size_wh, interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.parametrize("size_wh", [(64, 48), (80, 60), (33, 17), (200, 150), (1, 1)])
@pytest.mark.parametrize("color", ["bgr", "rgb", "gray"])
def test_an_image_has_the_size_asked_for_and_the_colours_of_the_frame(
    size_wh: tuple[int, int], color: str
) -> None:
    pixels = np.full((60, 80, 3), (10, 60, 200), np.uint8)
    given = {"bgr": pixels, "rgb": pixels[..., ::-1].copy(), "gray": pixels[..., 1].copy()}[color]
    image = Scaled().image(Frame(given, color), size_wh, as_it_is)
    assert (image.width(), image.height()) == size_wh
    wanted = (60, 60, 60) if color == "gray" else (10, 60, 200)
    assert np.all(bgr_of(image) == wanted)


def test_the_frame_is_not_changed_whatever_is_done_to_the_picture() -> None:
    for size_wh in ((64, 36), (160, 90), (40, 20)):
        pixels = picture((160, 90))
        before = pixels.copy()
        image = Scaled().image(Frame(pixels, "bgr"), size_wh, lambda seen: 255 - seen)
        assert np.array_equal(pixels, before)
        assert not np.array_equal(bgr_of(image)[:5, :5], before[:5, :5])


def test_sizes_that_change_from_call_to_call_are_each_right() -> None:
    scaled = Scaled()
    for turn, size_wh in enumerate([(64, 36), (30, 20), (64, 36), (160, 90), (100, 50)] * 2):
        pixels = picture((160, 90), turn)
        shown = bgr_of(scaled.image(Frame(pixels, "bgr"), size_wh, as_it_is))
        assert np.array_equal(
            shown, bgr_of(Scaled().image(Frame(pixels, "bgr"), size_wh, as_it_is))
        )


@pytest.mark.parametrize("large_wh", [(640, 360), (1280, 720), (457, 257)])
def test_a_strong_reduction_calms_noise_as_a_mean_of_areas_does(large_wh: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*large_wh[::-1], 3)).astype(np.uint8)
    size_wh = (large_wh[0] // 4, large_wh[1] // 4)
    shown = bgr_of(Scaled().image(Frame(noise, "bgr"), size_wh, as_it_is)).astype(float)
    skipping = np.asarray(cv2.resize(noise, size_wh), float)
    assert shown.std() < 0.6 * skipping.std()
    assert shown.mean() == pytest.approx(noise.mean(), abs=1)


def test_halving_ends_above_the_size_that_is_wanted() -> None:
    assert halved(picture((1000, 800)), (240, 100)).shape[:2] == (200, 250)
    assert halved(picture((1000, 800)), (501, 100)).shape[:2] == (800, 1000)
    assert halved(picture((1000, 800)), (100, 400)).shape[:2] == (400, 500)
