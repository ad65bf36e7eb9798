"""Noticing that a picture has nothing to do with the one before it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edgecnn.video.frame import Frame

Glance = NDArray[np.float64]

_GRID_WH = (16, 12)
_SAMPLES = 4
"""Pixels looked at for each cell of the grid, in each direction."""

_MEAN = np.full((1, 3), 1 / 3, np.float32)

LIKENESS = 0.5
"""Two pictures whose brightness correlates less than this show different scenes. On the demo clip
neighbouring frames reach 0.89 or more, frames across a cut 0.42 or less."""

LEAST_CHANGE = 12.0
"""Mean change in grey levels below which noise could explain the lack of likeness."""


class SceneChange:
    """Compares each frame with the one before, coarsely.

    What was followed and averaged over time must not be carried over a cut: the number of a person
    would go to the cup that takes the place. A lamp that is switched on is no cut, because the
    pattern of light and dark stays.
    """

    def __init__(self) -> None:
        self._last: Glance | None = None

    def update(self, now: Glance) -> bool:
        """Whether a frame begins a new scene; the first one does not.

        Args:
            now: What `glance_at` gives for it.
        """
        last, self._last = self._last, now
        if last is None or np.abs(now - last).mean() < LEAST_CHANGE:
            return False
        now, last = (now - now.mean()).ravel(), (last - last.mean()).ravel()
        size = float(np.sqrt(now.dot(now) * last.dot(last)))
        return size > 0 and float(now.dot(last)) < LIKENESS * size


def glance_at(frame: Frame) -> Glance:
    """Mean brightness in a coarse grid, from a few pixels of each cell.

    Take it where the frame has just been made: its pixels are in the cache there, and a tenth as
    quick to reach as after a network has run.

    Args:
        frame: Not changed.

    Returns:
        (12, 16) float64, 0..255.
    """
    pixels = frame.pixels
    height, width = pixels.shape[:2]
    rows = max(1, height // (_GRID_WH[1] * _SAMPLES))
    columns = max(1, width // (_GRID_WH[0] * _SAMPLES))
    few = np.ascontiguousarray(pixels[rows // 2 :: rows, columns // 2 :: columns])
    # Averaged as bytes: the half of a grey level that rounding costs is nothing beside noise.
    grey = cv2.transform(few, _MEAN) if few.ndim == 3 else few
    return np.asarray(cv2.resize(grey, _GRID_WH, interpolation=cv2.INTER_AREA), np.float64)
