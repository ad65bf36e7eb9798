"""Which picture stands behind people: shown small, chosen, dropped, or taken away again."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.backdrop import Backdrop, Choice
from gui.dropped import dropped_files
from gui.effects import plain_wall
from gui.theme import GAP_PX, RADIUS_PX
from gui.widgets.labels import label

_SMALL_WH = (80, 50)
_KINDS = "*.jpg *.jpeg *.png *.webp *.bmp *.tif *.tiff"


class BackdropRow(QWidget):
    """Emits ``chosen`` with the path of a picture, or with nothing for the plain wall."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self._path = ""
        self._choice = Choice()
        self._over = False
        self.small = _Small()
        self.name = label()
        self.hint = label(self.tr("Or drop a picture here"), "secondary")
        self.problem = label(role="danger", wraps=True)
        self.problem.setAccessibleName(self.tr("What is wrong with the picture"))
        self.problem.hide()
        self.choose = QPushButton(self.tr("Choose picture…"))
        self.choose.setObjectName("choose_backdrop")
        self.choose.setToolTip(self.tr("Put a picture of yours behind people"))
        self.choose.clicked.connect(self._ask)
        self.wall = QPushButton(self.tr("Plain wall"))
        self.wall.setObjectName("plain_wall")
        self.wall.setToolTip(self.tr("No picture: a plain wall, as behind a portrait"))
        self.wall.clicked.connect(lambda: self.chosen.emit(""))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.name)
        words.addWidget(self.hint)
        what = QHBoxLayout()
        what.setSpacing(GAP_PX)
        what.addWidget(self.small)
        what.addLayout(words, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_PX)
        buttons.addWidget(self.choose, 1)
        buttons.addWidget(self.wall, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setSpacing(GAP_PX)
        layout.addLayout(what)
        layout.addWidget(self.problem)
        layout.addLayout(buttons)
        self._say()

    def show_path(self, path: str) -> None:
        """What was asked for; it may still be on its way."""
        if path != self._path:
            self._path = path
            self._say()

    def show_choice(self, choice: Choice) -> None:
        """What was read."""
        if choice is not self._choice:
            self._choice = choice
            self.small.show_backdrop(choice.backdrop)
            self._say()

    def _say(self) -> None:
        name = Path(self._path).name if self._path else self.tr("Plain wall")
        self.name.setText(name)
        self.name.setToolTip(self._path)
        self.small.setAccessibleName(self.tr("Behind people: %s") % name)
        problem = self._choice.problem if self._choice.path == self._path else ""
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.wall.setEnabled(bool(self._path))

    def _ask(self) -> None:
        kinds = f"{self.tr('Pictures')} ({_KINDS});;{self.tr('All files')} (*)"
        title = self.tr("Picture to put behind people")
        folder = str(Path(self._path).parent) if self._path else ""
        chosen = QFileDialog.getOpenFileName(self, title, folder, kinds)[0]
        if chosen:
            self.chosen.emit(chosen)

    # -- dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file may be dropped; the frame says where."""
        if dropped_files(event):
            event.acceptProposedAction()
            self._show_over(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """It went elsewhere."""
        self._show_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """What was dropped stands behind people."""
        self._show_over(False)
        paths = dropped_files(event)
        if paths:
            event.acceptProposedAction()
            self.chosen.emit(str(paths[0]))

    def _show_over(self, over: bool) -> None:
        self._over = over
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A frame while something is dragged over it."""
        if self._over:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1.5))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)


class _Small(QWidget):
    """The picture, or the wall, small."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(*_SMALL_WH)
        self.show_backdrop(None)

    def show_backdrop(self, backdrop: Backdrop | None) -> None:
        """Show one; None is the wall."""
        # A copy of the right size for a dense screen; Qt scales it for others.
        size_wh = (2 * _SMALL_WH[0], 2 * _SMALL_WH[1])
        pixels = plain_wall(size_wh) if backdrop is None else backdrop.covering(size_wh)
        memory = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA), np.uint8)
        form = QImage.Format.Format_RGB32
        self._image = QImage(memory.data, *size_wh, memory.strides[0], form).copy()
        self.update()

    def sizeHint(self) -> QSize:
        """Small."""
        return QSize(*_SMALL_WH)

    def paintEvent(self, event: QPaintEvent) -> None:
        """With round corners, as everything else."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        place = QRectF(self.rect())
        shape = QPainterPath()
        shape.addRoundedRect(place, RADIUS_PX, RADIUS_PX)
        painter.setClipPath(shape)
        painter.drawImage(place, self._image)
        painter.setClipping(False)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
