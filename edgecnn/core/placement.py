"""Where a picture lies in the input of a network: the map between the two, both ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Placement:
    """Axis-aligned map ``input = picture * scale + offset``, in pixels.

    Edges map to edges: 0 is the left edge of the first pixel, ``width`` the right edge of the
    last. That holds for stretch, letterbox (offset = bar) and crop (negative offset) alike.

    Attributes:
        size_wh: Width and height of the picture.
        input_wh: Width and height of the network's input.
        scale_xy, offset_xy: The map.
    """

    size_wh: tuple[int, int]
    input_wh: tuple[int, int]
    scale_xy: tuple[float, float]
    offset_xy: tuple[float, float]

    def points_to_picture(self, points_xy: Floats) -> Floats:
        """Map points (..., 2) of the input to pixels of the picture; not clipped."""
        offset = np.asarray(self.offset_xy, np.float32)
        scale = np.asarray(self.scale_xy, np.float32)
        return (np.asarray(points_xy, np.float32) - offset) / scale

    def boxes_to_picture(self, boxes_xyxy: Floats) -> Floats:
        """Map boxes (N, 4) of the input to pixels of the picture, clipped to the picture."""
        corners = self.points_to_picture(np.asarray(boxes_xyxy, np.float32).reshape(-1, 2, 2))
        limit = np.asarray(self.size_wh, np.float32)
        return np.clip(corners, 0, limit).reshape(-1, 4)

    def region_xyxy(self) -> tuple[float, float, float, float]:
        """The part of the input that shows the picture, without letterbox bars.

        Returns:
            x_min, y_min, x_max, y_max in pixels of the input, clipped to it.
        """
        x0, y0 = self.offset_xy
        x1 = x0 + self.size_wh[0] * self.scale_xy[0]
        y1 = y0 + self.size_wh[1] * self.scale_xy[1]
        width, height = self.input_wh
        return max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))
