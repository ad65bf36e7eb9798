"""The live view: the picture as large as fits, what the model says over it, and states in words.

A frame is scaled to the device's pixels by OpenCV (`gui.widgets.scaled`) and drawn once, which is
several times faster than to let Qt scale it. Boxes and words are painted in the pixels of the view.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from edgecnn.core.image import Pixels
from edgecnn.core.palette import Triple
from edgecnn.core.results import Result, Segmentation
from edgecnn.video.frame import Frame
from gui.effects import apply_effect
from gui.notices import Notice
from gui.overlays.chips import HEIGHT_PX, make_chip, paint_chip
from gui.overlays.fit import Fit, fit
from gui.overlays.held import HeldNumbers
from gui.overlays.scene import Look, paint_result
from gui.widgets.notice_card import NoticeCard
from gui.widgets.scaled import Scaled

_DIM = QColor(10, 12, 15, 165)
_CORNER_PX = 12


@dataclass(frozen=True, slots=True)
class Corner:
    """A label in the corner: words, a detail, and the colour of its stripe."""

    words: str
    detail: str = ""
    color: Triple = (255, 255, 255)


class VideoView(QWidget):
    """Shows one frame at a time; whoever owns it decides which.

    Attributes:
        painted: How many frames were painted; a repaint of the same frame does not count.
        paint_ms: How long the last paint took, in milliseconds.
    """

    acted = Signal(str)
    full_screen_wished = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAccessibleName(self.tr("Live view"))
        self.card = NoticeCard(self)
        self.card.acted.connect(self.acted)
        self.background = QColor("#0d0f12")
        self.painted = 0
        self.paint_ms = 0.0
        self._frame: Frame | None = None
        self._result: Result | None = None
        self._look = Look()
        self._numbers = HeldNumbers()
        self._corner: Corner | None = None
        self._notice: Notice | None = None
        self._image: QImage | None = None
        self._scaled = Scaled()
        self._fresh = False

    @property
    def frame(self) -> Frame | None:
        """The frame that is shown."""
        return self._frame

    @property
    def result(self) -> Result | None:
        """What is painted over it."""
        return self._result

    @property
    def notice(self) -> Notice | None:
        """What is said over it; None while nothing is."""
        return self._notice

    @property
    def area(self) -> Fit | None:
        """Where the picture lies in the view; None without one."""
        if self._frame is None:
            return None
        return fit(self._frame.size_wh, (self.width(), self.height()))

    def show_frame(self, frame: Frame | None, result: Result | None, look: Look) -> None:
        """Show a frame and what a model says about it; None shows an empty view."""
        self._fresh = frame is not None and (self._fresh or frame is not self._frame)
        self._frame, self._result, self._look = frame, result, look
        self._image = None
        self.update()

    def show_look(self, look: Look) -> None:
        """Show the same frame and result another way."""
        if look == self._look:
            return
        redo = isinstance(self._result, Segmentation) and (
            (look.effect, look.threshold, look.backdrop)
            != (self._look.effect, self._look.threshold, self._look.backdrop)
        )
        self._look = look
        if redo:
            self._image = None
        self.update()

    def show_notice(self, notice: Notice | None) -> None:
        """Say something over the dimmed picture; None says nothing."""
        if notice != self._notice:
            self._notice = notice
            self.card.show_notice(notice)
            self.update()

    def show_corner(self, corner: Corner | None) -> None:
        """A short label in the upper left corner, such as "Frozen"; None for none."""
        if corner != self._corner:
            self._corner = corner
            self.update()

    @property
    def corner_bottom_px(self) -> int:
        """Where the corner label ends, from the top of the view; 0 without one."""
        area = self.area
        if self._corner is None or area is None:
            return 0
        return area.y + _CORNER_PX + HEIGHT_PX

    def sizeHint(self) -> QSize:
        """Room for a 4:3 picture."""
        return QSize(800, 600)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Scale the frame anew, move the card."""
        super().resizeEvent(event)
        self._image = None
        self.card.place()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click asks for the full screen."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.full_screen_wished.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture, the result, the corner label, and a veil while there is a notice."""
        start_s = time.perf_counter()
        area = self.area
        if self._image is None and self._frame is not None and area is not None:
            self._image = self._scaled.image(self._frame, self._device_wh(area), self._with_regions)
        painter = QPainter(self)
        if area is None or self._image is None:
            painter.fillRect(self.rect(), self.background)
        else:
            self._fill_around(painter, area)
            painter.drawImage(QRect(area.x, area.y, area.width, area.height), self._image)
            if self._result is not None:
                paint_result(painter, self._result, self._look, area, self._numbers)
            if self._notice is not None:
                painter.fillRect(self.rect(), _DIM)
            if self._corner is not None:
                corner = self._corner
                chip = make_chip(
                    corner.words, corner.detail, corner.color, area.width - 2 * _CORNER_PX
                )
                paint_chip(painter, chip, area.x + _CORNER_PX, area.y + _CORNER_PX)
        painter.end()
        self.painted += self._fresh
        self._fresh = False
        self.paint_ms = (time.perf_counter() - start_s) * 1e3

    def _fill_around(self, painter: QPainter, area: Fit) -> None:
        """Only what the picture does not cover: filling all of it costs as much as the picture."""
        width, height = self.width(), self.height()
        painter.fillRect(0, 0, width, area.y, self.background)
        painter.fillRect(0, area.bottom, width, height - area.bottom, self.background)
        painter.fillRect(0, area.y, area.x, area.height, self.background)
        painter.fillRect(area.right, area.y, width - area.right, area.height, self.background)

    def _device_wh(self, area: Fit) -> tuple[int, int]:
        """Size of an area in the pixels of the device."""
        ratio = self.devicePixelRatioF()
        return max(1, round(area.width * ratio)), max(1, round(area.height * ratio))

    def _with_regions(self, pixels: Pixels) -> Pixels:
        """The scaled picture with its regions, if the result has some."""
        if not isinstance(self._result, Segmentation):
            return pixels
        look = self._look
        return apply_effect(pixels, self._result, look.effect, look.threshold, look.backdrop)
