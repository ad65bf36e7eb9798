"""Making, unlocking and changing what opens the gallery, with mouse and keys."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QLineEdit, QPushButton

from edgecnn.faces.backups import back_up
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.unlocking import Passphrase
from gui.faces import secret_form
from gui.faces.create_dialog import CreateDialog
from gui.faces.passphrase_dialog import PassphraseDialog
from gui.faces.restore_dialog import RestoreDialog
from gui.faces.session import FaceSession
from gui.faces.unlock_dialog import UnlockDialog
from tests.faces.people import OTHER_SECRET, SECRET, faces_of
from tests.faces.test_store import FakeKeyring


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scrypt at its cheapest, for galleries that the dialogs make."""
    monkeypatch.setattr(secret_form, "Passphrase", functools.partial(Passphrase, log2_n=10))


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> FakeKeyring:
    fake = FakeKeyring()
    monkeypatch.setitem(sys.modules, "keyring", fake)
    monkeypatch.setitem(sys.modules, "keyring.errors", fake.errors)
    return fake


def shown(qtbot, dialog):
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def type_and_return(qtbot, edit: QLineEdit, text: str) -> None:
    edit.clear()
    qtbot.keyClicks(edit, text)
    qtbot.keyClick(edit, Qt.Key.Key_Return)


def finished(qtbot, dialog: QDialog) -> None:
    qtbot.waitUntil(lambda: dialog.result() == QDialog.DialogCode.Accepted)


def opened(qtbot, session: FaceSession) -> FaceSession:
    with qtbot.waitSignal(session.changed):
        session.unlock(SECRET)
    return session


def test_a_gallery_is_made_with_a_passphrase_typed_twice(session_of, qtbot):
    session = session_of()
    dialog = shown(qtbot, CreateDialog(session))
    type_and_return(qtbot, dialog.form.first, "short")
    assert "at least 8" in dialog.problem.text()
    qtbot.keyClicks(dialog.form.first, " but longer now")
    assert not dialog.problem.isVisible()
    type_and_return(qtbot, dialog.form.second, "something else")
    assert "not the same" in dialog.problem.text()
    assert session.state == "absent"
    type_and_return(qtbot, dialog.form.second, "short but longer now")
    finished(qtbot, dialog)
    assert session.state == "unlocked"
    assert not dialog.form.first.text()
    assert not dialog.form.second.text()
    session.lock()
    dialog = shown(qtbot, UnlockDialog(session))
    type_and_return(qtbot, dialog.edit, "short but longer now")
    finished(qtbot, dialog)


def test_a_gallery_is_made_with_the_keyring_and_opens_without_typing(session_of, qtbot, keyring):
    session = session_of()
    dialog = shown(qtbot, CreateDialog(session))
    qtbot.mouseClick(dialog.findChild(QPushButton, "secret_keyring"), Qt.MouseButton.LeftButton)
    assert not dialog.form.first.isVisible()
    qtbot.mouseClick(dialog.act, Qt.MouseButton.LeftButton)
    finished(qtbot, dialog)
    session.lock()
    dialog = shown(qtbot, UnlockDialog(session))
    finished(qtbot, dialog)
    assert session.state == "unlocked"
    session.lock()
    keyring.kept.clear()
    dialog = shown(qtbot, UnlockDialog(session))
    qtbot.waitUntil(dialog.problem.isVisible)
    assert "keyring has no key" in dialog.problem.text()


def test_a_wrong_passphrase_is_said_and_can_be_typed_again(session_of, qtbot):
    dialog = shown(qtbot, UnlockDialog(session_of("Ada")))
    type_and_return(qtbot, dialog.edit, OTHER_SECRET.text)
    qtbot.waitUntil(dialog.problem.isVisible)
    assert "not the passphrase" in dialog.problem.text()
    assert dialog.edit.isEnabled()
    type_and_return(qtbot, dialog.edit, SECRET.text)
    finished(qtbot, dialog)


