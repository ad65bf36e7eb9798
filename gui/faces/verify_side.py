"""One side of the comparison: a photograph, which of its faces, and how the embedder sees it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.faces.enrol_photos import KINDS
from gui.faces.people_rows import image_of
from gui.faces.verify_look import Candidate, Looked
from gui.notices import Action, Notice
from gui.overlays.scene import Look
from gui.theme import GAP_PX, body_font
from gui.widgets.labels import label
from gui.widgets.video_view import VideoView

CROP_PX = 112
_CHOOSE = Action("choose", "Choose a photo…")
_INK = QColor(10, 12, 15, 190)
_PAPER = QColor(255, 255, 255)


class PhotoView(VideoView):
    """A photograph with its faces; emits ``face_clicked`` with the position of one."""

    face_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes: list[QRectF] = []
        self._chosen = -1

    def show_faces(self, looked: Looked | None, chosen: int) -> None:
        """A photograph and which face is meant; -1 for none."""
        self._boxes = []
        if looked is not None:
            self._boxes = [
                QRectF(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in looked.boxes_xyxy.tolist()
            ]
        self._chosen = chosen
        self.show_frame(None if looked is None else looked.frame, None, Look())

    def _places(self) -> list[QRectF]:
        """The boxes in the view."""
        area = self.area
        if area is None:
            return []
        scale = area.width / area.picture_wh[0]
        return [
            QRectF(
                area.x + box.x() * scale,
                area.y + box.y() * scale,
                box.width() * scale,
                box.height() * scale,
            )
            for box in self._boxes
        ]

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture, a box a face, and a number where there are several."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        for number, place in enumerate(self._places()):
            chosen = number == self._chosen
            width = 3 if chosen else 2
            for pen in (QPen(_INK, width + 2), QPen(accent if chosen else _PAPER, width)):
                painter.setPen(pen)
                painter.drawRoundedRect(place, 4, 4)
            if len(self._boxes) > 1:
                chip = QRectF(place.left(), place.top() - 22, 22, 20)
                painter.fillRect(chip, accent if chosen else _INK)
                painter.setFont(body_font(strong=True))
                painter.setPen(_PAPER)
                painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, str(number + 1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a face chooses it."""
        for number, place in enumerate(self._places()):
            if place.contains(event.position()):
                self.face_clicked.emit(number)
                return
        super().mousePressEvent(event)


