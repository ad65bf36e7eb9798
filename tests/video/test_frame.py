from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgecnn.errors import ImageError
from edgecnn.video.frame import Frame


def test_frame_knows_its_width_and_height() -> None:
    frame = Frame(np.zeros((30, 40, 3), np.uint8), "rgb", timestamp_s=1.5, index=3, source="a.jpg")
    assert frame.size_wh == (40, 30)


def test_grey_frame_with_a_channel_axis_loses_it() -> None:
    assert Frame(np.zeros((30, 40, 1), np.uint8), "gray").pixels.shape == (30, 40)


@pytest.mark.parametrize(
    ("pixels", "color"),
    [
        (np.zeros((30, 40, 3), np.float32), "bgr"),
        (np.zeros((30, 40, 4), np.uint8), "bgr"),
        (np.zeros((30, 40), np.uint8), "rgb"),
        (np.zeros((0, 40, 3), np.uint8), "bgr"),
        (np.zeros((30, 40, 3), np.uint8), "hsv"),
    ],
)
def test_what_is_not_a_picture_makes_no_frame(pixels: np.ndarray, color: str) -> None:
    with pytest.raises(ImageError):
        Frame(pixels, color)


def test_frame_cannot_be_changed() -> None:
    frame = Frame(np.zeros((3, 4, 3), np.uint8), "bgr")
    with pytest.raises(dataclasses.FrozenInstanceError):
        frame.index = 1  # type: ignore[misc]
