from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edgecnn.core.palette import HUES_RGB, INK_RGB, PAPER_RGB, class_color
from edgecnn.errors import OptionError

# Machado et al. 2009, "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# severity 1, for linear RGB.
EYES = {
    "ordinary": np.eye(3),
    "protanope": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranope": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanope": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def linear(color_rgb: tuple[int, int, int]) -> NDArray[np.float64]:
    share = np.array(color_rgb) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """WCAG contrast ratio, 1..21."""
    luminances = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (luminances[1] + 0.05) / (luminances[0] + 0.05)


def lab(color_rgb: tuple[int, int, int], eye: str) -> NDArray[np.float32]:
    seen = np.clip(EYES[eye] @ linear(color_rgb), 0, 1)
    encoded = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(encoded.astype(np.float32)[None, None], cv2.COLOR_RGB2LAB)[0, 0]


@pytest.mark.parametrize("eye", EYES)
def test_the_first_seven_classes_look_different_to_every_eye(eye: str) -> None:
    distances = [
        float(np.linalg.norm(lab(one, eye) - lab(other, eye)))
        for one, other in itertools.combinations([class_color(k, "rgb") for k in range(7)], 2)
    ]
    # A difference of 2.3 in CIELAB is just seen; large areas side by side need about ten.
    assert min(distances) > 10


@pytest.mark.parametrize("class_id", range(21))
def test_every_colour_stands_out_from_the_backing(class_id: int) -> None:
    assert contrast(class_color(class_id, "rgb"), INK_RGB) >= 3


def test_text_is_easy_to_read_on_its_backing() -> None:
    assert contrast(PAPER_RGB, INK_RGB) >= 12


def test_neighbouring_ids_differ_and_the_same_id_never_changes() -> None:
    colors = [class_color(class_id) for class_id in range(21)]
    assert len(set(colors)) == 21
    assert [class_color(class_id) for class_id in range(21, 42)] == colors


def test_orders_mirror_each_other() -> None:
    assert class_color(0, "rgb") == HUES_RGB[0]
    assert class_color(5, "bgr") == class_color(5, "rgb")[::-1]


def test_unknown_order_is_refused() -> None:
    with pytest.raises(OptionError, match="'bgr' or 'rgb', but got 'gray'"):
        class_color(0, "gray")
