"""The list of all models and variants of a tab, each with its figures, as a popup."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui.catalogue import ModelCard, VariantCard, size_words
from gui.state import ModelChoice
from gui.theme import body_font

_WIDTH_PX = 380
_HEAD_PX, _ROW_PX = 40, 44
Index = QModelIndex | QPersistentModelIndex
CHOICE = Qt.ItemDataRole.UserRole
DETAIL = Qt.ItemDataRole.UserRole + 1


class VariantModel(QAbstractListModel):
    """Models as headings that cannot be chosen, and under each its variants."""

    def __init__(self, models: Sequence[ModelCard], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[tuple[str, str, ModelChoice | None]] = []
        for model in models:
            self._rows.append((model.title, model.about, None))
            automatic = self.tr("Automatic")
            said = self.tr("What is fastest on this machine")
            self._rows.append((automatic, said, ModelChoice(model.name)))
            self._rows += [
                (variant.title, detail_of(variant), variant.choice) for variant in model.variants
            ]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        """Headings and variants."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Title, details, or the choice behind a row."""
        title, detail, choice = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{title}, {detail}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return detail
        if role == DETAIL:
            return detail
        return choice if role == CHOICE else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Headings are not for choosing."""
        if self._rows[index.row()][2] is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def row_of(self, choice: ModelChoice) -> int:
        """The row of a choice, whatever its number of threads; -1 when it is not listed."""
        for row, (_, _, listed) in enumerate(self._rows):
            if listed is not None and _variant(listed) == _variant(choice):
                return row
        return -1


def _variant(choice: ModelChoice) -> tuple[str, str | None, str | None, str | None]:
    compute = None if choice.compute == "f32" else choice.compute
    return choice.model, choice.precision, choice.backend, compute


def detail_of(variant: VariantCard) -> str:
    """Size, accuracy and speed, as far as they are known."""
    parts = [size_words(variant.megabytes), variant.accuracy, variant.speed]
    return " · ".join(part for part in parts if part)


class _Delegate(QStyledItemDelegate):
    """Two lines a row: the title, and below it the figures."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(_WIDTH_PX - 20, _HEAD_PX if _is_heading(index) else _ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        place: QRect = option.rect
        palette: QPalette = option.palette
        state = option.state
        heading = _is_heading(index)
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        over = bool(state & QStyle.StateFlag.State_MouseOver) and not heading
        words, detail = QPalette.ColorRole.WindowText, QPalette.ColorRole.PlaceholderText
        if chosen:
            painter.fillRect(place, palette.color(QPalette.ColorRole.Highlight))
            words = detail = QPalette.ColorRole.HighlightedText
        elif over:
            painter.fillRect(place, palette.color(QPalette.ColorRole.Mid))
        if heading and index.row() > 0:
            painter.fillRect(
                place.left() + 10, place.top(), place.width() - 20, 1,
                palette.color(QPalette.ColorRole.Mid),
            )  # fmt: skip
        left = place.left() + (10 if heading else 22)
        room = place.right() - 10 - left
        lines = (
            (str(index.data()), body_font(strong=heading), words, 5),
            (str(index.data(DETAIL)), body_font(small=True), detail, 22),
        )
        for text, font, role, top in lines:
            painter.setFont(font)
            painter.setPen(palette.color(role))
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
            painter.drawText(
                QRect(left, place.top() + top, room, 18), Qt.AlignmentFlag.AlignVCenter, shown
            )


def _is_heading(index: Index) -> bool:
    return index.data(CHOICE) is None


class VariantPicker(QFrame):
    """The popup. Emits ``chosen`` with a `ModelChoice` that names model and variant."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("variantPicker")
        self.list = QListView(self)
        self.list.setObjectName("variants")
        self.list.setAccessibleName(self.tr("Models and variants"))
        self.list.setItemDelegate(_Delegate(self.list))
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.clicked.connect(self._choose)
        self.list.activated.connect(self._choose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list)

    def open_at(self, below: QWidget, models: Sequence[ModelCard], now: ModelChoice) -> None:
        """Open under a widget, with the choice in force selected."""
        model = VariantModel(models, self)
        old = self.list.model()
        self.list.setModel(model)
        if old is not None:
            old.deleteLater()
        rows = model.rowCount()
        heads = len(models)
        height = heads * _HEAD_PX + (rows - heads) * _ROW_PX + 6
        corner = below.mapToGlobal(below.rect().bottomRight())
        room = below.screen().availableGeometry()
        top = corner.y() + 4
        height = min(height, max(160, room.bottom() - top))
        left = max(room.left(), corner.x() - _WIDTH_PX)
        self.setGeometry(left, top, _WIDTH_PX, height)
        row = model.row_of(now)
        if row >= 0:
            self.list.setCurrentIndex(model.index(row))
        self.show()
        self.list.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        choice = index.data(CHOICE)
        # A list tells of a click and of an activation both: the first one closes the popup.
        if choice is not None and self.isVisible():
            self.hide()
            self.chosen.emit(choice)
