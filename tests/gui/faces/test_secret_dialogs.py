"""Making, unlocking and changing what opens the gallery, with mouse and keys."""

from __future__ import annotations

import functools
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLineEdit, QPushButton

from edgecnn.faces.unlocking import Passphrase
from gui.faces import secret_form
from gui.faces.create_dialog import CreateDialog
from gui.faces.passphrase_dialog import PassphraseDialog
from gui.faces.session import FaceSession
from gui.faces.unlock_dialog import UnlockDialog
from tests.faces.people import OTHER_SECRET, SECRET
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
    assert "edgecnn faces restore" in dialog.problem.text()


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


@pytest.mark.parametrize("make", [CreateDialog, UnlockDialog])
def test_no_word_is_cut_off(session_of, qtbot, make):
    dialog = shown(qtbot, make(session_of("Ada")))
    dialog.say("A problem that takes more than one line of words, because it has to say a lot.")
    qtbot.wait(20)
    for words in (dialog.words, dialog.problem):
        assert words.height() >= words.heightForWidth(words.width())
