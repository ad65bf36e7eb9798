"""What the dialogs about the passphrase share: words, a form, a problem, and waiting in place."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.faces.session import FaceSession
from gui.theme import GAP_PX, GROUP_PX
from gui.widgets.labels import label
from gui.widgets.spinner import Spinner

_WIDTH_PX = 440


class SecretDialog(QDialog):
    """A dialog that does one slow thing with the gallery and closes when it is done.

    Args:
        session: Does it.
        title: Of the window and at its head.
        words: What happens here, in a sentence or two.
        act: On the button.
        parent: The window.
    """

    def __init__(
        self, session: FaceSession, title: str, words: str, act: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setFixedWidth(_WIDTH_PX)
        self.session = session
        self.words = label(words, wraps=True)
        self.problem = label(role="danger", wraps=True)
        self.problem.setAccessibleName(self.tr("What is wrong"))
        self.problem.hide()
        self.act = QPushButton(act)
        self.act.setObjectName("act")
        self.act.setProperty("role", "accent")
        self.act.setDefault(True)
        self.act.clicked.connect(self.try_it)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setObjectName("cancel")
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.reject)
        self._spinner = Spinner()
        self._spinner.hide()
        self.body = QVBoxLayout()
        self.body.setSpacing(GAP_PX)
        buttons = self.buttons = QHBoxLayout()
        buttons.setSpacing(GAP_PX)
        buttons.addWidget(self._spinner)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.act)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, GROUP_PX, 24, GROUP_PX)
        layout.setSpacing(GROUP_PX)
        layout.addWidget(label(title, "title"))
        layout.addWidget(self.words)
        layout.addLayout(self.body)
        layout.addWidget(self.problem)
        layout.addLayout(buttons)

    def try_it(self) -> None:
        """What the button does."""
        raise NotImplementedError

    def inputs(self) -> list[QWidget]:
        """What cannot be used while it is being done."""
        return []

    def say(self, problem: str) -> None:
        """Show what is wrong; empty hides it."""
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.fit()

    def fit(self) -> None:
        """Be as high as what is shown asks for."""
        # From the inside outwards: a layout asks its children for heights that they know already.
        for child in (*reversed(self.findChildren(QWidget)), self):
            inside = child.layout()
            if inside is not None:
                inside.invalidate()
                inside.activate()
        layout = self.layout()
        if layout is not None:
            self.setFixedHeight(layout.totalHeightForWidth(_WIDTH_PX))

    def show_busy(self, busy: bool) -> None:
        """Turn the spinner and hold back the inputs, or give them free again."""
        if busy:  # else the focus goes to Cancel, and a second Return with it
            self.setFocus()
        self._spinner.setVisible(busy)
        self.act.setEnabled(not busy)
        for widget in self.inputs():
            widget.setEnabled(not busy)
        cursor = Qt.CursorShape.BusyCursor if busy else Qt.CursorShape.ArrowCursor
        self.setCursor(cursor)
