"""The sheet of keyboard shortcuts, drawn from the table in two columns."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.shortcuts import SHORTCUTS
from gui.theme import GROUP_PX
from gui.widgets.labels import label

_BETWEEN_PX = 40


class ShortcutSheet(QDialog):
    """Closes with Escape, or with the key that opened it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        columns = QHBoxLayout()
        columns.setSpacing(_BETWEEN_PX)
        grid, row = _new_column(columns), 0
        for section, group in groupby(SHORTCUTS.values(), key=lambda shortcut: shortcut.section):
            if row > len(SHORTCUTS) / 2:
                grid, row = _new_column(columns), 0
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
        layout.addLayout(columns)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)


def _new_column(columns: QHBoxLayout) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(24)
    grid.setVerticalSpacing(6)
    column = QVBoxLayout()
    column.addLayout(grid)
    column.addStretch(1)
    columns.addLayout(column)
    return grid
