"""Small labels on pictures: their size, where they go, and how they are painted.

All sizes follow from the picture's, so that a label reads as well at 640 x 480 as at 4K.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edgecnn.core.palette import INK_RGB, MUTED_RGB, PAPER_RGB, Triple, in_order

Pixels = NDArray[np.uint8]
Rectangle = tuple[int, int, int, int]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
# Height of a capital at scale 1. OpenCV 4 draws strokes of 21 pixels there, OpenCV 5 a real font
# of 19, and both report other heights for layout.
_CAPITAL_PX = 20.0
_BACKING = 0.78


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes in pixels for pictures of one size.

    Attributes:
        line: Thickness of lines.
        capital: Height of a capital letter.
        pad: Space around text.
    """

    line: int
    capital: int
    pad: int

    @classmethod
    def of(cls, size_wh: tuple[int, int]) -> Style:
        """The style for a picture: 2-pixel lines and 10-pixel capitals at 640 x 480."""
        # Less than proportional: a larger picture is also looked at for its detail.
        factor = (min(size_wh) / 480) ** 0.75
        return cls(
            line=max(2, round(2 * factor)),
            capital=max(7, round(10 * factor)),
            pad=max(3, round(6 * factor)),
        )

    @property
    def scale(self) -> float:
        """OpenCV's font scale."""
        return self.capital / _CAPITAL_PX

    @property
    def chip_height(self) -> int:
        """Height of a chip."""
        return self.capital + 2 * self.pad

    def weight(self, *, bold: bool) -> int:
        """OpenCV's stroke thickness."""
        return max(1, round(self.capital / 14)) + int(bold)


@dataclass(frozen=True, slots=True)
class Chip:
    """A label: bold words, a lighter detail after them, and a stripe of colour before them.

    Attributes:
        words: For example a class.
        detail: For example a score; may be empty.
        color: Of the stripe, in the picture's order.
        size_wh: Width and height in pixels.
    """

    words: str
    detail: str
    color: Triple
    size_wh: tuple[int, int]


def text_width(text: str, style: Style, *, bold: bool = False) -> int:
    """Width of a text in pixels."""
    (width, _), _ = cv2.getTextSize(text, _FONT, style.scale, style.weight(bold=bold))
    return width


def shortened(text: str, limit: int, style: Style, *, bold: bool = False) -> str:
    """A text cut, with an ellipsis, so that it is at most ``limit`` pixels wide."""
    if text_width(text, style, bold=bold) <= limit:
        return text
    for length in range(len(text) - 1, 0, -1):
        candidate = text[:length].rstrip() + "..."
        if text_width(candidate, style, bold=bold) <= limit:
            return candidate
    return ""


def make_chip(words: str, detail: str, color: Triple, style: Style, limit: int) -> Chip:
    """Measure a chip, and shorten its words so that it is at most ``limit`` pixels wide."""
    fixed = 3 * style.pad + style.line
    if detail:
        fixed += style.pad + text_width(detail, style)
    words = shortened(words, limit - fixed, style, bold=True)
    width = fixed + text_width(words, style, bold=True)
    return Chip(words, detail, color, (min(width, limit), style.chip_height))


def place_chips(
    chips: Sequence[Chip], boxes: Sequence[Rectangle], size_wh: tuple[int, int]
) -> list[tuple[int, int]]:
    """Where chips go: at their box, inside the picture, over one another only when nothing is free.

    Args:
        chips: The more important first: they choose first.
        boxes: (x_min, y_min, x_max, y_max) of each chip's object, whole pixels.
        size_wh: Width and height of the picture.

    Returns:
        The left upper corner of each chip.
    """
    taken: list[Rectangle] = []
    corners = []
    for chip, box in zip(chips, boxes, strict=True):
        best = _freest(_spots(chip.size_wh, box, size_wh), taken)
        taken.append(best)
        corners.append(best[:2])
    return corners


def _freest(spots: Iterable[Rectangle], taken: Sequence[Rectangle]) -> Rectangle:
    """The first spot that shares nothing with what is taken; else the one that shares least."""
    best, least = (0, 0, 0, 0), math.inf
    # Plain comparisons, in one loop: twenty chips ask this some thousand times a picture.
    for spot in spots:
        x0, y0, x1, y1 = spot
        cost = 0
        for left, top, right, bottom in taken:
            if left < x1 and x0 < right and top < y1 and y0 < bottom:
                width = (right if right < x1 else x1) - (left if left > x0 else x0)
                height = (bottom if bottom < y1 else y1) - (top if top > y0 else y0)
                cost += width * height
                if cost >= least:
                    break
        else:
            best, least = spot, cost
            if cost == 0:
                break
    return best


def _spots(
    chip_wh: tuple[int, int], box: Rectangle, size_wh: tuple[int, int]
) -> Iterator[Rectangle]:
    """Possible places of a chip, best first: above the box, inside its edges, below, stacked."""
    (w, h), (x0, y0, x1, y1) = chip_wh, box
    above, below = y0 - h, y1
    wanted = [(x0, above), (x1 - w, above), (x0, y0), (x1 - w, y0), (x0, below), (x0, y1 - h)]
    wanted += [(x1 - w, below), (x1 - w, y1 - h)]
    wanted += [(x0, y0 + step * h) for step in range(1, 6)]
    wanted += [(x0, above - step * h) for step in range(1, 4)]
    lowest, rightmost = size_wh[1] - h, size_wh[0] - w
    # One by one, because the first is free mostly.
    for x, y in [(x, y) for x, y in wanted if 0 <= y <= lowest] or wanted:
        left, top = max(min(x, rightmost), 0), max(min(y, lowest), 0)
        yield left, top, left + w, top + h


def paint_backing(pixels: Pixels, box: Rectangle, color: str) -> None:
    """Darken a part of a picture, so that text on it is read on any background."""
    x0, y0, x1, y1 = box
    part = pixels[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
    if part.size:
        ink = np.full_like(part, in_order(INK_RGB, color))
        part[:] = cv2.addWeighted(part, 1 - _BACKING, ink, _BACKING, 0)


def paint_text(
    pixels: Pixels,
    text: str,
    left_base: tuple[int, int],
    style: Style,
    color: Triple,
    *,
    bold: bool,
) -> None:
    """Write from a left end on a base line."""
    weight = style.weight(bold=bold)
    cv2.putText(pixels, text, left_base, _FONT, style.scale, color, weight, cv2.LINE_AA)


def paint_chip(
    pixels: Pixels, chip: Chip, corner: tuple[int, int], style: Style, color: str
) -> None:
    """Paint a chip into a picture."""
    (x, y), (w, h) = corner, chip.size_wh
    paint_backing(pixels, (x, y, x + w, y + h), color)
    pixels[y : y + h, x : x + style.line] = chip.color
    base = y + style.pad + style.capital
    x += style.line + style.pad
    paint_text(pixels, chip.words, (x, base), style, in_order(PAPER_RGB, color), bold=True)
    x += text_width(chip.words, style, bold=True) + style.pad
    muted = in_order(MUTED_RGB, color)
    paint_text(pixels, chip.detail, (x, base), style, muted, bold=False)
