"""Resizing a picture into the input of a network: stretch, letterbox, centre crop.

``area`` means an antialiased reduction. It is done by halving with exact 2 x 2 means while both
sides are at least twice too large, then one linear step. On photographs that agrees with an
antialiased reference resize (Pillow's bilinear) as well as OpenCV's INTER_AREA does (mean absolute
difference 0.9 against 0.8 grey levels from 720p to 224) at a seventh of its cost:
``benchmarks/resize.py`` measures both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edgecnn.core.placement import Placement
from edgecnn.errors import OptionError

Resize = Literal["stretch", "letterbox", "crop"]
Interpolation = Literal["area", "linear", "cubic"]
Pixels = NDArray[np.uint8]

_FLAGS = {
    "area": cv2.INTER_LINEAR,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
}


@dataclass(frozen=True, slots=True)
class ResizePlan:
    """How a picture of one size gets into an input of one size; made once, used for each frame.

    Attributes:
        region_xywh: Part of the picture that is used, in whole pixels.
        target_xywh: Part of the input that it fills, in whole pixels.
        halvings: How often the region is halved before the last step.
        flag: OpenCV interpolation of the last step.
        placement: The resulting map between picture and input.
    """

    region_xywh: tuple[int, int, int, int]
    target_xywh: tuple[int, int, int, int]
    halvings: int
    flag: int
    placement: Placement


@lru_cache(maxsize=256)
def plan_resize(
    size_wh: tuple[int, int],
    input_wh: tuple[int, int],
    mode: Resize,
    *,
    crop_fraction: float = 1.0,
    interpolation: Interpolation = "area",
) -> ResizePlan:
    """Plan the resize of pictures of one size.

    Args:
        size_wh: Width and height of the picture in pixels.
        input_wh: Width and height of the network's input in pixels.
        mode: ``stretch``, ``letterbox`` (centred) or ``crop`` (centred).
        crop_fraction: For ``crop``: share of the largest region of the input's aspect ratio.
        interpolation: ``area``, ``linear`` or ``cubic``.

    Raises:
        OptionError: Unknown mode or interpolation.
    """
    if interpolation not in _FLAGS:
        raise OptionError(f"interpolation must be area, linear or cubic, not {interpolation!r}.")
    width, height = size_wh
    target = (0, 0, *input_wh)
    region = (0, 0, width, height)
    if mode == "letterbox":
        target = _letterbox(size_wh, input_wh)
    elif mode == "crop":
        region = _centre_crop(size_wh, input_wh, crop_fraction)
    elif mode != "stretch":
        raise OptionError(f"resize must be stretch, letterbox or crop, but got {mode!r}.")

    halvings = 0
    if interpolation == "area":
        # The remaining factor stays between 1 and 2, where linear interpolation still sees every
        # pixel.
        factor = min(region[2] / target[2], region[3] / target[3])
        while factor >= 2 ** (halvings + 1):
            halvings += 1
    # Only a multiple of 2**halvings can be halved exactly: up to that many pixels less one are
    # left out at the far edges, and the placement knows it.
    step = 2**halvings
    x, y, w, h = region
    if step > 1:
        w, h = w // step * step, h // step * step
    scale = (target[2] / w, target[3] / h)
    offset = (target[0] - x * scale[0], target[1] - y * scale[1])
    flag = _FLAGS[interpolation]
    if interpolation == "area" and max(w / target[2], h / target[3]) / step >= 2:
        flag = cv2.INTER_AREA  # one side shrinks much more than the other: rare, and slower
    placement = Placement(size_wh, input_wh, scale, offset)
    return ResizePlan((x, y, w, h), target, halvings, flag, placement)


def apply_resize(pixels: Pixels, plan: ResizePlan, canvas: Pixels) -> None:
    """Fill the plan's target part of ``canvas``; the rest of it is left as it is.

    Args:
        pixels: (H, W, 3) or (H, W) uint8, of the size that the plan was made for.
        plan: From `plan_resize`.
        canvas: (h, w, 3) or (h, w) uint8, of the plan's input size; written to.
    """
    x, y, w, h = plan.region_xywh
    part = pixels[y : y + h, x : x + w]
    for _ in range(plan.halvings):
        half = (part.shape[1] // 2, part.shape[0] // 2)
        part = np.asarray(cv2.resize(part, half, interpolation=cv2.INTER_AREA), np.uint8)
    left, top, width, height = plan.target_xywh
    target = canvas[top : top + height, left : left + width]
    if part.shape == target.shape:
        np.copyto(target, part)
    else:
        cv2.resize(part, (width, height), dst=target, interpolation=plan.flag)


def resize(
    pixels: Pixels,
    input_wh: tuple[int, int],
    mode: Resize,
    *,
    crop_fraction: float = 1.0,
    interpolation: Interpolation = "area",
    pad: int = 0,
) -> tuple[Pixels, Placement]:
    """Resize one picture; the hot path keeps a plan and a canvas instead.

    Args:
        pixels: (H, W, 3) or (H, W) uint8.
        input_wh: Width and height of the result.
        mode: ``stretch``, ``letterbox`` or ``crop``.
        crop_fraction: See `plan_resize`.
        interpolation: See `plan_resize`.
        pad: Value 0..255 of letterbox bars.

    Returns:
        The resized picture, (h, w, 3) or (h, w) uint8, and where the picture lies in it.
    """
    size_wh = (pixels.shape[1], pixels.shape[0])
    plan = plan_resize(
        size_wh, input_wh, mode, crop_fraction=crop_fraction, interpolation=interpolation
    )
    canvas = np.full((input_wh[1], input_wh[0], *pixels.shape[2:]), pad, np.uint8)
    apply_resize(pixels, plan, canvas)
    return canvas, plan.placement


def _letterbox(size_wh: tuple[int, int], input_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    scale = min(input_wh[0] / size_wh[0], input_wh[1] / size_wh[1])
    width = min(max(round(size_wh[0] * scale), 1), input_wh[0])
    height = min(max(round(size_wh[1] * scale), 1), input_wh[1])
    return (input_wh[0] - width) // 2, (input_wh[1] - height) // 2, width, height


def _centre_crop(
    size_wh: tuple[int, int], input_wh: tuple[int, int], fraction: float
) -> tuple[int, int, int, int]:
    scale = min(size_wh[0] / input_wh[0], size_wh[1] / input_wh[1]) * fraction
    width = min(max(round(input_wh[0] * scale), 1), size_wh[0])
    height = min(max(round(input_wh[1] * scale), 1), size_wh[1])
    return (size_wh[0] - width) // 2, (size_wh[1] - height) // 2, width, height