def test_a_damaged_file_is_said_before_anything_is_typed(session_of, qtbot):
    session = session_of("Ada")
    session.path.write_bytes(session.path.read_bytes()[:60])
    dialog = shown(qtbot, UnlockDialog(session))
    qtbot.waitUntil(dialog.problem.isVisible)
    assert "damaged" in dialog.problem.text()
    qtbot.waitUntil(dialog.restore.isVisible)


def test_who_cancels_while_it_opens_leaves_it_locked(session_of, qtbot):
    session = session_of("Ada")
    dialog = shown(qtbot, UnlockDialog(session))
    type_and_return(qtbot, dialog.edit, SECRET.text)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not session.busy)
    assert session.state == "locked"


def test_the_passphrase_is_changed_by_who_knows_the_old_one(session_of, qtbot):
    session = opened(qtbot, session_of("Ada"))
    dialog = shown(qtbot, PassphraseDialog(session))
    dialog.form.first.setText("a new passphrase")
    dialog.form.second.setText("a new passphrase")
    type_and_return(qtbot, dialog.current, OTHER_SECRET.text)
    qtbot.waitUntil(dialog.problem.isVisible)
    assert "Nothing was changed" in dialog.problem.text()
    type_and_return(qtbot, dialog.current, SECRET.text)
    finished(qtbot, dialog)
    session.lock()
    dialog = shown(qtbot, UnlockDialog(session))
    type_and_return(qtbot, dialog.edit, "a new passphrase")
    finished(qtbot, dialog)
    assert [person.name for person in session.gallery.people] == ["Ada"]


def test_locking_ends_a_change_that_was_not_begun(session_of, qtbot):
    session = opened(qtbot, session_of("Ada"))
    dialog = shown(qtbot, PassphraseDialog(session))
    session.lock()
    assert not dialog.isVisible()


@pytest.mark.parametrize("make", [CreateDialog, UnlockDialog, RestoreDialog])
def test_no_word_is_cut_off(session_of, qtbot, make):
    dialog = shown(qtbot, make(session_of("Ada")))
    dialog.say("A problem that takes more than one line of words, because it has to say a lot.")
    qtbot.wait(20)
    for words in (dialog.words, dialog.problem):
        assert words.height() >= words.heightForWidth(words.width())


def damaged(session: FaceSession) -> bytes:
    """Damages the gallery of a session where only its own key can tell; gives what is left."""
    content = bytearray(session.path.read_bytes())
    content[-5] ^= 1
    session.path.write_bytes(content)
    return bytes(content)


def backed_up(session: FaceSession) -> Path:
    gallery = Gallery.open(session.path, SECRET)
    path = back_up(gallery)
    gallery.enrol("Zoe", faces_of(9))
    return path


def test_a_damaged_gallery_offers_a_backup_and_is_kept_beside_it(session_of, qtbot):
    session = session_of("Ada", "Grace")
    backup = backed_up(session)
    rest = damaged(session)
    dialog = shown(qtbot, UnlockDialog(session))
    assert not dialog.restore.isVisible()
    type_and_return(qtbot, dialog.edit, SECRET.text)
    qtbot.waitUntil(dialog.restore.isVisible)
    assert not dialog.act.isVisible()
    with qtbot.waitSignal(dialog.restoring):
        qtbot.mouseClick(dialog.restore, Qt.MouseButton.LeftButton)
    dialog = shown(qtbot, RestoreDialog(session))
    assert dialog.choice.currentData() == backup
    type_and_return(qtbot, dialog.edit, OTHER_SECRET.text)
    qtbot.waitUntil(dialog.problem.isVisible)
    assert "not the passphrase of that backup" in dialog.problem.text()
    assert session.path.read_bytes() == rest
    type_and_return(qtbot, dialog.edit, SECRET.text)
    qtbot.waitUntil(lambda: session.state == "unlocked")
    kept = next(session.path.parent.glob("*.damaged-*"))
    assert kept.read_bytes() == rest
    assert str(kept) in dialog.words.text()
    assert "2 people are enrolled" in dialog.words.text()
    assert "forget them again" in dialog.words.text()
    assert not dialog.edit.text()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert session.state == "unlocked"
    assert [person.name for person in session.gallery.people] == ["Ada", "Grace"]


