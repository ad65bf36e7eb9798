"""Adding a person, or faces to a person: from the camera, from photographs, or from both.

Nothing is stored before the last button; closing the window forgets all that it saw.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from edgecnn.errors import EdgeCNNError, GalleryError
from edgecnn.faces.guided import POSES
from edgecnn.faces.outcomes import Enrolled, NewFace
from edgecnn.wording import counted
from gui.dropped import dropped_files
from gui.faces.enrol_camera import CameraPage
from gui.faces.enrol_check import Outlook, outlook, store
from gui.faces.enrol_form import EnrolForm
from gui.faces.enrol_frames import Frames
from gui.faces.enrol_photos import PhotosPage, photos_among
from gui.faces.enrol_watch import Sight, Watch
from gui.faces.people_rows import FaceStrip
from gui.faces.people_thumbs import thumbnail
from gui.faces.session import FaceSession
from gui.theme import GAP_PX, GROUP_PX
from gui.widgets.labels import label

LOOK_MS = 33
CHECK_MS = 150
"""After the last letter of a name; each comparison takes all templates."""
_FORM_PX = 320


class EnrolDialog(QDialog):
    """Enrols one person.

    Emits ``stored`` with a sentence when the person is enrolled; the dialog has closed by then.

    Args:
        session: The open gallery; when it is locked the dialog closes and nothing is stored.
        frames: Delivers live frames.
        parent: The window; the dialog is about as large.
        name: Of somebody who is there already and gets more faces; empty for somebody new.
        watch: Looks at frames and photographs; closed with the dialog.

    Attributes:
        enrolled: What came of it; None when it was cancelled.

    Raises:
        GalleryError: The gallery is not open.
    """

    stored = Signal(str)

    def __init__(
        self,
        session: FaceSession,
        frames: Frames,
        parent: QWidget | None = None,
        *,
        name: str = "",
        watch: Watch | None = None,
    ) -> None:
        super().__init__(parent)
        if session.gallery is None:
            raise GalleryError("The gallery is locked. Unlock it before adding a person.")
        self.session = session
        self.enrolled: Enrolled | None = None
        self._frames = frames
        self.watch = Watch(session.gallery) if watch is None else watch
        self._sight = Sight(serial=-1)
        self._faces: tuple[NewFace, ...] = ()
        self._outlook = Outlook()
        self._fresh = False  # whether the outlook is about what is there now
        self._storing = False
        self.setWindowTitle(self.tr("Add faces to %s") % name if name else self.tr("Add a person"))
        self.setAcceptDrops(True)
        self.resize(1180, 740)
        if parent is not None:
            self.resize(parent.window().width() - 40, parent.window().height() - 40)
        self._build(name)
        self._connect()
        self._checking = QTimer(self)
        self._checking.setSingleShot(True)
        self._checking.setInterval(CHECK_MS)
        self._checking.timeout.connect(self._check)
        self._looking = QTimer(self)
        self._looking.setInterval(LOOK_MS)
        self._looking.timeout.connect(self.look)
        self._looking.start()
        self.look()
        self._check_soon()
        (self.form.consent.statement if name else self.form.name).setFocus()

    def _build(self, name: str) -> None:
        self.camera = CameraPage()
        self.photos = PhotosPage()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.camera)
        self.pages.addWidget(self.photos)
        self.by_camera = self._choice("enrolByCamera", self.tr("With the camera"))
        self.by_photos = self._choice("enrolByPhotos", self.tr("From photos"))
        self.by_camera.setChecked(True)
        self._ways = QButtonGroup(self)
        for button in (self.by_camera, self.by_photos):
            self._ways.addButton(button)
        self.form = EnrolForm(name)
        self.count = label("", "heading")
        self.strip = FaceStrip()
        self.strip.hide()
        self.strip.setAccessibleName(self.tr("Faces to enrol"))
        self.warning = label(role="danger", wraps=True)
        self.warning.setAccessibleName(self.tr("What to look at before enrolling"))
        self.same = QPushButton()
        self.same.setObjectName("enrolSame")
        self.same.setAutoDefault(False)
        self.warning.hide()
        self.same.hide()
        self.problem = label(role="danger", wraps=True)
        self.problem.setAccessibleName(self.tr("What is wrong"))
        self.missing = label("", "secondary", wraps=True)
        self.go = QPushButton()
        self.go.setObjectName("enrolGo")
        self.go.setProperty("role", "accent")
        self.go.setAutoDefault(False)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setObjectName("enrolCancel")
        self.cancel.setToolTip(self.tr("Store nothing (Esc)"))
        self.cancel.setAutoDefault(False)
        ways = QHBoxLayout()
        ways.setSpacing(GAP_PX)
        ways.addWidget(self.by_camera)
        ways.addWidget(self.by_photos)
        ways.addStretch(1)
        left = QVBoxLayout()
        left.setSpacing(GAP_PX)
        left.addLayout(ways)
        left.addWidget(self.pages, 1)
        scroll = QScrollArea()
        scroll.setWidget(self._details())
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        right = QVBoxLayout()
        right.setSpacing(GAP_PX)
        right.setContentsMargins(0, 0, 0, 0)
        right.addWidget(scroll, 1)
        right.addWidget(self.warning)
        right.addWidget(self.same)
        right.addWidget(self.problem)
        right.addWidget(self.missing)
        right.addWidget(self.go)
        right.addWidget(self.cancel)
        side = QWidget()
        side.setLayout(right)
        side.setFixedWidth(_FORM_PX)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GROUP_PX, GROUP_PX, GROUP_PX, GROUP_PX)
        layout.setSpacing(GROUP_PX)
        layout.addLayout(left, 1)
        layout.addWidget(side)
        photos, form, agreed = self.photos, self.form, self.form.consent
        order = (self.by_camera, self.by_photos, self.camera.restart, photos.list, photos.choose,
                 photos.leave_out, form.name, agreed.statement, agreed.purpose, agreed.until,
                 agreed.date, form.keep, self.same, self.go, self.cancel)  # fmt: skip
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _details(self) -> QWidget:
        made = QWidget()
        made.setObjectName("page")
        layout = QVBoxLayout(made)
        layout.setContentsMargins(0, 0, GAP_PX, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self.form)
        layout.addSpacing(GAP_PX)
        layout.addWidget(self.count)
        layout.addWidget(self.strip)
        layout.addStretch(1)
        return made

    def _choice(self, name: str, words: str) -> QPushButton:
        button = QPushButton(words)
        button.setObjectName(name)
        button.setProperty("role", "choice")
        button.setCheckable(True)
        button.setAutoDefault(False)
        return button

    def _connect(self) -> None:
        self.by_camera.clicked.connect(lambda: self.pages.setCurrentWidget(self.camera))
        self.by_photos.clicked.connect(lambda: self.pages.setCurrentWidget(self.photos))
        self.camera.again.connect(self.watch.start_again)
        self.camera.photos.connect(self.by_photos.click)
        self.photos.given.connect(self.give_photos)
        self.photos.dropped.connect(self._drop_photo)
        self.form.named.connect(self._check_soon)
        self.form.edited.connect(self.session.touch)
        self.same.clicked.connect(self._take_the_other_name)
        self.go.clicked.connect(self.enrol)
        self.cancel.clicked.connect(self.reject)
        self.session.changed.connect(self._session_changed)
        self.finished.connect(self._end)

    # -- what is seen

    def look(self) -> None:
        """Hand over the newest frame, and show what is new."""
        before, self._sight = self._sight, self.watch.sight
        if self.pages.currentWidget() is self.camera:
            frame = self._frames.newest()
            if self._sight.pose < len(POSES):
                self.watch.look(frame, mirrored=self._frames.mirrored)
            self.camera.show_frame(frame, self._sight)
        self.camera.show_sight(self._sight)
        if self._sight.serial == before.serial:
            return
        if self._sight.progress != before.progress:
            self.session.touch()
        self.photos.show_photos(self._sight.photos)
        if self._sight.faces != self._faces:
            self._faces = self._sight.faces
            photos = (face.photo for face in self._faces if face.photo is not None)
            thumbs = (thumbnail(photo) for photo in photos)
            self.strip.show_faces([thumb for thumb in thumbs if thumb is not None])
            self._check_soon()
        self._show_parts()

    def give_photos(self, paths: list[Path]) -> None:
        """Look at photographs."""
        self.session.touch()
        self.by_photos.setChecked(True)
        self.pages.setCurrentWidget(self.photos)
        self.watch.add_photos(paths)
        self.look()

    def _drop_photo(self, path: Path) -> None:
        self.watch.drop_photo(path)
        self.look()

    # -- what it would mean

    def _check_soon(self) -> None:
        self._fresh = False
        self._checking.start()
        self._show_parts()

    def _check(self) -> None:
        name, faces = self.form.name.text(), self._faces

        def done(seen: Outlook) -> None:
            if (name, faces) == (self.form.name.text(), self._faces):
                self._show_outlook(seen)

        self.session.run(lambda gallery: outlook(gallery, name, faces), done, self._failed, self)

    def _show_outlook(self, seen: Outlook) -> None:
        self._outlook, self._fresh = seen, True
        self.form.show_there(seen.there)
        self.warning.setText("\n".join(self._warnings(seen)))
        self.warning.setVisible(bool(self.warning.text()))
        other = seen.resembles[0][0] if seen.resembles else ""
        self.same.setText(self.tr("It is %s: add to that person") % other)
        # Faces of two people are to be sorted out, not to be given to one of them.
        alone = len(seen.resembles) == 1 and not self._apart(seen)
        self.same.setVisible(alone and not self.form.name.isReadOnly())
        self._show_parts()

    def _warnings(self, seen: Outlook) -> list[str]:
        said = []
        apart = self._apart(seen)
        if apart:
            words = self.tr("Like no other face of this person: %s.")
            said.append(words % ", ".join(apart))
        if seen.resembles:
            words = self.tr("Looks like %s, enrolled already: the same person, or a relative.")
            near = (f"{name} (distance {distance:.2f})" for name, distance in seen.resembles[:2])
            said.append(words % self.tr(" and ").join(near))
        return said

    def _apart(self, seen: Outlook) -> list[str]:
        """Where faces that match no other of this person come from."""
        many = len(self._faces) + (seen.there or 0) > 1
        return [self._source_of(one) for one in seen.unlike if many and one < len(self._faces)]

    def _source_of(self, position: int) -> str:
        taken = len(self._sight.taken)
        if position < taken:
            return self.tr("The look %s") % POSES[position].name
        used = [photo for photo in self._sight.photos if photo.face is not None]
        return used[position - taken].path.name if position - taken < len(used) else ""

    def _take_the_other_name(self) -> None:
        self.form.name.setText(self._outlook.resembles[0][0])
        self._checking.stop()
        self._check()

    # -- storing

    def enrol(self) -> None:
        """Store what was seen."""
        name, faces, agreed = self._outlook.name, self._faces, self.form.agreed
        if self._storing or not self._fresh or not name or not faces:
            return
        self._storing = True
        self.problem.setText("")
        self._show_parts()
        self.session.run(
            lambda gallery: store(gallery, name, faces, agreed),
            self._stored,
            self._failed,
            self,
        )

    def _stored(self, enrolled: Enrolled) -> None:
        self.enrolled = enrolled
        words = self.tr("%s is enrolled with %s.") % (
            enrolled.name,
            faces_in_words(enrolled.templates),
        )
        self.session.refresh()
        self.accept()
        self.stored.emit(words)

    def _failed(self, error: EdgeCNNError) -> None:
        self._storing = False
        self.problem.setText(str(error))
        self._show_parts()

    def _show_parts(self) -> None:
        faces, seen = len(self._faces), self._outlook
        self.count.setText(self.tr("Faces to enrol: %s") % faces)
        # What can be seen at once is not left to the comparison, which takes a while.
        typed = " ".join(self.form.name.text().split())
        missing = seen.name_problem if self._fresh else ""
        if not faces:
            missing = self.tr("Look into the camera, or add photos.")
        elif not typed:
            missing = self.tr("Type a name.")
        self.missing.setText(missing)
        self.missing.setVisible(bool(missing) and not self._storing)
        self.problem.setVisible(bool(self.problem.text()))
        who = (seen.name if self._fresh else typed) or self.tr("the person")
        if self._storing:
            words = self.tr("Storing…")
        elif seen.there is None:
            words = self.tr("Enrol %s") % who
            if faces:
                words = self.tr("Enrol %s with %s") % (who, faces_in_words(faces))
        else:
            what = faces_in_words(faces) if faces else self.tr("faces")
            words = self.tr("Add %s to %s") % (what, who)
        shown = self.go.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, _FORM_PX - 32)
        self.go.setText(shown)
        self.go.setAccessibleName(words)
        self.go.setEnabled(self._fresh and not missing and not self._storing)
        self.form.setEnabled(not self._storing)

    # -- the window itself

    def _session_changed(self) -> None:
        if self.session.state != "unlocked":
            self.reject()
        elif not self._storing:
            self._check_soon()

    def _end(self) -> None:
        self._looking.stop()
        self._checking.stop()
        self._faces = ()
        self.strip.show_faces([])
        self.watch.close()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Photographs may be dropped."""
        if dropped_files(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Look at what was dropped."""
        photos = photos_among(dropped_files(event))
        event.acceptProposedAction()
        if photos:
            self.give_photos(photos)
        else:
            self.problem.setText(self.tr("There is no photo among what was dropped."))
            self._show_parts()


def faces_in_words(count: int) -> str:
    """``1 face``, ``3 faces``."""
    return counted(count, "face")
