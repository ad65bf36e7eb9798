"""The list of results: name, number, bar; a class keeps its place while it stays."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from edgecnn.core.palette import class_color
from gui.rows import Row
from gui.theme import body_font

ROW_PX = 34
_SHOWN = 7
_LEAST = 3
"""So many rows stay in a low window, in which threshold and classes are to be seen as well."""


class ResultsList(QWidget):
    """Shows `Row`s; says one sentence when there are none.

    Attributes:
        rows: What is shown if there is room.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMaximumHeight(ROW_PX * _SHOWN)
        self.setAccessibleName(self.tr("Results"))
        self.rows: tuple[Row, ...] = ()
        self._nothing = ""

    def show_rows(self, rows: Sequence[Row], nothing: str) -> None:
        """Show rows, or the sentence when there are none."""
        self.rows = tuple(rows[:_SHOWN])
        self._nothing = nothing
        said = ", ".join(_words(row) for row in self.rows)
        self.setAccessibleDescription(said or nothing)
        self.update()

    def sizeHint(self) -> QSize:
        """Room for all rows, however many there are, so that nothing below moves."""
        return QSize(240, ROW_PX * _SHOWN)

    def minimumSizeHint(self) -> QSize:
        """Room for some."""
        return QSize(120, ROW_PX * _LEAST)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Each row: name at the left, number at the right, the bar below."""
        painter = QPainter(self)
        palette = self.palette()
        if not self.rows:
            painter.setFont(body_font())
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            flags = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(0, 4, self.width(), 60), int(flags), self._nothing)
            return
        track = palette.color(QPalette.ColorRole.Mid)
        text = palette.color(QPalette.ColorRole.WindowText)
        secondary = palette.color(QPalette.ColorRole.PlaceholderText)
        width = self.width()
        numbers = QFontMetricsF(body_font())
        reading_w = numbers.horizontalAdvance("0.00") + 8
        for index, row in enumerate(self.rows[: max(1, self.height() // ROW_PX)]):
            top = index * ROW_PX
            painter.setFont(body_font())
            painter.setPen(secondary if row.faded else text)
            fill = QColor(*class_color(row.color_id, "rgb"))
            count = f"{row.count}  " if row.count > 1 else ""
            if row.plain:
                painter.fillRect(QRectF(0, top + 6, 4, 16), fill)
                words = numbers.elidedText(
                    count + row.label, Qt.TextElideMode.ElideRight, width - 12
                )
                flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
                painter.drawText(QRectF(12, top, width - 12, 28), flags, words)
                continue
            room = width - reading_w
            words = numbers.elidedText(count + row.label, Qt.TextElideMode.ElideRight, room)
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, top, room, 22), middle | Qt.AlignmentFlag.AlignLeft, words)
            painter.setPen(secondary)
            painter.drawText(
                QRectF(0, top, width, 22), middle | Qt.AlignmentFlag.AlignRight, row.reading
            )
            painter.fillRect(QRectF(0, top + 24, width, 4), track)
            share = min(max(row.score, 0.0), 1.0)
            painter.fillRect(QRectF(0, top + 24, width * share, 4), fill)


def _words(row: Row) -> str:
    return f"{row.count} {row.label}" if row.count > 1 else f"{row.label} {row.reading}".rstrip()
