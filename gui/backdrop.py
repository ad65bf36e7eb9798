"""A picture of the user's that stands behind people in the Segment tab."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edgecnn.core.image import Pixels, read_image
from edgecnn.errors import EdgeCNNError

_MOST_PX = 1920
"""Longest side that is kept: no view shows more, and a photo of 50 megapixels fills memory."""
_SIZES_KEPT = 4
"""The view, a recording, a snapshot and the small picture beside the button ask for their own."""


class Backdrop:
    """A picture, cut and scaled so that it covers whatever it stands behind.

    May be asked on any thread.

    Args:
        pixels_bgr: (H, W, 3) uint8.
    """

    def __init__(self, pixels_bgr: Pixels) -> None:
        shrink = min(1.0, _MOST_PX / max(pixels_bgr.shape[:2]))
        if shrink < 1:
            pixels_bgr = np.asarray(
                cv2.resize(pixels_bgr, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA),
                np.uint8,
            )
        self.pixels = pixels_bgr
        self._ready: dict[tuple[int, int], Pixels] = {}

    def covering(self, size_wh: tuple[int, int]) -> Pixels:
        """The middle of the picture at a size, its sides in proportion.

        Args:
            size_wh: Width and height in pixels.

        Returns:
            (H, W, 3) uint8, BGR; shared between calls, so not to be changed.
        """
        found = self._ready.get(size_wh)
        if found is not None:
            return found
        height, width = self.pixels.shape[:2]
        grow = max(size_wh[0] / width, size_wh[1] / height)
        part_wh = min(width, round(size_wh[0] / grow)), min(height, round(size_wh[1] / grow))
        left, top = (width - part_wh[0]) // 2, (height - part_wh[1]) // 2
        part = self.pixels[top : top + part_wh[1], left : left + part_wh[0]]
        how = cv2.INTER_AREA if grow < 1 else cv2.INTER_LINEAR
        made = np.asarray(cv2.resize(part, size_wh, interpolation=how), np.uint8)
        # Replaced as a whole, so that no other thread meets it half changed.
        kept = list(self._ready.items())[-(_SIZES_KEPT - 1) :]
        self._ready = dict([*kept, (size_wh, made)])
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The picture that was asked for.

    Attributes:
        path: Where it is; empty for the plain wall.
        backdrop: The picture; None while it is read, or when it cannot be.
        problem: Why it cannot be read, in words; empty when it can.
    """

    path: str = ""
    backdrop: Backdrop | None = None
    problem: str = ""


def choose_backdrop(path: str) -> Choice:
    """Read a picture; one that cannot be read leaves the plain wall and says why."""
    if not path:
        return Choice()
    try:
        return Choice(path, Backdrop(read_image(path)))
    except EdgeCNNError as error:
        words = str(error).replace(path, Path(path).name, 1)
        return Choice(path, problem=words)
