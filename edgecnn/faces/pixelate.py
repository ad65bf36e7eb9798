"""Making faces unrecognizable in a picture, for good.

What replaces a face is computed from a handful of averages, so the face cannot be had back from
the picture. Blur is not offered: a blurred face can be sharpened again, or matched by a network
that is shown blurred faces. The same was done to fine mosaics, so the mosaic here is coarse, its
colours are rounded, and ``solid`` leaves one colour where even that is too much.

Reference: R. McPherson, R. Shokri, V. Shmatikov, "Defeating Image Obfuscation with Deep Learning",
2016, about blur and mosaics of 8 x 8 and more cells a face.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecnn.core.image import Pixels, check_pixels
from edgecnn.errors import OptionError

Style = Literal["mosaic", "solid"]

_CELLS = 4
_LEVELS = 32
"""Steps between colours that are kept, of 256: what small differences between frames would tell."""
_MARGIN = 0.3
"""The detector's box ends at brow and chin; hair line, ears and jaw are to go as well."""


def hide_faces(
    pixels: Pixels,
    boxes_xyxy: ArrayLike,
    color: str,
    *,
    hide: ArrayLike | None = None,
    style: Style = "mosaic",
) -> Pixels:
    """A copy of a picture with faces made unrecognizable.

    Args:
        pixels: (H, W, 3) uint8, or (H, W) when grey; not changed.
        boxes_xyxy: (N, 4) pixels, as of `Faces.boxes_xyxy`; they are enlarged by 0.3 a side.
        color: Of ``pixels``.
        hide: (N,) bool, which ones; None hides all. ``~known`` hides the unknown.
        style: ``"mosaic"``: 4 x 4 cells a face, of 8 levels a channel; ``"solid"``: one colour.

    Raises:
        ImageError: Not a picture.
        OptionError: Boxes or ``hide`` of another shape, values that are not finite, another style.
    """
    picture = check_pixels(pixels, color)
    boxes = np.asarray(boxes_xyxy, np.float64).reshape(-1, 4)
    chosen = np.ones(len(boxes), np.bool_) if hide is None else np.asarray(hide)
    if chosen.shape != (len(boxes),) or chosen.dtype != np.bool_:
        raise OptionError(
            f"hide must be one bool for each of the {len(boxes)} boxes, but has the shape "
            f"{chosen.shape} and the type {chosen.dtype}."
        )
    if not np.isfinite(boxes).all():
        raise OptionError("Boxes to hide must be finite: a face would stay visible.")
    if style not in ("mosaic", "solid"):
        raise OptionError(f"Unknown style {style!r}. Known: mosaic, solid.")
    hidden = picture.copy()
    for box in boxes[chosen]:
        x0, y0, x1, y1 = _enlarged(box, (picture.shape[1], picture.shape[0]))
        if x1 > x0 and y1 > y0:
            # From the original: faces that overlap must not bring each other back.
            hidden[y0:y1, x0:x1] = _replacement(picture[y0:y1, x0:x1], style)
    return hidden


def _enlarged(box: NDArray[np.float64], size_wh: tuple[int, int]) -> list[int]:
    width, height = box[2:] - box[:2]
    grown = box + _MARGIN * np.array([-width, -height, width, height])
    low = np.floor(np.clip(grown[:2], 0, size_wh))
    high = np.ceil(np.clip(grown[2:], 0, size_wh))
    return [int(value) for value in (*low, *high)]


def _replacement(region: Pixels, style: Style) -> Pixels:
    height, width = region.shape[:2]
    cells = 1 if style == "solid" else _CELLS
    few = cv2.resize(region, (min(cells, width), min(cells, height)), interpolation=cv2.INTER_AREA)
    rounded = few // _LEVELS * _LEVELS + _LEVELS // 2
    large = cv2.resize(rounded, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(large, np.uint8)
