"""Small pieces of text that many parts of the window use."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from gui.theme import body_font


class Line(QLabel):
    """A line of plain text that ends in an ellipsis where it has no room."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, as much of it as fits."""
        painter = QPainter(self)
        fits = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        self.style().drawItemText(
            painter,
            self.rect(),
            int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter),
            self.palette(),
            self.isEnabled(),
            fits,
            self.foregroundRole(),
        )


def label(text: str = "", role: str = "", *, wraps: bool = False) -> QLabel:
    """A label with one of the stylesheet's roles; its text is never read as rich text."""
    made = QLabel(text) if wraps else Line(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setFont(body_font())
    made.setWordWrap(wraps)
    if role:
        made.setProperty("role", role)
    if not wraps:
        made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return made


def line() -> QWidget:
    """A thin line between two groups."""
    made = QFrame()
    made.setObjectName("line")
    made.setFixedHeight(1)
    return made
