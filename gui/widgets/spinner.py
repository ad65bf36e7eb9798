"""A turning arc that says: something is under way."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget


class Spinner(QWidget):
    """Turns while it is visible, and costs nothing when it is not."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(28, 28)
        self.setAccessibleName(self.tr("Working"))
        self._angle = 0
        self._timer = QTimer(self)
        self._timer.setInterval(40)
        self._timer.timeout.connect(self._turn)

    def sizeHint(self) -> QSize:
        """A square of 28 pixels."""
        return QSize(28, 28)

    def setVisible(self, visible: bool) -> None:
        """Show and turn, or hide and rest."""
        super().setVisible(visible)
        if visible and not self._timer.isActive():
            self._timer.start()
        elif not visible:
            self._timer.stop()

    def _turn(self) -> None:
        self._angle = (self._angle + 12) % 360
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """An arc over a faint ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = QRectF(self.rect()).adjusted(4, 4, -4, -4)
        faint = self.palette().color(QPalette.ColorRole.Mid)
        painter.setPen(QPen(faint, 3))
        painter.drawEllipse(ring)
        pen = QPen(self.palette().color(QPalette.ColorRole.Highlight), 3)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawArc(ring, -self._angle * 16, 100 * 16)
