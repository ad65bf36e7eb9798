"""The window of people, driven with mouse and keys, over a real encrypted gallery."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QDate, QEvent, Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from edgecnn.errors import GalleryError
from edgecnn.faces.backups import back_up
from edgecnn.faces.enrolment import face_photo
from edgecnn.faces.forget import forget
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.outcomes import NewFace
from gui.faces import people_dialog
from gui.faces.enrol_frames import LiveFrames
from gui.faces.enrol_watch import Watch
from gui.faces.people_dialog import MANY, PeopleDialog
from gui.faces.people_rows import FACE
from gui.faces.session import FaceSession
from tests.faces.people import SECRET, embeddings_of, faces_of
from tests.gui.faces.eyes import FRONT, Eyes, frame_of, open_eyes

Wait = Callable[[Callable[[], object]], None]
Open = Callable[..., PeopleDialog]
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def wait(qtbot: QtBot) -> Wait:
    return lambda condition: qtbot.waitUntil(lambda: bool(condition()), timeout=30_000)


@pytest.fixture
def open_people(session_of: Callable[..., FaceSession], qtbot: QtBot, wait: Wait) -> Iterator[Open]:
    """Opens the window over a gallery with these people."""
    made: list[PeopleDialog] = []

    def make(*names: str) -> PeopleDialog:
        session = session_of(*(names or ("Ada",)))
        session.unlock(SECRET)
        wait(lambda: session.state == "unlocked")
        assert session.gallery is not None
        if not names:
            for person in list(session.gallery.people):
                forget(session.gallery, [person.name])
        frame = frame_of(FRONT)
        one = PeopleDialog(session, LiveFrames(lambda: frame))
        made.append(one)
        one.show()
        qtbot.waitExposed(one)
        return one

    yield make
    for one in made:
        one.close()
        one.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def gallery_of(dialog: PeopleDialog) -> Gallery:
    assert dialog.session.gallery is not None
    return dialog.session.gallery


def names_in(dialog: PeopleDialog) -> list[str]:
    return [dialog.list.item(row).text() for row in range(dialog.list.count())]


def pick(dialog: PeopleDialog, name: str) -> None:
    dialog.list.setCurrentRow(names_in(dialog).index(name))


def click(qtbot: QtBot, dialog: QWidget, name: str) -> None:
    button = dialog.findChild(QAbstractButton, name)
    assert button is not None
    assert button.isVisible()
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


def test_nobody_there_is_taught_and_somebody_can_be_added(
    open_people: Open, qtbot: QtBot, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.faces.enrol_dialog.Watch", lambda gallery: Watch(gallery, open_eyes))
    dialog = open_people()
    assert dialog.pages.currentWidget() is dialog.empty
    told: list[bool] = []
    dialog.enrolling.connect(told.append)
    click(qtbot, dialog, "addFirst")
    enrol = dialog.enrol
    assert enrol is not None
    enrol.form.name.setText("Barack")
    wait(lambda: enrol.go.isEnabled())
    qtbot.mouseClick(enrol.go, LEFT)
    wait(lambda: dialog.page.done.text() == "Barack is enrolled with 1 face.")
    assert names_in(dialog) == ["Barack"]
    assert dialog.page.title.text() == "Barack"
    assert told == [True, False]


def test_faces_are_shown_where_photos_were_kept(open_people: Open, wait: Wait) -> None:
    dialog = open_people("Ada", "Grace")
    frame = frame_of(FRONT)
    face = Eyes()(frame.pixels, "bgr")[0]
    jpeg = face_photo(frame.pixels, face, "bgr")
    gallery_of(dialog).enrol("Grace", [NewFace(embeddings_of(1)[0], {}, jpeg)] * 2)
    dialog.session.refresh()
    wait(lambda: dialog.list.item(1).data(FACE) is not None)
    assert dialog.list.item(0).data(FACE) is None
    pick(dialog, "Grace")
    wait(lambda: len(dialog.page.strip.images) == 2)
    pick(dialog, "Ada")
    assert dialog.page.strip.images == ()


def test_a_person_is_renamed_and_a_taken_name_is_refused(
    open_people: Open, qtbot: QtBot, wait: Wait
) -> None:
    dialog = open_people("Ada", "Grace")
    click(qtbot, dialog, "person_rename")
    assert dialog.focusWidget() is dialog.page.ask.edit
    dialog.page.ask.edit.setText("grace")
    qtbot.keyClick(dialog.page.ask.edit, Qt.Key.Key_Return)
    wait(lambda: "already" in dialog.page.problem.text())
    click(qtbot, dialog, "person_rename")
    dialog.page.ask.edit.setText("Zoe")
    click(qtbot, dialog, "askSure")
    wait(lambda: dialog.page.done.text() == "Renamed to Zoe.")
    assert names_in(dialog) == ["Grace", "Zoe"]
    assert dialog.page.title.text() == "Zoe"


def test_consent_and_end_are_changed_without_new_faces(
    open_people: Open, qtbot: QtBot, wait: Wait
) -> None:
    dialog = open_people("Ada", "Grace")
    panel = dialog.page.consent.fields
    click(qtbot, dialog, "person_consent")
    assert dialog.focusWidget() is panel.statement
    for title in panel.titles:
        assert title.width() >= title.fontMetrics().horizontalAdvance(title.text())
    qtbot.keyClicks(panel.statement, "Ada herself, by letter")
    click(qtbot, dialog, "consentUntil")
    click(qtbot, dialog, "consentSave")
    wait(lambda: dialog.page.done.text() == "Written down for Ada.")
    ada = gallery_of(dialog).people[0]
    assert ada.consent.statement == "Ada herself, by letter"
    assert ada.expires_utc is not None
    assert len(ada.templates) == 2
    assert "Ada herself, by letter" in dialog.page.text.toPlainText()
    click(qtbot, dialog, "person_consent")
    assert panel.statement.text() == "Ada herself, by letter"
    assert panel.date.date().toString("yyyy-MM-dd") == ada.expires_utc[:10]
    panel.statement.clear()
    panel.until.click()
    qtbot.keyClick(panel.purpose, Qt.Key.Key_Return)
    wait(lambda: gallery_of(dialog).people[0].expires_utc is None)
    assert gallery_of(dialog).people[0].consent.statement is None


def test_consent_that_is_left_as_it_was_is_not_written(
    open_people: Open, qtbot: QtBot, wait: Wait
) -> None:
    dialog = open_people("Ada", "Grace")
    before = gallery_of(dialog).contents
    click(qtbot, dialog, "person_consent")
    click(qtbot, dialog, "consentSave")
    click(qtbot, dialog, "person_consent")
    qtbot.keyClicks(dialog.page.consent.fields.statement, "typed and left")
    qtbot.keyClick(dialog.page.consent.fields.statement, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert not dialog.page.asking
    assert dialog.page.consent.fields.statement.text() == ""
    click(qtbot, dialog, "person_consent")
    click(qtbot, dialog, "person_rename")
    assert not dialog.page.consent.isVisible()
    assert gallery_of(dialog).contents is before
    click(qtbot, dialog, "person_consent")
    dialog.session.lock()
    assert dialog.page.consent.fields.statement.text() == ""


def test_a_time_that_is_over_is_not_prolonged_by_other_words(
    open_people: Open, qtbot: QtBot, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = open_people("Ada")
    with monkeypatch.context() as past:
        past.setattr("edgecnn.faces.records.in_days", lambda _: "2020-01-01T00:00:00Z")
        gallery_of(dialog).enrol("Ada", faces_of(0), expires_in_days=1)
    dialog.session.refresh()
    click(qtbot, dialog, "person_consent")
    qtbot.keyClicks(dialog.page.consent.fields.purpose, "the door")
    click(qtbot, dialog, "consentSave")
    wait(lambda: gallery_of(dialog).people[0].consent.purpose == "the door")
    assert gallery_of(dialog).people[0].expires_utc == "2020-01-01T00:00:00Z"
    wait(lambda: not dialog._busy)
    click(qtbot, dialog, "person_consent")
    dialog.page.consent.fields.date.setDate(QDate.currentDate().addDays(9))
    click(qtbot, dialog, "consentSave")
    wait(lambda: not dialog.cards[0].over)


def test_two_people_are_merged(open_people: Open, qtbot: QtBot, wait: Wait) -> None:
    dialog = open_people("Ada", "Grace", "Zoe")
    click(qtbot, dialog, "person_merge")
    choices = dialog.page.ask.choice
    assert [choices.itemText(n) for n in range(choices.count())] == ["Grace", "Zoe"]
    choices.setCurrentText("Zoe")
    click(qtbot, dialog, "askSure")
    wait(lambda: "Zoe was merged into Ada, who has 4 templates" in dialog.page.done.text())
    assert names_in(dialog) == ["Ada", "Grace"]


def test_nobody_can_be_merged_with_nobody(open_people: Open) -> None:
    dialog = open_people("Ada")
    assert not dialog.page.buttons["merge"].isEnabled()


def test_forgetting_names_what_it_destroys_can_be_called_off_and_reports(
    open_people: Open, qtbot: QtBot, wait: Wait
) -> None:
    dialog = open_people("Ada", "Grace")
    back_up(gallery_of(dialog))
    click(qtbot, dialog, "person_forget")
    ask = dialog.page.ask
    assert dialog.focusWidget() is ask.leave
    assert ask.sure.text() == "Forget Ada and 2 templates"
    assert "the backup of the gallery" in ask.words.text()
    qtbot.keyClick(ask.leave, Qt.Key.Key_Escape)
    assert not ask.isVisible()
    assert dialog.isVisible()
    assert len(gallery_of(dialog)) == 2
    click(qtbot, dialog, "person_forget")
    click(qtbot, dialog, "askSure")
    wait(lambda: dialog.pages.currentWidget() is dialog.report)
    assert names_in(dialog) == ["Grace"]
    text = dialog.report.text.toPlainText()
    for words in ("2 templates", "the backup ", "none found", "Out of reach"):
        assert words in text
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.pages.currentWidget() is dialog.page
    assert dialog.isVisible()


def test_whose_time_is_over_are_forgotten_together(
    open_people: Open, qtbot: QtBot, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = open_people("Ada", "Grace", "Zoe")
    assert not dialog.over.isVisible()
    with monkeypatch.context() as past:
        past.setattr("edgecnn.faces.records.in_days", lambda _: "2020-01-01T00:00:00Z")
        for number, name in enumerate(("Ada", "Grace")):
            gallery_of(dialog).enrol(name, faces_of(number), expires_in_days=1)
    dialog.session.refresh()
    assert dialog.over.text() == "Forget 2 people whose time is over…"
    click(qtbot, dialog, "forgetExpired")
    assert dialog.page.ask.sure.text() == "Forget 2 people and 6 templates"
    click(qtbot, dialog, "askSure")
    wait(lambda: dialog.pages.currentWidget() is dialog.report)
    assert names_in(dialog) == ["Zoe"]
    assert not dialog.over.isVisible()


def test_data_is_exported_with_a_warning_and_never_over_another_file(
    open_people: Open, qtbot: QtBot, wait: Wait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = open_people("Ada")
    target = tmp_path / "out" / "ada.zip"
    target.parent.mkdir()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(target), ""))
    for _ in range(2):
        click(qtbot, dialog, "person_export")
        assert "not encrypted" in dialog.page.ask.words.text()
        click(qtbot, dialog, "askSure")
        wait(lambda: not dialog._busy)
    assert "exists already" in dialog.page.problem.text()
    with zipfile.ZipFile(target) as archive:
        assert json.loads(archive.read("person.json"))["name"] == "Ada"
    click(qtbot, dialog, "person_forget")
    click(qtbot, dialog, "askSure")
    wait(lambda: dialog.pages.currentWidget() is dialog.report)
    assert str(target) in dialog.report.text.toPlainText()


def test_the_log_is_shown_without_names(open_people: Open, qtbot: QtBot) -> None:
    dialog = open_people("Ada", "Grace")
    click(qtbot, dialog, "showLog")
    text = dialog.log.text.toPlainText()
    assert text.count("enrol") == 2
    assert "Ada" not in text
    click(qtbot, dialog, "leaveLog")
    assert dialog.pages.currentWidget() is dialog.page


def test_many_people_are_found_by_name(open_people: Open, qtbot: QtBot) -> None:
    few = open_people(*(f"Person {number}" for number in range(MANY)))
    assert not few.search.isVisible()
    gallery_of(few).enrol("Zoe", faces_of(50))
    few.session.refresh()
    assert few.search.isVisible()
    qtbot.keyClicks(few.search, "zO")
    shown = [row for row in range(few.list.count()) if not few.list.item(row).isHidden()]
    assert [few.list.item(row).text() for row in shown] == ["Zoe"]


def test_locking_closes_it_with_everything_that_it_showed(open_people: Open, qtbot: QtBot) -> None:
    dialog = open_people("Ada")
    click(qtbot, dialog, "person_forget")
    dialog.session.lock()
    assert not dialog.isVisible()
    assert names_in(dialog) == []
    assert dialog.page.title.text() == ""
    assert dialog.page.text.toPlainText() == ""
    with pytest.raises(GalleryError, match="Unlock it"):
        people_dialog.PeopleDialog(dialog.session, dialog.frames)


def test_it_fits_the_smallest_window_and_every_control_has_a_name(open_people: Open) -> None:
    dialog = open_people("Ada", "Grace")
    dialog.page.buttons["forget"].click()
    dialog.resize(980, 600)
    assert (dialog.width(), dialog.height()) == (980, 600)
    for kind in (QAbstractButton, QComboBox, QLineEdit):
        for widget in dialog.findChildren(kind):
            if widget.isVisible():
                words = widget.accessibleName() or getattr(widget, "text", str)()
                assert words, widget.objectName()
