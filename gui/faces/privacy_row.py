"""Whose faces are hidden: in the view, and in snapshots and recordings."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from gui.faces.veil import Hide
from gui.settings import HIDES, Settings
from gui.theme import GAP_PX
from gui.widgets.labels import label


class PrivacyRow(QWidget):
    """Emits ``wished`` with the key of a setting and its new value."""

    wished = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: dict[str, QComboBox] = {}
        self.names = QCheckBox(self.tr("Names in what is saved"))
        self.names.setObjectName("names_saved")
        self.names.clicked.connect(lambda on: self.wished.emit("names_saved", on))
        self.words = label(role="secondary", wraps=True)
        self.words.setAccessibleName(self.tr("What is hidden"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label(self.tr("Hide faces"), "heading"))
        layout.addLayout(self._choice("hide_live", self.tr("In the view")))
        layout.addLayout(self._choice("hide_saved", self.tr("In what is saved")))
        layout.addWidget(self.names)
        layout.addWidget(self.words)

    def show_settings(self, settings: Settings, *, recognizes: bool) -> None:
        """Show what holds, and say what it does.

        Args:
            settings: What holds.
            recognizes: Whether a gallery is open, so that some faces may be known.
        """
        for key, box in self.boxes.items():
            box.setCurrentIndex(box.findData(settings[key]))
        self.names.setChecked(bool(settings["names_saved"]))
        self.words.setText(self._said(settings["hide_live"], settings["hide_saved"], recognizes))

    def _said(self, live: Hide, saved: Hide, recognizes: bool) -> str:
        parts = []
        if live == saved == "nobody":
            parts.append(self.tr("Snapshots and recordings show every face."))
        else:
            parts.append(
                self.tr(
                    "In every tab, also in Compare. In what is saved, a coarse mosaic takes the "
                    "place of the face, for good."
                )
            )
        if "unknown" in (live, saved):
            parts.append(
                self.tr(
                    "Who has no name yet counts as unknown, and so does everybody in other tabs."
                )
                if recognizes
                else self.tr("While no gallery is open, everybody is unknown.")
            )
        return " ".join(parts)

    def _choice(self, key: str, title: str) -> QHBoxLayout:
        box = self.boxes[key] = QComboBox()
        box.setObjectName(key)
        box.setAccessibleName(f"{self.tr('Hide faces')}: {title}")
        for hide, words in HIDES.items():
            box.addItem(self.tr(words), hide)
        box.activated.connect(lambda index: self.wished.emit(key, box.itemData(index)))
        row = QHBoxLayout()
        row.setSpacing(GAP_PX)
        row.addWidget(label(title), 1)
        row.addWidget(box)
        return row
