"""Small labels on a dark backing, readable on any picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter

from edgecnn.core.chips import Chip, Rectangle, place_chips
from edgecnn.core.palette import INK_RGB, MUTED_RGB, PAPER_RGB, Triple
from gui.overlays.fit import Fit
from gui.theme import body_font

HEIGHT_PX = 22
STRIPE_PX = 3
PAD_PX = 6
_BACKING = QColor(*INK_RGB, 208)
_PAPER = QColor(*PAPER_RGB)
_MUTED = QColor(*MUTED_RGB)


def color_of(triple: Triple) -> QColor:
    """A colour of the palette as Qt's."""
    return QColor(*triple)


@lru_cache(maxsize=2048)
def text_width(text: str, *, strong: bool, small: bool = False) -> float:
    """Width of a text in pixels of the view; kept, because the same words come every frame."""
    return QFontMetricsF(body_font(strong=strong, small=small)).horizontalAdvance(text)


def make_chip(words: str, detail: str, color: Triple, limit: int) -> Chip:
    """A chip, its words shortened so that it is at most ``limit`` pixels wide."""
    fixed = STRIPE_PX + 2 * PAD_PX
    if detail:
        fixed += PAD_PX + round(text_width(detail, strong=False))
    shown = shortened(words, limit - fixed)
    width = fixed + round(text_width(shown, strong=True)) + 1
    return Chip(shown, detail, color, (min(width, max(limit, fixed)), HEIGHT_PX))


@lru_cache(maxsize=1024)
def shortened(words: str, limit: float, *, strong: bool = True) -> str:
    """Words cut with an ellipsis where they are wider than ``limit`` pixels."""
    metrics = QFontMetricsF(body_font(strong=strong))
    return metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(limit, 0.0))


def paint_chips(
    painter: QPainter, chips: Sequence[Chip], boxes: Sequence[Rectangle], area: Fit
) -> None:
    """Paint chips at their boxes, apart from one another as far as there is room.

    Args:
        painter: Of the view.
        chips: The more important first.
        boxes: Of each chip's object, in the view.
        area: Chips stay inside the picture.
    """
    moved = [(x0 - area.x, y0 - area.y, x1 - area.x, y1 - area.y) for x0, y0, x1, y1 in boxes]
    corners = place_chips(chips, moved, (area.width, area.height))
    for chip, (x, y) in reversed(list(zip(chips, corners, strict=True))):
        paint_chip(painter, chip, x + area.x, y + area.y)


def paint_chip(painter: QPainter, chip: Chip, x: int, y: int) -> None:
    """Paint one chip with its left upper corner at a place."""
    width, height = chip.size_wh
    painter.fillRect(x, y, width, height, _BACKING)
    painter.fillRect(x, y, STRIPE_PX, height, color_of(chip.color))
    left = x + STRIPE_PX + PAD_PX
    painter.setFont(body_font(strong=True))
    painter.setPen(_PAPER)
    base = _baseline(y)
    painter.drawText(QPointF(left, base), chip.words)
    if chip.detail:
        left += round(text_width(chip.words, strong=True)) + PAD_PX
        painter.setFont(body_font())
        painter.setPen(_MUTED)
        painter.drawText(QPointF(left, base), chip.detail)


def paint_backing(painter: QPainter, rectangle: QRectF) -> None:
    """Darken a part of the picture, so that text on it can be read."""
    painter.fillRect(rectangle, _BACKING)


@lru_cache(maxsize=1)
def _text_metrics() -> tuple[float, float]:
    metrics = QFontMetricsF(body_font(strong=True))
    return metrics.ascent(), metrics.descent()


def _baseline(top: int) -> float:
    ascent, descent = _text_metrics()
    return round(top + (HEIGHT_PX + ascent - descent) / 2)
