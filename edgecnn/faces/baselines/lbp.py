"""Local binary patterns: histograms of what is brighter than its middle, place by place.

Each pixel is compared with eight around it; the eight answers are a number. Patterns with at most
two changes around the circle ("uniform": edges, corners, spots) are counted by themselves, all
others together: 59 bins. The crop is cut into cells with a histogram each, so that it is known
where a pattern was. Brightening a picture changes no pattern.

A vector holds the square roots of the histograms: squared, they are the histograms, which
`LbpHistograms.distances` compares by chi-square as the paper does. A `Matcher` compares the roots
themselves (Hellinger's distance), whose square is between a half of and the whole chi-square.

Reference: T. Ahonen, A. Hadid and M. Pietikäinen, "Face Description with Local Binary Patterns:
Application to Face Recognition", PAMI 2006 (radius 2, 7 x 7 cells on 130 x 150 pixels; without the
weights of their regions, which were chosen on one data set).
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError
from edgecnn.faces.baselines.base import ALIGNMENT, Baseline, Doubles, Floats, Pixels

NEIGHBOURS = 8
BINS = NEIGHBOURS * (NEIGHBOURS - 1) + 3
MAX_SIDE = 1_024
_AT_ONCE = 64
_SLACK = 1e-3
"""Grey levels: interpolation between equal pixels must not make one of them brighter."""


class LbpHistograms(Baseline):
    """Histograms of uniform patterns; needs no learning.

    Args:
        size_wh: Of the crops, in pixels.
        grid_wh: Cells across and down.
        radius: Of the circle of neighbours, in pixels.

    Raises:
        OptionError: Cells without pixels.
    """

    kind = "lbp"

    def __init__(
        self,
        size_wh: tuple[int, int] = (ALIGNMENT.width, ALIGNMENT.height),
        *,
        grid_wh: tuple[int, int] = (7, 7),
        radius: int = 2,
    ) -> None:
        inner = size_wh[0] - 2 * radius, size_wh[1] - 2 * radius
        fits = (
            radius >= 1 and min(grid_wh) >= 1 and inner[0] >= grid_wh[0] and inner[1] >= grid_wh[1]
        )
        if not fits or max(size_wh) > MAX_SIDE:
            raise OptionError(
                f"Crops of {size_wh} with a border of {radius} pixels cannot be cut into "
                f"{grid_wh} cells. Take fewer cells or larger crops, up to {MAX_SIDE} pixels."
            )
        self.size_wh, self.grid_wh, self.radius = size_wh, grid_wh, radius
        columns = np.arange(inner[0]) * grid_wh[0] // inner[0]
        rows = np.arange(inner[1]) * grid_wh[1] // inner[1]
        self._cells = rows[:, None] * grid_wh[0] + columns[None]

    def _vectors(self, crops: Pixels) -> NDArray[Any]:
        cells = self.grid_wh[0] * self.grid_wh[1]
        parts = [np.empty((0, cells * BINS), np.float32)]
        for start in range(0, len(crops), _AT_ONCE):
            codes = patterns(crops[start : start + _AT_ONCE], self.radius)
            parts.append(np.sqrt(self._histograms(codes, cells)))
        return np.concatenate(parts)

    def _histograms(self, codes: NDArray[np.int64], cells: int) -> Floats:
        """(n, cells * BINS), each row with sum 1."""
        count = len(codes)
        places = (np.arange(count)[:, None, None] * cells + self._cells) * BINS + codes
        counts = np.bincount(places.reshape(-1), minlength=count * cells * BINS)
        shape = (count, cells, BINS)
        shares = counts.reshape(shape) / np.bincount(self._cells.reshape(-1))[:, None]
        return (shares / cells).reshape(count, -1).astype(np.float32)

    def distances(self, a: NDArray[Any], b: NDArray[Any]) -> Doubles:
        """(A, B) chi-square distances: 0 for the same histograms, 2 for those without overlap."""
        found = np.empty((len(a), len(b)), np.float64)
        for row, vector in enumerate(a):
            found[row] = self.row_distances(vector[None], b)
        return found

    def row_distances(self, a: NDArray[Any], b: NDArray[Any]) -> Doubles:
        """(n,) chi-square distances of the rows of two sets."""
        first = np.square(np.asarray(a, np.float64))
        second = np.square(np.asarray(b, np.float64))
        total = first + second
        gaps = np.square(first - second)
        np.divide(gaps, total, out=gaps, where=total > 0)
        return np.asarray(gaps.sum(axis=1), np.float64)

    def _settings(self) -> dict[str, Any]:
        return {
            "size_wh": list(self.size_wh), "grid_wh": list(self.grid_wh), "radius": self.radius
        }  # fmt: skip

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {}

    @classmethod
    def _from(cls, settings: dict[str, Any], arrays: dict[str, Any]) -> Self:
        width, height = settings["size_wh"]
        across, down = settings["grid_wh"]
        return cls((width, height), grid_wh=(across, down), radius=settings["radius"], **arrays)


def patterns(crops: Pixels, radius: int) -> NDArray[np.int64]:
    """The pattern at each pixel that has all its neighbours.

    Args:
        crops: (N, H, W) uint8.
        radius: Of the circle, in pixels; neighbours between pixels are interpolated.

    Returns:
        (N, H - 2 radius, W - 2 radius), 0..`BINS` - 1; the last is every pattern that is not
        uniform.
    """
    height, width = crops.shape[1:]
    values = crops.astype(np.float32)
    inner = slice(radius, height - radius), slice(radius, width - radius)
    middle = values[:, inner[0], inner[1]]
    codes = np.zeros(middle.shape, np.int64)
    for number in range(NEIGHBOURS):
        angle = 2 * np.pi * number / NEIGHBOURS
        x, y = radius * np.cos(angle), -radius * np.sin(angle)
        neighbour = _shifted(values, float(np.round(x, 6)), float(np.round(y, 6)), inner)
        codes |= (neighbour >= middle - _SLACK).astype(np.int64) << number
    table: NDArray[np.int64] = _uniform_table()
    return table[codes]


def _shifted(values: Floats, x: float, y: float, inner: tuple[slice, slice]) -> Floats:
    """(N, h, w): what lies (x, y) beside each inner pixel, bilinear."""
    left, top = int(np.floor(x)), int(np.floor(y))
    right_share, bottom_share = x - left, y - top
    total = np.zeros((len(values), *_lengths(inner)), np.float32)
    for down, share_y in ((0, 1 - bottom_share), (1, bottom_share)):
        for across, share_x in ((0, 1 - right_share), (1, right_share)):
            if share_x * share_y == 0:
                continue
            rows = slice(inner[0].start + top + down, inner[0].stop + top + down)
            columns = slice(inner[1].start + left + across, inner[1].stop + left + across)
            total += np.float32(share_x * share_y) * values[:, rows, columns]
    return total


def _lengths(inner: tuple[slice, slice]) -> tuple[int, int]:
    return inner[0].stop - inner[0].start, inner[1].stop - inner[1].start


def _uniform_table() -> NDArray[np.int64]:
    """(256,) bin of each pattern: uniform ones in rising order, the rest in the last bin."""
    bits = (np.arange(2**NEIGHBOURS)[:, None] >> np.arange(NEIGHBOURS)) & 1
    changes = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    table = np.full(2**NEIGHBOURS, BINS - 1, np.int64)
    table[changes <= 2] = np.arange(BINS - 1)
    return table
