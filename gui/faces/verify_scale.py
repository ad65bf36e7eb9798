"""The distance of two faces on a line, with the threshold that decides."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from gui.theme import body_font

_LEAST = 1.0
_MARGIN = 8
_BAR_Y, _BAR_PX = 12, 6


class DistanceScale(QWidget):
    """A line from 0 on; to the left of the threshold it is the same person.

    Attributes:
        distance, threshold: What is shown; None shows an empty line.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Distance"))
        self.distance: float | None = None
        self.threshold: float | None = None

    def show_distance(self, distance: float | None, threshold: float | None) -> None:
        """Show a distance and the threshold."""
        self.distance, self.threshold = distance, threshold
        said = "" if distance is None else f"{distance:.3f}"
        if distance is not None and threshold is not None:
            said = self.tr("%s, threshold %s") % (said, f"{threshold:.3f}")
        self.setAccessibleDescription(said)
        self.update()

    def sizeHint(self) -> QSize:
        """A line with words below."""
        return QSize(400, 40)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The line, the threshold, the distance."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = QApplication.palette()
        accent = palette.color(QPalette.ColorRole.Highlight)
        most = max(_LEAST, 1.15 * (self.distance or 0.0), 2.0 * (self.threshold or 0.0))
        width = self.width() - 2 * _MARGIN

        def place(value: float) -> float:
            return _MARGIN + width * min(value / most, 1.0)

        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(QPalette.ColorRole.Mid))
        painter.drawRoundedRect(QRectF(_MARGIN, _BAR_Y, width, _BAR_PX), 3, 3)
        if self.threshold is not None:
            faint = QColor(accent)
            faint.setAlpha(110)
            painter.setBrush(faint)
            inside = place(self.threshold) - _MARGIN
            painter.drawRoundedRect(QRectF(_MARGIN, _BAR_Y, inside, _BAR_PX), 3, 3)
            x = place(self.threshold)
            text = palette.color(QPalette.ColorRole.WindowText)
            painter.setPen(QPen(text, 2))
            painter.drawLine(QPointF(x, _BAR_Y - 5), QPointF(x, _BAR_Y + _BAR_PX + 5))
            painter.setFont(body_font(small=True))
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            middle = Qt.AlignmentFlag.AlignCenter
            words = QRectF(x - 60, _BAR_Y + 11, 120, 16)
            painter.drawText(words, middle, self.tr("threshold"))
            before, after = QRectF(_MARGIN, words.y(), 160, 16), QRectF(0, words.y(), 0, 16)
            after.setLeft(self.width() - _MARGIN - 160)
            after.setRight(self.width() - _MARGIN)
            painter.drawText(before, Qt.AlignmentFlag.AlignLeft, self.tr("the same person"))
            painter.drawText(after, Qt.AlignmentFlag.AlignRight, self.tr("different people"))
        if self.distance is not None:
            painter.setBrush(accent)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.WindowText), 2))
            painter.drawEllipse(QPointF(place(self.distance), _BAR_Y + _BAR_PX / 2), 7, 7)
