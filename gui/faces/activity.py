"""Whether somebody uses the app: keys, mouse, wheel and touch in any of its windows."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QApplication

_KINDS = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.TouchBegin,
        QEvent.Type.Wheel,
    }
)


class Activity(QObject):
    """Emits ``seen`` while it watches; every event of the app passes it, so it watches briefly."""

    seen = Signal()

    def watch(self, on: bool) -> None:
        """Begin or end."""
        app = QApplication.instance()
        if app is None:
            return
        app.removeEventFilter(self)
        if on:
            app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look at an event and let it pass."""
        if event.type() in _KINDS:
            self.seen.emit()
        return False
