"""Agreement of the last frames as a row of bars: where it is low, the two said different things."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.compare.tally import RECENT

HEIGHT_PX = 28


class AgreementStrip(QWidget):
    """One bar a frame, the newest at the right; full height where the two agree."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Agreement of the last frames"))
        self.shares: tuple[float, ...] = ()

    def show_shares(self, shares: Sequence[float], words: str) -> None:
        """Show agreement 0..1 of each frame, oldest first."""
        self.setAccessibleDescription(words)
        self.setToolTip(words)
        if tuple(shares) != self.shares:
            self.shares = tuple(shares)
            self.update()

    def sizeHint(self) -> QSize:
        """As high as two lines."""
        return QSize(600, HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bars from the right."""
        painter = QPainter(self)
        palette = self.palette()
        place = QRectF(self.rect())
        painter.fillRect(place, palette.color(QPalette.ColorRole.AlternateBase))
        step = place.width() / RECENT
        good = palette.color(QPalette.ColorRole.Highlight)
        bad = palette.color(QPalette.ColorRole.BrightText)
        left = place.right() - step * len(self.shares)
        for index, share in enumerate(self.shares):
            x = left + index * step
            height = max(2.0, place.height() * share)
            bar = QRectF(x, place.bottom() - height, max(1.0, step - 1), height)
            if share < 1.0:
                rest = QRectF(x, place.top(), bar.width(), place.height() - height)
                painter.fillRect(rest, bad)
            painter.fillRect(bar, good)
