"""Time and size of both sides as bars of one scale, and the figures beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.catalogue import size_words
from gui.compare.tally import STAGES
from gui.overlays.chips import shortened
from gui.theme import body_font

ROW_PX = 40
_GAP_PX = 24
_TEXT_PX = 20
_BAR_PX = 8
_STRENGTH = {"pre": 110, "infer": 255, "post": 170}
"""Opacity of each stage's part of the bar: one colour, three tones."""


@dataclass(frozen=True, slots=True)
class BarRow:
    """One side.

    Attributes:
        title: In few words.
        megabytes: 10^6 bytes; 0 while it is not known.
        times_ms: Stage -> median, with ``total``; empty while nothing was measured.
    """

    title: str
    megabytes: float = 0.0
    times_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def time_words(self) -> str:
        """The total, then where it goes."""
        if not self.times_ms:
            return "measuring…"
        parts = " · ".join(f"{stage} {self.times_ms[stage]:.1f}" for stage in STAGES)
        return f"{self.times_ms['total']:.1f} ms   {parts}"

    @property
    def size_words(self) -> str:
        """The size."""
        return size_words(self.megabytes) if self.megabytes else "size unknown"


class CostBars(QWidget):
    """Two rows; the longer bar of each column is as wide as the column.

    Attributes:
        rows: What is shown.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Time and size"))
        self.rows: tuple[BarRow, ...] = ()

    def show_rows(self, *rows: BarRow) -> None:
        """Show both sides."""
        if rows == self.rows:
            return
        self.rows = rows
        said = (f"{row.title}: {row.time_words}, {row.size_words}" for row in rows)
        self.setAccessibleDescription("; ".join(said))
        self.update()

    def sizeHint(self) -> QSize:
        """Two rows, whatever they hold."""
        return QSize(900, 2 * ROW_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A column for names, one for time, one for size."""
        painter = QPainter(self)
        names = min(300, self.width() // 4)
        sizes = self.width() // 4
        times = self.width() - names - sizes - 2 * _GAP_PX
        slowest = max((row.times_ms.get("total", 0.0) for row in self.rows), default=0.0)
        largest = max((row.megabytes for row in self.rows), default=0.0)
        for index, row in enumerate(self.rows):
            top = index * ROW_PX
            self._write(painter, QRectF(0, top, names, ROW_PX - 6), row.title, strong=True)
            left = names + _GAP_PX
            self._write(painter, QRectF(left, top, times, _TEXT_PX), row.time_words)
            place = QRectF(left, top + _TEXT_PX, times, _BAR_PX)
            parts = [(row.times_ms.get(stage, 0.0), _STRENGTH[stage]) for stage in STAGES]
            self._bar(painter, place, parts, slowest)
            left += times + _GAP_PX
            self._write(painter, QRectF(left, top, sizes, _TEXT_PX), row.size_words)
            place = QRectF(left, top + _TEXT_PX, sizes, _BAR_PX)
            self._bar(painter, place, [(row.megabytes, 255)], largest)

    def _write(self, painter: QPainter, place: QRectF, words: str, *, strong: bool = False) -> None:
        painter.setFont(body_font(strong=strong))
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(place, flags, shortened(words, place.width(), strong=strong))

    def _bar(
        self, painter: QPainter, place: QRectF, parts: list[tuple[float, int]], whole: float
    ) -> None:
        painter.fillRect(place, self.palette().color(QPalette.ColorRole.Mid))
        if whole <= 0:
            return
        left = place.left()
        for value, strength in parts:
            color = QColor(self.palette().color(QPalette.ColorRole.Highlight))
            color.setAlpha(strength)
            width = place.width() * value / whole
            painter.fillRect(QRectF(left, place.top(), width, place.height()), color)
            left += width
