"""Painting a row of a list that has two lines: a title, and what can be said in small below it."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem

from gui.theme import body_font

_LINE_PX = 16
_APART_PX = 18

Inks = tuple[QPalette.ColorRole, QPalette.ColorRole]


def paint_ground(painter: QPainter, option: QStyleOptionViewItem, *, bad: bool) -> Inks:
    """Fill a row that is selected or pointed at.

    Args:
        painter: Of the list.
        option: Place and state of the row.
        bad: The second line is about something wrong.

    Returns:
        Colours of the title and of the second line.
    """
    # The stylesheet makes the option's own secondary colour too faint to read.
    palette = QApplication.palette()
    if option.state & QStyle.StateFlag.State_Selected:
        painter.fillRect(option.rect, palette.color(QPalette.ColorRole.Highlight))
        return QPalette.ColorRole.HighlightedText, QPalette.ColorRole.HighlightedText
    if option.state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(option.rect, palette.color(QPalette.ColorRole.Mid))
    detail = QPalette.ColorRole.BrightText if bad else QPalette.ColorRole.PlaceholderText
    return QPalette.ColorRole.WindowText, detail


def paint_lines(
    painter: QPainter, title: str, line: str, inks: Inks, *, left: int, top: int, room: int
) -> None:
    """Both lines, cut off with an ellipsis where they are too long.

    Args:
        painter: Of the list.
        title: The first line, emphasised.
        line: The second.
        inks: From `paint_ground`.
        left: Where both begin, in pixels of the list.
        top: Of the first line, in pixels of the list.
        room: Width in pixels.
    """
    palette = QApplication.palette()
    texts = ((title, body_font(strong=True)), (line, body_font(small=True)))
    for number, ((text, font), ink) in enumerate(zip(texts, inks, strict=True)):
        painter.setFont(font)
        painter.setPen(palette.color(ink))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
        place = QRect(left, top + number * _APART_PX, room, _LINE_PX)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)
