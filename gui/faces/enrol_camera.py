"""The guided part of an enrolment: the live picture, what to do now, and how far it is."""

from __future__ import annotations

import time

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from edgecnn.core.results import Floats
from edgecnn.faces.guided import POSES
from edgecnn.video.frame import Frame
from gui.faces.enrol_watch import Sight
from gui.notices import SPINNER_AFTER_S, WORDS_AFTER_S, Action, Notice
from gui.overlays.scene import Look
from gui.theme import GAP_PX, body_font
from gui.widgets.labels import label
from gui.widgets.video_view import VideoView

_HOLD_S = 0.5
"""Advice stays so long, else words that alternate could not be read."""
_AROUND = 1.5
"""Size of the oval relative to the box of a face, which ends at the eyebrows."""
_RIM = QColor(10, 12, 15, 150)
_PAPER = QColor(255, 255, 255)
_PHOTOS = Action("photos", "Add photos instead")


class GuideView(VideoView):
    """The live picture with an oval around the face, which fills as good frames come in."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes: Floats | None = None
        self._progress = 0.0

    def show_guide(self, boxes_xyxy: Floats | None, progress: float) -> None:
        """Where faces are, in pixels of the frame, and how far it is, 0..1."""
        if boxes_xyxy is not self._boxes or progress != self._progress:
            self._boxes, self._progress = boxes_xyxy, progress
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture, then the oval."""
        super().paintEvent(event)
        area = self.area
        if area is None or self._boxes is None or self.notice is not None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(area.x, area.y, area.width, area.height)
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        for x0, y0, x1, y1 in area.boxes(self._boxes).tolist():
            wide, high = (x1 - x0) * _AROUND, (y1 - y0) * _AROUND * 1.15
            middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2 - (y1 - y0) * 0.1
            oval = QRectF(middle_x - wide / 2, middle_y - high / 2, wide, high)
            for color, width in ((_RIM, 5), (_PAPER, 2)):
                painter.setPen(QPen(color, width))
                painter.drawEllipse(oval)
            if len(self._boxes) == 1 and self._progress > 0:
                pen = QPen(accent, 5)
                pen.setCapStyle(Qt.PenCapStyle.RoundCap)
                painter.setPen(pen)
                painter.drawArc(oval, 90 * 16, -round(self._progress * 360 * 16))


class Steps(QWidget):
    """The poses as bars that fill one after the other, each with its name below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Progress"))
        self._titles = (self.tr("Front"), self.tr("Left"), self.tr("Right"))
        self._pose = -1
        self._progress = 0.0
        self.show_progress(0, 0.0)

    def show_progress(self, pose: int, progress: float) -> None:
        """Which pose is wanted, and how far all of it is, 0..1."""
        if (pose, progress) == (self._pose, self._progress):
            return
        self._pose, self._progress = pose, progress
        self.setAccessibleDescription(self.tr("%s of %s looks taken") % (pose, len(POSES)))
        self.update()

    def sizeHint(self) -> QSize:
        """A bar with a line of words."""
        return QSize(360, 30)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bars and names."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = QApplication.palette()  # the stylesheet makes the widget's own one too faint
        wide = (self.width() - GAP_PX * (len(POSES) - 1)) / len(POSES)
        for number, title in enumerate(self._titles):
            left = number * (wide + GAP_PX)
            share = min(max(self._progress * len(POSES) - number, 0.0), 1.0)
            painter.setPen(Qt.PenStyle.NoPen)
            for length, role in (
                (wide, QPalette.ColorRole.Mid),
                (wide * share, QPalette.ColorRole.Highlight),
            ):
                painter.setBrush(palette.color(role))
                painter.drawRoundedRect(QRectF(left, 2, length, 6), 3, 3)
            done, wanted = number < self._pose, number == self._pose
            painter.setFont(body_font(strong=wanted))
            role = QPalette.ColorRole.WindowText if wanted else QPalette.ColorRole.PlaceholderText
            painter.setPen(palette.color(role))
            words = f"✓ {title}" if done else title
            place = QRectF(left, 12, wide, 18)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)


class CameraPage(QWidget):
    """Emits ``again`` to forget what the camera saw, and ``photos`` for the other page."""

    again = Signal()
    photos = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = GuideView()
        self.view.setMinimumSize(240, 180)
        self.view.setAccessibleName(self.tr("Live picture"))
        self.view.acted.connect(lambda _: self.photos.emit())
        self.words = label(role="large")
        self.words.setAccessibleName(self.tr("What to do now"))
        self.words.setMinimumHeight(28)
        self.steps = Steps()
        self.restart = QPushButton(self.tr("Start again"))
        self.restart.setObjectName("enrolAgain")
        self.restart.setAutoDefault(False)
        self.restart.setToolTip(self.tr("Forget what the camera saw"))
        self.restart.clicked.connect(self.again)
        self._since_s = time.monotonic()
        self._said_s = 0.0
        below = QHBoxLayout()
        below.setSpacing(GAP_PX)
        below.addWidget(self.words, 1)
        below.addWidget(self.restart)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self.view, 1)
        layout.addLayout(below)
        layout.addWidget(self.steps)

    def show_frame(self, frame: Frame | None, sight: Sight) -> None:
        """The newest frame, what was found in the last that was looked at, and what is wrong."""
        self.view.background = self.palette().color(QPalette.ColorRole.Window)
        if frame is not self.view.frame:
            self.view.show_frame(frame, None, Look())
        self.view.show_notice(self._notice(frame, sight))

    def show_sight(self, sight: Sight) -> None:
        """What to do now, and how far it is."""
        self.view.show_guide(sight.boxes_xyxy, sight.progress)
        self.steps.show_progress(sight.pose, sight.progress)
        self.restart.setEnabled(sight.progress > 0)
        self._say(sight)

    def _say(self, sight: Sight) -> None:
        words = f"{sight.words[0].upper()}{sight.words[1:]}."
        if not sight.ready or self.view.frame is None:
            words = ""
        now_s = time.monotonic()
        if words == self.words.text():
            return
        # Advice alternates; that a look was taken is said at once.
        if sight.pose == len(POSES) or not sight.progress or now_s - self._said_s >= _HOLD_S:
            self._said_s = now_s
            self.words.setText(words)
            self.words.setToolTip(words)
            self.words.setAccessibleDescription(words)

    def _notice(self, frame: Frame | None, sight: Sight) -> Notice | None:
        waited_s = time.monotonic() - self._since_s
        if sight.problem:
            return Notice(self.tr("This does not work"), sight.problem)
        if sight.pose == len(POSES):
            return None
        if frame is None and waited_s > SPINNER_AFTER_S:
            words = self.tr("No picture comes from the source. Choose a camera in the window.")
            return Notice(self.tr("No picture"), words, actions=(_PHOTOS,))
        if sight.ready or waited_s < SPINNER_AFTER_S:
            return None
        return Notice("", self.tr("Opening the models.") if waited_s > WORDS_AFTER_S else "", True)
