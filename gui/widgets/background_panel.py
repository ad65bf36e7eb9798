"""What the Segment tab does with the picture: tint people, or blur or replace the background."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.backdrop import Choice
from gui.state import EFFECTS, TabState
from gui.theme import GAP_PX
from gui.widgets.backdrop_row import BackdropRow
from gui.widgets.labels import label


class BackgroundPanel(QWidget):
    """Emits ``changed`` with a dictionary of changes to the tab's state."""

    changed = Signal(dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        titles = {
            "tint": (self.tr("Tint"), self.tr("Tint people")),
            "blur": (self.tr("Blur"), self.tr("Blur the background")),
            "replace": (self.tr("Replace"), self.tr("Put a picture or a plain wall behind people")),
        }
        self._group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(GAP_PX)
        for effect in EFFECTS:
            title, hint = titles[effect]
            button = QPushButton(title)
            button.setCheckable(True)
            button.setObjectName(f"effect_{effect}")
            button.setProperty("role", "choice")
            button.setToolTip(hint)
            button.setAccessibleName(hint)
            button.clicked.connect(lambda _=False, e=effect: self.changed.emit({"effect": e}))
            self._group.addButton(button)
            row.addWidget(button, 1)
        self.backdrop = BackdropRow()
        self.backdrop.chosen.connect(lambda path: self.changed.emit({"background": path}))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label(self.tr("Background"), "heading"))
        layout.addLayout(row)
        layout.addWidget(self.backdrop)

    def show_tab(self, tab: TabState) -> None:
        """Press the button of the effect in force; only *Replace* needs a picture."""
        for button in self._group.buttons():
            button.setChecked(button.objectName() == f"effect_{tab.effect}")
        self.backdrop.setVisible(tab.effect == "replace")
        self.backdrop.show_path(tab.background)

    def show_choice(self, choice: Choice) -> None:
        """The picture that was read, or why it could not be."""
        self.backdrop.show_choice(choice)
