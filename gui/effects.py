"""What the view shows, as pictures: people tinted, background blurred or replaced; snapshots.

Plain numpy and OpenCV, so that the view, snapshots and recordings come from the same functions.
"""

from __future__ import annotations

import cv2
import numpy as np

from edgecnn.core.draw import draw
from edgecnn.core.image import Pixels, convert_color
from edgecnn.core.palette import class_color
from edgecnn.core.results import Classification, Floats, Result, Segmentation, Tensors
from edgecnn.video.frame import Frame
from gui.backdrop import Backdrop

_NOT_PEOPLE = frozenset({"background", "other"})
_TINT = 0.42
_EDGE = 0.12
"""Half the width, in probability, of the soft border between inside and outside."""
_STUDIO_BGR = (96, 84, 74)


def annotated(
    frame: Frame,
    result: Result | None,
    effect: str,
    threshold: float,
    backdrop: Backdrop | None = None,
) -> Pixels:
    """A frame in full size with what the view shows over it.

    Args:
        frame: Of any colour order; not changed.
        result: What a model says of it; None for nothing.
        effect: What happens to people and background.
        threshold: Least score, 0..1. Objects and faces were held to it when they were found.
        backdrop: What replaces the background; None for a plain wall.

    Returns:
        (H, W, 3) uint8, BGR.
    """
    pixels = convert_color(frame.pixels, frame.color, "bgr")
    if isinstance(result, Segmentation):
        return apply_effect(pixels, result, effect, threshold, backdrop)
    if isinstance(result, Classification):
        count = int((result.scores >= threshold).sum())
        result = Classification(
            result.class_ids[:count], result.labels[:count], result.scores[:count]
        )
    if result is None or isinstance(result, Tensors):
        return pixels.copy()
    return draw(pixels, result, color="bgr")


def apply_effect(
    pixels_bgr: Pixels,
    result: Segmentation,
    effect: str,
    threshold: float,
    backdrop: Backdrop | None = None,
) -> Pixels:
    """A copy of a picture with an effect of the Segment tab.

    Args:
        pixels_bgr: (H, W, 3) uint8, already at the size in which it is shown.
        result: Of that picture, at any size.
        effect: ``tint``, ``blur`` or ``replace``.
        threshold: Probability above which a place belongs to a class, 0..1.
        backdrop: What ``replace`` puts behind people; None for a plain wall.

    Returns:
        (H, W, 3) uint8, BGR.
    """
    size_wh = (pixels_bgr.shape[1], pixels_bgr.shape[0])
    planes = [
        (index, result.probabilities[index])
        for index, label in enumerate(result.labels)
        if label not in _NOT_PEOPLE
    ]
    if not planes:
        return pixels_bgr.copy()
    if effect == "tint":
        out = pixels_bgr
        for index, plane in planes:
            out = _tinted(out, cv2.resize(plane, size_wh), index, threshold)
        return out if out is not pixels_bgr else pixels_bgr.copy()
    together = np.max(np.stack([plane for _, plane in planes]), axis=0)
    inside = _soft(np.asarray(cv2.resize(together, size_wh), np.float32), threshold)
    if effect == "blur":
        behind = _blurred(pixels_bgr)
    else:
        behind = plain_wall(size_wh) if backdrop is None else backdrop.covering(size_wh)
    return np.asarray(cv2.blendLinear(pixels_bgr, behind, inside, 1 - inside), np.uint8)


def _soft(probability: Floats, threshold: float) -> Floats:
    """0 outside, 1 inside, and a short ramp between them that hides the steps of the mask."""
    ramp = np.clip((probability - (threshold - _EDGE)) / (2 * _EDGE), 0, 1)
    return np.asarray(ramp, np.float32)


def _tinted(pixels: Pixels, probability: object, index: int, threshold: float) -> Pixels:
    plane = np.asarray(probability, np.float32)
    strength = _soft(plane, threshold) * np.float32(_TINT)
    color = class_color(index, "bgr")
    out = cv2.blendLinear(pixels, np.full_like(pixels, color), 1 - strength, strength)
    mask = (plane >= threshold).astype(np.uint8)
    # A region goes on beyond the edge, so that no line runs along the edge.
    padded = cv2.copyMakeBorder(mask, 3, 3, 3, 3, cv2.BORDER_REPLICATE)
    outlines, _ = cv2.findContours(padded, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(-3, -3))
    cv2.drawContours(out, outlines, -1, color, 2, cv2.LINE_AA)
    return np.asarray(out, np.uint8)


def _blurred(pixels: Pixels) -> Pixels:
    """Strongly blurred; made at an eighth of the size, where a wide blur costs next to nothing."""
    size_wh = (pixels.shape[1], pixels.shape[0])
    small = cv2.resize(
        pixels, (max(8, size_wh[0] // 8), max(8, size_wh[1] // 8)), interpolation=cv2.INTER_AREA
    )
    wide = cv2.GaussianBlur(small, (0, 0), max(1.0, small.shape[1] / 50))
    return np.asarray(cv2.resize(wide, size_wh, interpolation=cv2.INTER_CUBIC), np.uint8)


def plain_wall(size_wh: tuple[int, int]) -> Pixels:
    """A plain wall, a little brighter at the top, as behind a portrait.

    Args:
        size_wh: Width and height in pixels.

    Returns:
        (H, W, 3) uint8, BGR.
    """
    width, height = size_wh
    fall = np.linspace(1.25, 0.75, height, dtype=np.float32)[:, None, None]
    column = np.clip(np.array(_STUDIO_BGR, np.float32) * fall, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(column, (height, width, 3)))
