"""A path that is typed or chosen."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from gui.theme import GAP_PX


class PathRow(QWidget):
    """A field and a button beside it; emits ``changed`` with the path.

    Args:
        name: Object name of the field.
        words: What is chosen, for people.
        folder: A folder, or else a file.
        kinds: Filter of the file dialog.
    """

    changed = Signal(str)

    def __init__(
        self,
        name: str,
        words: str,
        *,
        folder: bool = False,
        kinds: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._words, self._folder, self._kinds = words, folder, kinds
        self.edit = QLineEdit()
        self.edit.setObjectName(name)
        self.edit.setAccessibleName(words)
        self.edit.textChanged.connect(self.changed)
        self.button = QPushButton(self.tr("Choose…"))
        self.button.setAccessibleName(self.tr("Choose: %s") % words)
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self.choose)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self.edit, 1)
        layout.addWidget(self.button)

    @property
    def path(self) -> str:
        """What is there."""
        return self.edit.text().strip()

    def set_path(self, path: str) -> None:
        """Put a path there."""
        self.edit.setText(path)

    def choose(self) -> None:
        """Let the user choose."""
        if self._folder:
            chosen = QFileDialog.getExistingDirectory(self, self._words, self.path)
        else:
            chosen = QFileDialog.getOpenFileName(self, self._words, self.path, self._kinds)[0]
        if chosen:
            self.set_path(chosen)
