"""Photographs for an enrolment: each is taken, or refused with its reason."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from edgecnn.video.files import IMAGE_SUFFIXES
from gui.faces.enrol_watch import Photo
from gui.faces.people_rows import FACE, MARK, FaceRows, image_of
from gui.faces.people_thumbs import thumbnail
from gui.theme import GAP_PX

_PATH = Qt.ItemDataRole.UserRole
KINDS = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))


def photos_among(paths: Sequence[Path]) -> list[Path]:
    """Files that are photographs by their name; of folders, those that lie in them."""
    found: list[Path] = []
    for path in paths:
        inside = [path]
        with contextlib.suppress(OSError):  # a folder that may not be read has nothing for us
            inside = sorted(path.iterdir()) if path.is_dir() else [path]
        found += [one for one in inside if one.suffix.lower() in IMAGE_SUFFIXES]
    return found


class PhotosPage(QWidget):
    """Emits ``given`` with a list of paths, and ``dropped`` with one to leave out."""

    given = Signal(list)
    dropped = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Photo, ...] = ()
        self.list = FaceRows(
            self.tr(
                "Drop photos here, or choose them: one person in each, looking at the camera or "
                "turned a little. Three from different days are better than ten from one."
            )
        )
        self.list.setObjectName("enrolPhotos")
        self.list.setAccessibleName(self.tr("Photos"))
        self.list.currentItemChanged.connect(lambda *_: self._show_parts())
        self.choose = QPushButton(self.tr("Choose photos…"))
        self.choose.setObjectName("enrolChoose")
        self.choose.setAutoDefault(False)
        self.choose.clicked.connect(self.ask_for_photos)
        self.leave_out = QPushButton(self.tr("Leave out"))
        self.leave_out.setObjectName("enrolLeaveOut")
        self.leave_out.setToolTip(self.tr("Do not use the chosen photo (Del); the file stays"))
        self.leave_out.setAutoDefault(False)
        self.leave_out.clicked.connect(self._leave_out)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_PX)
        buttons.addWidget(self.choose)
        buttons.addWidget(self.leave_out)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self.list, 1)
        layout.addLayout(buttons)
        self._show_parts()

    def ask_for_photos(self) -> None:
        """Let the user choose files."""
        kinds = f"{self.tr('Photos')} ({KINDS});;{self.tr('All files')} (*)"
        chosen = QFileDialog.getOpenFileNames(self, self.tr("Photos of one person"), "", kinds)[0]
        if chosen:
            self.given.emit([Path(path) for path in chosen])

    def show_photos(self, photos: tuple[Photo, ...]) -> None:
        """What was given, and what came of it."""
        if photos == self._shown:
            return
        known = {photo.path: photo for photo in self._shown}
        before, self._shown = self._shown, photos
        if [photo.path for photo in before] == [photo.path for photo in photos]:
            for row, photo in enumerate(photos):
                if photo is not known[photo.path]:
                    self._fill(self.list.item(row), photo)
        else:
            row = max(0, self.list.currentRow())
            self.list.clear()
            for photo in photos:
                item = self.list.add_row(photo.path.name, "")
                item.setData(_PATH, photo.path)
                self._fill(item, photo)
            self.list.setCurrentRow(min(row, len(photos) - 1))
        self._show_parts()

    def _fill(self, item: QListWidgetItem, photo: Photo) -> None:
        if photo.waiting:
            words = self.tr("Looking at it…")
        elif photo.face is not None:
            words = self.tr("Good")
        else:
            words = self.tr("Refused: %s") % photo.reason
        self.list.set_row(item, words, bad=bool(photo.reason))
        jpeg = None if photo.face is None else photo.face.photo
        small = None if jpeg is None else thumbnail(jpeg)
        item.setData(MARK, "…" if photo.waiting else "✕")
        item.setData(FACE, None if small is None else image_of(small))

    def _show_parts(self) -> None:
        self.leave_out.setEnabled(self.list.currentItem() is not None)

    def _leave_out(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.dropped.emit(item.data(_PATH))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The Delete key leaves a photo out."""
        if event.key() == Qt.Key.Key_Delete and self.list.hasFocus():
            self._leave_out()
        else:
            super().keyPressEvent(event)
