"""The settings dialog, drawn from the table of fields. A change holds at once."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from gui.settings import FIELDS, Field, Settings
from gui.theme import GAP_PX, GROUP_PX
from gui.widgets.labels import label
from gui.widgets.number_field import padded


class SettingsDialog(QDialog):
    """Emits ``changed`` with the key of a setting that has another value now."""

    changed = Signal(str)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle(self.tr("Settings"))
        self.setMinimumWidth(480)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, GROUP_PX, 24, 24)
        layout.setSpacing(GAP_PX)
        for section, fields in groupby(FIELDS.values(), key=lambda field: field.section):
            layout.addSpacing(GAP_PX)
            layout.addWidget(label(self.tr(section), "heading"))
            for field in fields:
                self._add(layout, field)
        layout.addStretch(1)

    def _add(self, layout: QVBoxLayout, field: Field) -> None:
        editor = self._editor(field)
        editor.setObjectName(f"setting_{field.key}")
        editor.setAccessibleName(self.tr(field.title))
        if field.note:
            editor.setAccessibleDescription(self.tr(field.note))
        if field.kind == "flag":
            layout.addWidget(editor)
        elif field.kind == "folder":
            layout.addWidget(label(self.tr(field.title)))
            layout.addLayout(self._with_chooser(editor, field))
        else:
            row = QHBoxLayout()
            row.addWidget(label(self.tr(field.title)), 1)
            row.addWidget(editor)
            layout.addLayout(row)
        if field.note:
            layout.addWidget(label(self.tr(field.note), "secondary", wraps=True))

    def _editor(self, field: Field) -> QWidget:
        value = self._settings[field.key]
        if field.kind == "choice":
            box = QComboBox()
            for key, title in (field.choices or {}).items():
                box.addItem(self.tr(title), key)
            box.setCurrentIndex(box.findData(value))
            box.activated.connect(lambda index: self._set(field, box.itemData(index)))
            return box
        if field.kind == "flag":
            tick = QCheckBox(self.tr(field.title))
            tick.setChecked(value)
            tick.toggled.connect(partial(self._set, field))
            return tick
        if field.kind == "number":
            number = padded(QSpinBox())
            number.setRange(field.low, field.high)
            number.setSpecialValueText(self.tr(field.zero))
            number.setValue(value)
            number.valueChanged.connect(partial(self._set, field))
            return number
        text = QLineEdit(value)
        text.editingFinished.connect(lambda: self._set(field, text.text().strip()))
        return text

    def _with_chooser(self, editor: QWidget, field: Field) -> QHBoxLayout:
        choose = QPushButton(self.tr("Choose…"))
        choose.setAccessibleName(self.tr("Choose a folder"))

        def chosen() -> None:
            folder = QFileDialog.getExistingDirectory(self, self.tr(field.title))
            if folder and isinstance(editor, QLineEdit):
                editor.setText(folder)
                self._set(field, folder)

        choose.clicked.connect(chosen)
        row = QHBoxLayout()
        row.addWidget(editor, 1)
        row.addWidget(choose)
        return row

    def _set(self, field: Field, value: Any) -> None:
        if value != self._settings[field.key]:
            self._settings[field.key] = value
            self.changed.emit(field.key)
