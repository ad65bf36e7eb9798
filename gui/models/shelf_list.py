"""The list of all models, two lines each: the title, and what can be said in a line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from gui.models.shelf import ShelfCard
from gui.widgets.two_lines import paint_ground, paint_lines

ROW_PX = 48
_NAME = Qt.ItemDataRole.UserRole
_LINE = Qt.ItemDataRole.UserRole + 1
_BAD = Qt.ItemDataRole.UserRole + 2
Index = QModelIndex | QPersistentModelIndex


class ShelfList(QListWidget):
    """Emits ``picked`` with the name of the model that is looked at."""

    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shelf")
        self.setAccessibleName(self.tr("Models"))
        self.setItemDelegate(_Delegate(self))
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.currentItemChanged.connect(self._changed)

    def show_shelf(self, cards: Sequence[ShelfCard], chosen: str) -> None:
        """List models; ``chosen`` stays chosen, or else the first is."""
        self.blockSignals(True)
        self.clear()
        row = 0
        for number, card in enumerate(cards):
            words = self.tr("Yours · %s") % card.line if card.own else card.line
            item = QListWidgetItem(card.title)
            item.setData(_NAME, card.name)
            item.setData(_LINE, words)
            item.setData(_BAD, bool(card.problem))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{card.title}, {words}")
            item.setToolTip(card.problem or words)
            self.addItem(item)
            if card.name == chosen:
                row = number
        self.blockSignals(False)
        self.setCurrentRow(row)
        self._changed(self.currentItem())

    def _changed(self, item: QListWidgetItem | None, *_: object) -> None:
        if item is not None:
            self.picked.emit(item.data(_NAME))


class _Delegate(QStyledItemDelegate):
    """Paints both lines."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        place: QRect = option.rect
        inks = paint_ground(painter, option, bad=bool(index.data(_BAD)))
        title, line = str(index.data()), str(index.data(_LINE))
        left, room = place.left() + 12, place.width() - 24
        paint_lines(painter, title, line, inks, left=left, top=place.top() + 7, room=room)