def test_a_backup_with_an_older_passphrase_replaces_what_was_found_damaged(session_of, qtbot):
    session = session_of("Ada")
    backup = backed_up(session)
    Gallery.open(session.path, SECRET).change_secret(OTHER_SECRET)
    rest = damaged(session)
    dialog = shown(qtbot, RestoreDialog(session))
    assert dialog.choice.currentData() == backup
    type_and_return(qtbot, dialog.edit, SECRET.text)
    qtbot.waitUntil(lambda: session.state == "unlocked")
    assert next(session.path.parent.glob("*.damaged-*")).read_bytes() == rest


def test_a_missing_gallery_offers_its_newest_backup_before_a_new_one(session_of, qtbot):
    session = session_of("Ada", "Grace")
    backup = backed_up(session)
    session.path.unlink()
    assert session.state == "absent"
    dialog = shown(qtbot, CreateDialog(session))
    assert "a backup of 20" in dialog.words.text()
    assert dialog.restore.isDefault()
    with qtbot.waitSignal(dialog.restoring):
        qtbot.mouseClick(dialog.restore, Qt.MouseButton.LeftButton)
    assert dialog.result() == QDialog.DialogCode.Rejected
    dialog = shown(qtbot, RestoreDialog(session))
    assert dialog.choice.currentData() == backup
    assert "damaged" not in dialog.words.text()
    type_and_return(qtbot, dialog.edit, SECRET.text)
    qtbot.waitUntil(lambda: session.state == "unlocked")
    assert "damaged" not in dialog.words.text()
    assert "forget them again" in dialog.words.text()
    assert [person.name for person in session.gallery.people] == ["Ada", "Grace"]


def test_who_wants_a_new_gallery_beside_old_backups_types_its_passphrase(session_of, qtbot):
    session = session_of("Ada")
    backup = backed_up(session)
    session.path.unlink()
    dialog = shown(qtbot, CreateDialog(session))
    qtbot.keyClicks(dialog.form.first, "a new one for all")
    assert dialog.act.isDefault()
    type_and_return(qtbot, dialog.form.second, "a new one for all")
    finished(qtbot, dialog)
    assert session.state == "unlocked"
    assert len(session.gallery) == 0
    assert backup.exists()


def test_without_backups_nothing_is_offered_to_restore(session_of, qtbot):
    dialog = shown(qtbot, CreateDialog(session_of()))
    assert not dialog.restore.isVisible()
    assert dialog.act.isDefault()


def test_without_a_backup_beside_it_a_file_can_be_chosen(session_of, qtbot, tmp_path, monkeypatch):
    session = session_of("Ada")
    elsewhere = tmp_path / "stick" / "copy.faces"
    elsewhere.parent.mkdir()
    back_up(Gallery.open(session.path, SECRET), elsewhere)
    damaged(session)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(elsewhere), ""))
    dialog = shown(qtbot, RestoreDialog(session))
    assert "No backup lies in" in dialog.none.text()
    assert not dialog.act.isEnabled()
    qtbot.mouseClick(dialog.other, Qt.MouseButton.LeftButton)
    type_and_return(qtbot, dialog.edit, SECRET.text)
    qtbot.waitUntil(lambda: session.state == "unlocked")


def test_who_cancels_leaves_the_damaged_gallery_alone(session_of, qtbot):
    session = session_of("Ada")
    backed_up(session)
    rest = damaged(session)
    dialog = shown(qtbot, RestoreDialog(session))
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.result() == QDialog.DialogCode.Rejected
    assert session.path.read_bytes() == rest
