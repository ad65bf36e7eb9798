"""The strip at the bottom: rate, times of the stages, age, drops, load and a curve."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QWidget

from gui.performance import MODEL_STAGES, Readings
from gui.theme import body_font

HEIGHT_PX = 32
_GAP_PX = 20
_CURVE_PX = 140


class PerformanceStrip(QWidget):
    """Shows `Readings`. A click or Space asks to collapse it to the rate alone, or to open it."""

    toggled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(HEIGHT_PX)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Performance"))
        self._hint = self.tr("Click or Ctrl+P: less or more")
        self.setToolTip(self._hint)
        self._readings = Readings()
        self._gallery = ""
        self._open = True

    @property
    def words(self) -> str:
        """All that is shown, as one line; what a screen reader says."""
        return "   ".join(text for text, _ in self._parts())

    def set_open(self, open_: bool) -> None:
        """Show everything, or the rate alone."""
        self._open = open_
        self.update()

    def show_readings(self, readings: Readings) -> None:
        """Show new numbers; whoever calls keeps to four times a second."""
        self._readings = readings
        self.setToolTip("\n".join(part for part in (readings.table(), self._hint) if part))
        self.setAccessibleDescription(self.words)
        self.update()

    def show_gallery(self, words: str) -> None:
        """State of the gallery of people, beside the rate; empty where it does not matter."""
        if words != self._gallery:
            self._gallery = words
            self.setAccessibleDescription(self.words)
            self.update()

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(900, HEIGHT_PX)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click asks for less or more."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.toggled.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space and Return do what a click does."""
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.toggled.emit()
        else:
            super().keyPressEvent(event)

    def _parts(self) -> list[tuple[str, bool]]:
        """Texts from left to right, and whether each stands out."""
        now = self._readings
        parts = [(self.tr("%s fps") % f"{now.shown_fps:.1f}", True)]
        if self._gallery:
            parts.append((self._gallery, False))
        if not self._open:
            return parts
        if now.model_ms > 0:
            named = " · ".join(
                f"{stage.name} {stage.p50_ms:.1f}"
                for stage in now.stages
                if stage.name in MODEL_STAGES
            )
            parts.append((f"{now.model_ms:.1f} ms", True))
            parts.append((named, False))
            parts.append((self.tr("age %s ms") % f"{now.age_ms:.0f}", False))
        parts.append((self.tr("%s dropped") % now.dropped, False))
        if now.failed:
            parts.append((self.tr("%s failed") % now.failed, False))
        parts.append((f"CPU {now.cpu_percent:.0f} %", False))
        parts.append((f"{now.memory_mb:.0f} MB", False))
        return parts

    def paintEvent(self, event: QPaintEvent) -> None:
        """Texts as far as there is room, then the curve at the right."""
        painter = QPainter(self)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.AlternateBase))
        border = palette.color(QPalette.ColorRole.Mid)
        painter.fillRect(0, 0, self.width(), 1, border)
        curve = _CURVE_PX if self._open and len(self._readings.history_ms) > 1 else 0
        left, end = 12.0, self.width() - 12.0 - (curve + _GAP_PX if curve else 0)
        for text, strong in self._parts():
            font = body_font(small=not strong, strong=strong)
            width = QFontMetricsF(font).horizontalAdvance(text)
            if left + width > end:
                break
            painter.setFont(font)
            role = QPalette.ColorRole.WindowText if strong else QPalette.ColorRole.PlaceholderText
            painter.setPen(palette.color(role))
            painter.drawText(
                QRectF(left, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, text
            )
            left += _place_width(text, width) + _GAP_PX
        if curve:
            place = QRectF(self.width() - 12 - curve, 6, curve, self.height() - 12)
            accent = palette.color(QPalette.ColorRole.Highlight)
            _paint_curve(painter, self._readings.history_ms, place, accent)
        if self.hasFocus():
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))


def _place_width(text: str, width: float) -> float:
    """Width reserved for a text, in steps, so that what follows does not dance with a digit."""
    return -(-width // 12) * 12 if any(letter.isdigit() for letter in text) else width


def _paint_curve(painter: QPainter, values: Sequence[float], place: QRectF, color: QColor) -> None:
    """A line through values, from 0 at the bottom to the greatest of them."""
    top = max(max(values) * 1.15, 1.0)
    step = place.width() / max(len(values) - 1, 1)
    points = [
        QPointF(place.left() + index * step, place.bottom() - place.height() * value / top)
        for index, value in enumerate(values)
    ]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ground = QPolygonF([*points, place.bottomRight(), place.bottomLeft()])
    faint = QColor(color)
    faint.setAlpha(40)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(faint)
    painter.drawPolygon(ground)
    painter.setPen(QPen(color, 1.4))
    painter.drawPolyline(QPolygonF(points))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