class VerifySide(QWidget):
    """Emits ``given`` with the path of a photo, and ``changed`` when another face is meant.

    Args:
        name: ``left`` or ``right``, for object names.
        words: The same for people.
    """

    given = Signal(object)
    changed = Signal()

    def __init__(self, name: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.looked: Looked | None = None
        self.chosen = -1
        self.title = label(role="title")
        self.title.setMinimumHeight(30)
        self.replace = QPushButton(self.tr("Another photo…"))
        self.replace.setObjectName(f"verify_{name}")
        self.replace.setAccessibleName(self.tr("Another photo on the %s") % words)
        self.replace.setAutoDefault(False)
        self.replace.clicked.connect(self.ask_for_photo)
        self.view = PhotoView()
        self.view.setMinimumSize(240, 160)
        self.view.setAccessibleName(self.tr("Photo on the %s") % words)
        self.view.acted.connect(lambda _: self.ask_for_photo())
        self.view.face_clicked.connect(self.choose)
        self.crop = QLabel()
        self.crop.setFixedSize(CROP_PX, CROP_PX)
        self.crop.setScaledContents(True)
        self.crop.setAccessibleName(self.tr("Face as the embedder sees it"))
        self.which = QComboBox()
        self.which.setObjectName(f"which_{name}")
        self.which.setAccessibleName(self.tr("Which face on the %s") % words)
        self.which.activated.connect(lambda index: self.choose(index - 1))
        self.seen = label(self.tr("As the embedder sees it"), "heading")
        self.quality = label(wraps=True)
        self.quality.setAccessibleName(self.tr("Quality of the face on the %s") % words)
        self.quality.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.numbers = label(role="secondary")
        top = QHBoxLayout()
        top.setSpacing(GAP_PX)
        top.addWidget(self.title, 1)
        top.addWidget(self.replace)
        texts = QVBoxLayout()
        texts.setSpacing(4)
        texts.addWidget(self.seen)
        texts.addWidget(self.which)
        texts.addWidget(self.quality)
        texts.addWidget(self.numbers)
        texts.addStretch(1)
        below = QHBoxLayout()
        below.setSpacing(12)
        below.addWidget(self.crop)
        below.addLayout(texts, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addLayout(top)
        layout.addWidget(self.view, 1)
        layout.addLayout(below)
        self.show_nothing()

    @property
    def candidate(self) -> Candidate | None:
        """The face that is meant; None while there is none, or while it is not chosen."""
        if self.looked is None or not 0 <= self.chosen < len(self.looked.candidates):
            return None
        return self.looked.candidates[self.chosen]

    @property
    def missing(self) -> str:
        """What is missing before anything can be compared, in words."""
        if self.looked is None:
            return self.tr("Give two photos.")
        if not self.looked.candidates:
            return self.tr("There is no face in %s.") % self.looked.path.name
        if self.candidate is None:
            return self.tr("%s shows several people: choose a face.") % self.looked.path.name
        return ""

    def ask_for_photo(self) -> None:
        """Let the user choose a file."""
        kinds = f"{self.tr('Photos')} ({KINDS});;{self.tr('All files')} (*)"
        chosen = QFileDialog.getOpenFileName(self, self.tr("A photo"), "", kinds)[0]
        if chosen:
            self.given.emit(Path(chosen))

    def show_nothing(self, problem: str = "", *, busy: bool = False) -> None:
        """No photograph yet, one that is being looked at, or why one was refused."""
        self.looked, self.chosen = None, -1
        if busy:
            notice = Notice(busy=True)
        elif problem:
            notice = Notice(self.tr("Not read"), problem, actions=(_CHOOSE,))
        else:
            notice = Notice(self.tr("Drop a photo here"), actions=(_CHOOSE,))
        self.view.show_notice(notice)
        self._show()

    def show_looked(self, looked: Looked) -> None:
        """A photograph that was looked at; its face is meant when there is just one."""
        self.looked = looked
        self.chosen = 0 if len(looked.candidates) == 1 else -1
        none = Notice(self.tr("No face found"), looked.path.name, actions=(_CHOOSE,))
        self.view.show_notice(None if looked.candidates else none)
        self.which.clear()
        self.which.addItem(self.tr("Choose a face…"))
        for number in range(len(looked.candidates)):
            self.which.addItem(self.tr("Face %s") % (number + 1))
        self._show()

    def choose(self, number: int) -> None:
        """Mean another face; -1 for none."""
        self.chosen = number
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        looked, candidate = self.looked, self.candidate
        self.view.background = self.palette().color(QPalette.ColorRole.AlternateBase)
        self.view.show_faces(looked, self.chosen)
        self.title.setText("" if looked is None else looked.path.name)
        self.title.setToolTip("" if looked is None else str(looked.path))
        self.replace.setVisible(looked is not None)
        several = looked is not None and len(looked.candidates) > 1
        self.which.setVisible(several)
        if several:
            self.which.setCurrentIndex(self.chosen + 1)
        self.seen.setVisible(candidate is not None)
        self.numbers.setVisible(candidate is not None)
        if candidate is None:
            self.crop.clear()
            self.quality.setText("")
            return
        self.crop.setPixmap(QPixmap.fromImage(image_of(candidate.crop)))
        quality = candidate.quality
        words = "; ".join((*quality.reasons, *quality.hints))
        self.quality.setText(
            f"{words[0].upper()}{words[1:]}." if words else self.tr("A good picture.")
        )
        self.numbers.setText(
            self.tr("%s px between the eyes · sharpness %s · turned %s°")
            % (
                f"{quality.eye_distance_px:.0f}",
                f"{quality.sharpness:.2f}",
                f"{abs(quality.yaw_deg):.0f}",
            )
        )
