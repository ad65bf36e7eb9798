"""The card in the middle of the view: what state the source is in, and what can be done."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.notices import Action, Notice
from gui.theme import GAP_PX, GROUP_PX
from gui.widgets.spinner import Spinner

_TEXT_PX = 380


class NoticeCard(QWidget):
    """Shows a `Notice`; emits ``acted`` with the key of the button that was pressed."""

    acted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notice: Notice | None = None
        self._spinner = Spinner(self)
        self._title = QLabel(self)
        self._title.setProperty("role", "title")
        self._message = QLabel(self)
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(GAP_PX)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, GROUP_PX, 24, GROUP_PX)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self._spinner, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._title, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._message, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addLayout(self._buttons)
        self.hide()

    def show_notice(self, notice: Notice | None) -> None:
        """Show it, in the middle of the parent; None hides the card."""
        if notice == self._notice:
            return
        before, self._notice = self._notice, notice
        if notice is None:
            self.hide()
            return
        self._spinner.setVisible(notice.busy)
        self._title.setText(notice.title)
        self._title.setVisible(bool(notice.title))
        self._message.setText(notice.message)
        self._message.setVisible(bool(notice.message))
        if notice.message:
            # A wrapped label asks for its height only when its width is settled.
            wide = self._message.fontMetrics().horizontalAdvance(notice.message) + 8
            wide = min(wide, _TEXT_PX)
            self._message.setFixedSize(wide, self._message.heightForWidth(wide))
        self.setAccessibleName(notice.title or self.tr("Working"))
        self.setAccessibleDescription(notice.message)
        if before is None or before.actions != notice.actions:
            self._set_actions(notice.actions)
        self.show()
        self.place()

    def place(self) -> None:
        """Move to the middle of the parent."""
        parent = self.parentWidget()
        self.adjustSize()
        if parent is not None:
            self.move((parent.width() - self.width()) // 2, (parent.height() - self.height()) // 2)

    def _set_actions(self, actions: tuple[Action, ...]) -> None:
        while (item := self._buttons.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        for index, action in enumerate(actions):
            button = QPushButton(self.tr(action.title), self)
            button.setObjectName(f"notice_{action.key}")
            button.setAutoDefault(True)
            if index == 0:
                button.setProperty("role", "accent")
            button.clicked.connect(lambda _=False, key=action.key: self.acted.emit(key))
            self._buttons.addWidget(button)
            # On a card that is shown already, a button counts for the size only when it is shown.
            button.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A rounded panel."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self.palette().color(QPalette.ColorRole.AlternateBase))
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 10, 10)
