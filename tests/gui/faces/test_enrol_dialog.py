"""Adding people with the mouse and the keyboard: real faces, a camera in the test's hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from edgecnn.errors import GalleryError
from edgecnn.faces.enrolment import only_face
from edgecnn.faces.gallery import Gallery
from edgecnn.video.frame import Frame
from gui.faces.enrol_dialog import EnrolDialog
from gui.faces.enrol_watch import Watch
from gui.faces.session import FaceSession
from tests.faces.people import SECRET
from tests.gui.faces.eyes import FRONT, IMAGES, TURNED, Eyes, frame_of, open_eyes

Wait = Callable[[Callable[[], object]], None]
Open = Callable[..., EnrolDialog]
LEFT = Qt.MouseButton.LeftButton


class Camera:
    """Shows what the test holds in front of it."""

    mirrored = False

    def __init__(self) -> None:
        self.frame: Frame | None = frame_of(FRONT)

    def newest(self) -> Frame | None:
        return self.frame


@pytest.fixture
def wait(qtbot: QtBot) -> Wait:
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()), timeout=30_000)


@pytest.fixture
def session(session_of: Callable[..., FaceSession], wait: Wait) -> FaceSession:
    """Open, with two made-up people."""
    made = session_of("Ada", "Grace")
    made.unlock(SECRET)
    wait(lambda: made.state == "unlocked")
    return made


@pytest.fixture
def gallery(session: FaceSession) -> Gallery:
    assert session.gallery is not None
    return session.gallery


@pytest.fixture
def camera() -> Camera:
    return Camera()


@pytest.fixture
def open_dialog(
    qtbot: QtBot, session: FaceSession, gallery: Gallery, camera: Camera
) -> Iterator[Open]:
    made: list[EnrolDialog] = []

    def make(name: str = "") -> EnrolDialog:
        one = EnrolDialog(session, camera, name=name, watch=Watch(gallery, open_eyes))
        made.append(one)
        one.show()
        qtbot.waitExposed(one)
        return one

    yield make
    for one in made:
        one.close()
        assert one.watch.close(20)
        one.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def click(qtbot: QtBot, dialog: QWidget, name: str) -> None:
    button = dialog.findChild(QAbstractButton, name)
    assert button is not None
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


def drop(dialog: QWidget, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    where = QPoint(20, 20).toPointF()
    dialog.dropEvent(QDropEvent(where, copy, data, Qt.MouseButton.NoButton, none))


def enrol_obama(gallery: Gallery, name: str = "Barack") -> None:
    frame = frame_of(TURNED)
    face, _ = only_face(frame.pixels, Eyes()(frame.pixels, "bgr"), "bgr")
    gallery.enrol(name, [face])


def test_three_looks_into_the_camera_enrol_a_person(
    open_dialog: Open, camera: Camera, gallery: Gallery, qtbot: QtBot, wait: Wait
) -> None:
    before = gallery.store.path.read_bytes()
    dialog = open_dialog()
    assert not dialog.go.isEnabled()
    qtbot.keyClicks(dialog.form.name, "Barack Obama")
    wait(lambda: "to your left" in dialog.camera.words.text())
    camera.frame = frame_of(TURNED, flipped=True)
    wait(lambda: "to your right" in dialog.camera.words.text())
    camera.frame = frame_of(TURNED)
    wait(lambda: dialog.camera.words.text() == "Done, thank you.")
    wait(lambda: dialog.go.isEnabled())
    assert dialog.go.text() == "Enrol Barack Obama with 3 faces"
    assert len(dialog.strip.images) == 3
    assert gallery.store.path.read_bytes() == before
    dialog.form.consent.statement.setText("he agreed by mail")
    with qtbot.waitSignal(dialog.stored, timeout=30_000) as stored:
        click(qtbot, dialog, "enrolGo")
    assert stored.args == ["Barack Obama is enrolled with 3 faces."]
    assert not dialog.isVisible()
    person = gallery.people[-1]
    assert (person.name, len(person.templates)) == ("Barack Obama", 3)
    assert person.consent.statement == "he agreed by mail"
    assert person.consent.purpose is None
    assert all(template.photo is None for template in person.templates)


def test_cancel_leaves_nothing(
    open_dialog: Open, gallery: Gallery, qtbot: QtBot, wait: Wait
) -> None:
    before = gallery.store.path.read_bytes()
    dialog = open_dialog()
    qtbot.keyClicks(dialog.form.name, "Barack")
    wait(lambda: dialog.go.isEnabled())
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert dialog.enrolled is None
    assert dialog.strip.images == ()
    assert dialog.watch.close(20)
    assert dialog.watch.sight.faces == ()
    assert gallery.store.path.read_bytes() == before


def test_photos_are_taken_or_refused_each_with_its_reason(
    open_dialog: Open, camera: Camera, gallery: Gallery, qtbot: QtBot, wait: Wait,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    camera.frame = None
    dialog = open_dialog()
    wait(lambda: dialog.camera.view.notice is not None and dialog.camera.view.notice.actions)
    click(qtbot, dialog, "notice_photos")
    assert dialog.pages.currentWidget() is dialog.photos
    drop(dialog, IMAGES / "coffee.jpg", FRONT)
    chosen = [str(TURNED)], ""
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: chosen)
    click(qtbot, dialog, "enrolChoose")
    rows = dialog.photos.list
    wait(lambda: [rows.item(n).toolTip() for n in range(rows.count())][1:] == ["Good", "Good"])
    assert "Refused: no face found" in rows.item(0).toolTip()
    rows.setCurrentRow(1)
    rows.setFocus()
    qtbot.keyClick(rows, Qt.Key.Key_Delete)
    wait(lambda: rows.count() == 2)
    dialog.form.name.setText("Barack")
    dialog.form.keep.setChecked(True)
    dialog.form.consent.until.setChecked(True)
    wait(lambda: dialog.go.isEnabled())
    with qtbot.waitSignal(dialog.stored, timeout=30_000):
        click(qtbot, dialog, "enrolGo")
    person = gallery.people[-1]
    assert [template.photo is not None for template in person.templates] == [True]
    assert person.expires_utc is not None


def test_what_is_dropped_and_is_no_photo_is_said(open_dialog: Open, tmp_path: Path) -> None:
    dialog = open_dialog()
    (tmp_path / "empty").mkdir()
    drop(dialog, tmp_path / "empty", tmp_path / "notes.txt")
    assert "no photo among" in dialog.problem.text()


def test_a_person_who_is_there_already_is_warned_of_and_can_be_added_to(
    open_dialog: Open, gallery: Gallery, qtbot: QtBot, wait: Wait
) -> None:
    enrol_obama(gallery)
    dialog = open_dialog()
    dialog.form.name.setText("Barry")
    wait(lambda: "Looks like Barack (distance 0" in dialog.warning.text())
    click(qtbot, dialog, "enrolSame")
    wait(lambda: dialog.go.text() == "Add 1 face to Barack" and dialog.go.isEnabled())
    assert "stays as it was" in dialog.form.consent.note.text()
    assert not dialog.same.isVisible()
    with qtbot.waitSignal(dialog.stored, timeout=30_000):
        click(qtbot, dialog, "enrolGo")
    assert len(gallery.people[-1].templates) == 2


def test_a_stranger_among_the_faces_is_named(open_dialog: Open, wait: Wait) -> None:
    dialog = open_dialog("Ada")
    assert dialog.form.name.isReadOnly()
    dialog.give_photos([IMAGES / "portrait_hopper.jpg"])
    wait(lambda: "Like no other face of this person: portrait_hopper.jpg" in dialog.warning.text())
    assert dialog.go.text() == "Add 1 face to Ada" or len(dialog.strip.images) > 1


def test_locking_closes_it_and_a_locked_gallery_does_not_open_it(
    open_dialog: Open, session: FaceSession, camera: Camera, gallery: Gallery
) -> None:
    dialog = open_dialog()
    session.lock()
    assert not dialog.isVisible()
    with pytest.raises(GalleryError, match="Unlock it"):
        EnrolDialog(session, camera)


def test_a_gallery_that_cannot_be_written_is_told_and_can_be_tried_again(
    open_dialog: Open, gallery: Gallery, qtbot: QtBot, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = open_dialog()
    dialog.form.name.setText("Barack")
    wait(lambda: dialog.go.isEnabled())

    def refuse(_: bytes) -> None:
        raise GalleryError("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(gallery.store, "write", refuse)
        click(qtbot, dialog, "enrolGo")
        wait(lambda: dialog.problem.text() == "The disk is full.")
    assert len(gallery.people) == 2
    wait(lambda: dialog.go.isEnabled())
    with qtbot.waitSignal(dialog.stored, timeout=30_000):
        click(qtbot, dialog, "enrolGo")
    assert len(gallery.people) == 3


def test_it_fits_the_smallest_window_and_every_control_has_a_name(
    open_dialog: Open, wait: Wait
) -> None:
    dialog = open_dialog()
    dialog.give_photos([FRONT])
    wait(lambda: dialog.strip.images)
    dialog.resize(980, 600)
    assert (dialog.width(), dialog.height()) == (980, 600)
    for kind in (QAbstractButton, QComboBox, QLineEdit):
        for widget in dialog.findChildren(kind):
            if widget.isVisible() and widget.objectName() != "qt_spinbox_lineedit":
                words = widget.accessibleName() or getattr(widget, "text", str)()
                assert words, widget.objectName()


def test_the_keyboard_reaches_everything_from_left_to_right(open_dialog: Open, wait: Wait) -> None:
    dialog = open_dialog()
    dialog.give_photos([FRONT])
    dialog.form.name.setText("Barack")
    wait(lambda: dialog.go.isEnabled())
    dialog.by_photos.setFocus()
    passed = []
    for _ in range(9):
        dialog.focusNextChild()
        focused = dialog.focusWidget()
        assert focused is not None
        passed.append(focused.objectName())
    wanted = (
        "enrolPhotos enrolChoose enrolLeaveOut enrolName enrolStatement enrolPurpose enrolUntil"
    )
    assert passed == [*wanted.split(), "enrolKeep", "enrolGo"]


def test_faces_of_two_people_are_not_given_to_one_of_them(
    open_dialog: Open, gallery: Gallery, wait: Wait
) -> None:
    enrol_obama(gallery)
    dialog = open_dialog()
    dialog.give_photos([FRONT, IMAGES / "portrait_hopper.jpg"])
    wait(lambda: "Like no other face" in dialog.warning.text())
    assert "Looks like Barack" in dialog.warning.text()
    assert not dialog.same.isVisible()
