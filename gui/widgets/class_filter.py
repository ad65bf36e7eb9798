"""Which classes are asked for: a button that says it, and a popup with a search field."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.theme import GAP_PX
from gui.widgets.labels import label

_WIDTH_PX, _HEIGHT_PX = 260, 360


class ClassFilter(QWidget):
    """Emits ``chosen`` with a frozenset of labels, or None for all classes."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: tuple[str, ...] = ()
        self._wanted: frozenset[str] | None = None
        self.button = QPushButton()
        self.button.setObjectName("classes")
        self.button.setToolTip(self.tr("Show only some classes (C)"))
        self.button.clicked.connect(self.open_popup)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label(self.tr("Classes"), "heading"))
        layout.addWidget(self.button)
        self.popup = _Popup(self)
        self.popup.changed.connect(self._changed)
        self._say()

    def show_classes(self, labels: Sequence[str], wanted: frozenset[str] | None) -> None:
        """The classes of the model, and those that are asked for."""
        if tuple(labels) == self._labels and wanted == self._wanted:
            return
        self._labels, self._wanted = tuple(labels), wanted
        self.button.setEnabled(bool(labels))
        self._say()

    def open_popup(self) -> None:
        """Open the list."""
        if self._labels:
            self.popup.open_above(self.button, self._labels, self._wanted)

    def _changed(self, wanted: frozenset[str] | None) -> None:
        self._wanted = wanted
        self._say()
        self.chosen.emit(wanted)

    def _say(self) -> None:
        wanted = None if self._wanted is None else sorted(self._wanted & set(self._labels))
        if not wanted:
            words = self.tr("All classes")
        elif len(wanted) <= 2:
            words = ", ".join(wanted)
        else:
            words = self.tr("%s of %s classes") % (len(wanted), len(self._labels))
        self.button.setText(words)
        self.button.setAccessibleName(self.tr("Classes: %s") % words)


class _Popup(QFrame):
    """A list with a tick before each class, a search field and *All*."""

    changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("page")
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search classes"))
        self.search.setAccessibleName(self.tr("Search classes"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._narrow)
        self.every = QPushButton(self.tr("All"))
        self.every.setAccessibleName(self.tr("All classes"))
        self.every.clicked.connect(self._all)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Classes"))
        self.list.itemChanged.connect(self._ticked)
        top = QHBoxLayout()
        top.setSpacing(GAP_PX)
        top.addWidget(self.search, 1)
        top.addWidget(self.every)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP_PX, GAP_PX, GAP_PX, GAP_PX)
        layout.setSpacing(GAP_PX)
        layout.addLayout(top)
        layout.addWidget(self.list)

    def open_above(
        self, button: QWidget, labels: Sequence[str], wanted: frozenset[str] | None
    ) -> None:
        """Open beside a button, wherever the screen has room."""
        self.list.blockSignals(True)
        self.list.clear()
        for name in sorted(labels):
            item = QListWidgetItem(name, self.list)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            ticked = wanted is not None and name in wanted
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self.list.blockSignals(False)
        self.search.clear()
        corner = button.mapToGlobal(button.rect().topRight())
        room = button.screen().availableGeometry()
        top = max(room.top(), corner.y() - _HEIGHT_PX - 4)
        self.setGeometry(max(room.left(), corner.x() - _WIDTH_PX), top, _WIDTH_PX, _HEIGHT_PX)
        self.show()
        self.search.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(row) for row in range(self.list.count())]

    def _narrow(self, text: str) -> None:
        for item in self._items():
            item.setHidden(text.strip().lower() not in item.text().lower())

    def _all(self) -> None:
        self.list.blockSignals(True)
        for item in self._items():
            item.setCheckState(Qt.CheckState.Unchecked)
        self.list.blockSignals(False)
        self.changed.emit(None)

    def _ticked(self) -> None:
        checked = Qt.CheckState.Checked
        names = frozenset(item.text() for item in self._items() if item.checkState() == checked)
        self.changed.emit(names or None)
