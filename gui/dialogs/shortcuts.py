"""The sheet of keyboard shortcuts, drawn from the table."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QVBoxLayout, QWidget

from gui.shortcuts import SHORTCUTS
from gui.theme import GROUP_PX
from gui.widgets.labels import label


class ShortcutSheet(QDialog):
    """Closes with Escape, or with the key that opened it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(6)
        row = 0
        for section, group in groupby(SHORTCUTS.values(), key=lambda shortcut: shortcut.section):
            heading = label(self.tr(section), "heading", wraps=True)
            if row:
                grid.setRowMinimumHeight(row, GROUP_PX)
                row += 1
            grid.addWidget(heading, row, 0, 1, 2)
            row += 1
            for shortcut in group:
                keys = QKeySequence(shortcut.keys)
                name = keys.toString(QKeySequence.SequenceFormat.NativeText)
                key = QLabel(name)
                key.setProperty("role", "title")
                key.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                grid.addWidget(QLabel(self.tr(shortcut.title)), row, 0)
                grid.addWidget(key, row, 1)
                row += 1
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, GROUP_PX, 24, 24)
        layout.addLayout(grid)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
