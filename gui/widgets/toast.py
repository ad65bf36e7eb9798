"""A sentence at the head of the view that goes away by itself."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from edgecnn.core.palette import INK_RGB
from gui.theme import body_font

STAYS_MS = 5000
TOP_PX = 20
_GAP_PX = 8
_MOST_PX = 16_000


class Toast(QLabel):
    """Says one thing at a time, over the picture, and takes no clicks.

    Args:
        parent: What it lies over.
        taken: How many pixels of the head of ``parent`` something else takes.
    """

    def __init__(self, parent: QWidget, taken: Callable[[], int] = lambda: 0) -> None:
        super().__init__(parent)
        self._taken = taken
        self.setObjectName("toast")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(body_font())
        self.setStyleSheet("color: white; padding: 8px 14px;")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(STAYS_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def say(self, words: str) -> None:
        """Show a sentence for five seconds; it replaces the one before."""
        self.setText(words)
        self.setAccessibleName(words)
        self.place()
        self.show()
        self.raise_()
        self._timer.start()

    def place(self) -> None:
        """Move to the head of the parent: results lie at its foot."""
        parent = self.parentWidget()
        if parent is None:
            return
        self.setWordWrap(False)
        self.setMinimumWidth(0)
        self.setMaximumWidth(_MOST_PX)
        self.adjustSize()
        room = parent.width() - 32
        if self.width() > room:
            self.setWordWrap(True)
            self.setFixedWidth(room)
            self.adjustSize()
        self.keep_clear()

    def keep_clear(self) -> None:
        """Move below what takes the head of the parent now."""
        parent = self.parentWidget()
        if parent is not None:
            top = max(TOP_PX, self._taken() + _GAP_PX)
            self.move((parent.width() - self.width()) // 2, top)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A dark backing, then the words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(*INK_RGB, 225))
        painter.drawRoundedRect(self.rect(), 8, 8)
        painter.end()
        super().paintEvent(event)
