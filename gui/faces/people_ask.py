"""A question in place, with what it is about and at most one field: no window over a window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gui.theme import GAP_PX
from gui.widgets.labels import label


class AskPanel(QWidget):
    """Emits ``decided`` with the key of the question and what was typed or chosen."""

    decided = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = ""
        self.words = label(wraps=True)
        self.words.setAccessibleName(self.tr("Question"))
        self.edit = QLineEdit()
        self.edit.setObjectName("askText")
        self.edit.returnPressed.connect(self._decide)
        self.edit.textChanged.connect(self._show_parts)
        self.choice = QComboBox()
        self.choice.setObjectName("askChoice")
        self.sure = QPushButton()
        self.sure.setObjectName("askSure")
        self.sure.setAutoDefault(False)
        self.sure.clicked.connect(self._decide)
        self.leave = QPushButton()
        self.leave.setObjectName("askLeave")
        self.leave.setAutoDefault(False)
        self.leave.clicked.connect(self.close_question)
        row = QHBoxLayout()
        row.setSpacing(GAP_PX)
        row.addWidget(self.edit, 1)
        row.addWidget(self.choice, 1)
        row.addWidget(self.sure)
        row.addWidget(self.leave)
        row.addStretch(0)
        self._row = row
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self.words)
        layout.addLayout(row)
        self.hide()

    def ask(
        self,
        key: str,
        words: str,
        action: str,
        leave: str,
        *,
        field: str = "",
        text: str | None = None,
        choices: Sequence[str] = (),
        danger: bool = False,
    ) -> None:
        """Ask; what was asked before is called off.

        Args:
            key: Handed back with the answer.
            words: The question.
            action: What the button does.
            leave: What the other button does.
            field: What is typed or chosen, for screen readers.
            text: To be changed; None without a text.
            choices: One of which is chosen.
            danger: It destroys something: then the button that does not has the focus.
        """
        self.key = key
        self.words.setText(words)
        self.words.setProperty("role", "danger" if danger else "")
        self.words.style().unpolish(self.words)
        self.words.style().polish(self.words)
        self.sure.setText(action)
        self.leave.setText(leave)
        self.edit.setVisible(text is not None)
        self.edit.setAccessibleName(field)
        self.edit.setText(text or "")
        self.choice.setVisible(bool(choices))
        self.choice.setAccessibleName(field)
        self.choice.clear()
        self.choice.addItems(list(choices))
        alone = text is None and not choices
        self._row.setStretch(self._row.count() - 1, 1 if alone else 0)
        self._show_parts()
        self.show()
        reason = Qt.FocusReason.OtherFocusReason
        if text is not None:
            self.edit.selectAll()
            self.edit.setFocus(reason)
        elif choices:
            self.choice.setFocus(reason)
        else:
            (self.leave if danger else self.sure).setFocus(reason)

    def close_question(self) -> None:
        """Call it off."""
        self.key = ""
        self.hide()

    def _decide(self) -> None:
        if not self.sure.isEnabled() or not self.key:
            return
        key = self.key
        said = self.edit.text() if self.edit.isVisibleTo(self) else self.choice.currentText()
        self.close_question()
        self.decided.emit(key, said)

    def _show_parts(self) -> None:
        typed = bool(self.edit.text().strip()) or not self.edit.isVisibleTo(self)
        self.sure.setEnabled(typed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape calls the question off, and does not close the window behind it."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_question()
        else:
            super().keyPressEvent(event)
