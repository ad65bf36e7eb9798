"""Rows of two lines with a face beside them: for the list of people and that of photographs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from edgecnn.core.image import Pixels
from gui.theme import body_font
from gui.widgets.two_lines import paint_ground, paint_lines

ROW_PX = 56
FACE_PX = 40
STRIP_PX = 48
_EMPTY_PX = 420
LINE = Qt.ItemDataRole.UserRole + 1
BAD = Qt.ItemDataRole.UserRole + 2
FACE = Qt.ItemDataRole.UserRole + 3
MARK = Qt.ItemDataRole.UserRole + 4
Index = QModelIndex | QPersistentModelIndex


def image_of(pixels: Pixels) -> QImage:
    """An RGB thumbnail for Qt, which keeps a copy of its own."""
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_RGB888)
    return image.copy()


def initials(name: str) -> str:
    """What stands where no photo was kept: the first letters of first and last name."""
    parts = [part for part in name.split() if part]
    letters = [parts[0][0], parts[-1][0]] if len(parts) > 1 else [parts[0][0]] if parts else ["?"]
    return "".join(letters).upper()


def paint_face(painter: QPainter, place: QRectF, image: QImage | None, words: str) -> None:
    """A round face, or letters in its place."""
    palette = QApplication.palette()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    path = QPainterPath()
    path.addEllipse(place)
    if image is None:
        painter.fillPath(path, palette.color(QPalette.ColorRole.Mid))
        painter.setFont(body_font(strong=True))
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)
    else:
        painter.setClipPath(path)
        painter.drawImage(place, image)
    painter.restore()


class FaceRows(QListWidget):
    """A list whose rows have a face, a title and a line.

    Role `FACE` holds a `QImage` or None, `MARK` what stands in its place.

    Args:
        empty: What an empty list says.
        parent: Owner.
    """

    def __init__(self, empty: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._empty = empty
        self.setItemDelegate(_Delegate(self))
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)

    def add_row(self, title: str, line: str, *, bad: bool = False) -> QListWidgetItem:
        """A row at the end."""
        item = QListWidgetItem(title)
        self.addItem(item)
        self.set_row(item, line, bad=bad)
        return item

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows, or what an empty list says."""
        super().paintEvent(event)
        if self.count() or not self._empty:
            return
        painter = QPainter(self.viewport())
        painter.setFont(body_font())
        painter.setPen(QApplication.palette().color(QPalette.ColorRole.PlaceholderText))
        room = QRectF(self.viewport().rect())
        aside = max(24.0, (room.width() - _EMPTY_PX) / 2)
        painter.drawText(
            room.adjusted(aside, 24, -aside, -24),
            Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
            self._empty,
        )

    @staticmethod
    def set_row(item: QListWidgetItem, line: str, *, bad: bool = False) -> None:
        """Another second line."""
        item.setData(LINE, line)
        item.setData(BAD, bad)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{item.text()}, {line}")
        item.setToolTip(line)


class _Delegate(QStyledItemDelegate):
    """Paints a row."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        place: QRect = option.rect
        inks = paint_ground(painter, option, bad=bool(index.data(BAD)))
        top = place.top() + (ROW_PX - FACE_PX) // 2
        title = str(index.data())
        paint_face(
            painter,
            QRectF(place.left() + 8, top, FACE_PX, FACE_PX),
            index.data(FACE),
            index.data(MARK) or initials(title),
        )
        left = place.left() + FACE_PX + 18
        room = place.right() - left - 8
        line, top = str(index.data(LINE)), place.top() + 11
        paint_lines(painter, title, line, inks, left=left, top=top, room=room)


class FaceStrip(QWidget):
    """Faces side by side, as many as fit, and how many more there are.

    Attributes:
        images: What is shown.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.images: tuple[QImage, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(STRIP_PX)

    def show_faces(self, thumbs: Sequence[Pixels]) -> None:
        """Show thumbnails."""
        self.images = tuple(image_of(thumb) for thumb in thumbs)
        self.setVisible(bool(self.images))
        self.setAccessibleDescription(self.tr("%s faces") % len(self.images))
        self.update()

    def paintEvent(self, event: object) -> None:
        """From left to right."""
        painter = QPainter(self)
        step = STRIP_PX + 8
        room = max(1, (self.width() + 8) // step)
        shown = self.images if len(self.images) <= room else self.images[: room - 1]
        for number, image in enumerate(shown):
            paint_face(painter, QRectF(number * step, 0, STRIP_PX, STRIP_PX), image, "")
        if len(shown) < len(self.images):
            painter.setFont(body_font())
            painter.setPen(QColor(self.palette().color(QPalette.ColorRole.WindowText)))
            rest = QRectF(len(shown) * step, 0, STRIP_PX, STRIP_PX)
            painter.drawText(
                rest, Qt.AlignmentFlag.AlignCenter, f"+{len(self.images) - len(shown)}"
            )
