"""Where a picture lies in the view: as large as fits, never stretched, in the middle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fit:
    """Map from pixels of the picture to places in the view: ``view = picture * scale + origin``.

    Attributes:
        picture_wh: Size of the picture in its own pixels.
        x, y, width, height: The rectangle that shows it, in whole pixels of the view.
    """

    picture_wh: tuple[int, int]
    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column to the right of the picture."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below the picture."""
        return self.y + self.height

    def points(self, points_xy: NDArray[Any]) -> Floats:
        """Points (..., 2) of the picture as places (..., 2) float32 in the view."""
        scale = np.array(
            [self.width / self.picture_wh[0], self.height / self.picture_wh[1]], np.float32
        )
        origin = np.array([self.x, self.y], np.float32)
        return np.asarray(points_xy, np.float32) * scale + origin

    def boxes(self, boxes_xyxy: NDArray[Any]) -> Floats:
        """Boxes (N, 4) of the picture as boxes (N, 4) float32 in the view."""
        return self.points(np.asarray(boxes_xyxy, np.float32).reshape(-1, 2, 2)).reshape(-1, 4)


def fit(picture_wh: tuple[int, int], view_wh: tuple[int, int]) -> Fit:
    """The largest rectangle of the picture's shape in the middle of a view."""
    width, height = max(1, view_wh[0]), max(1, view_wh[1])
    scale = min(width / picture_wh[0], height / picture_wh[1])
    shown_w = min(width, max(1, round(picture_wh[0] * scale)))
    shown_h = min(height, max(1, round(picture_wh[1] * scale)))
    return Fit(picture_wh, (width - shown_w) // 2, (height - shown_h) // 2, shown_w, shown_h)
