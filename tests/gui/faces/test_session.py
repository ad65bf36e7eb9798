"""The gallery of the app is made, opened and locked, and told of on the GUI thread."""

from __future__ import annotations

import threading

import pytest
import shiboken6
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from edgecnn.errors import DamagedError, EdgeCNNError, GalleryError, OptionError, PassphraseError
from edgecnn.faces.unlocking import Passphrase
from gui.faces.session import FaceSession
from tests.faces.people import OTHER_SECRET, SECRET


def open_it(qtbot: QtBot, session: FaceSession) -> None:
    with qtbot.waitSignal(session.changed):
        session.unlock(SECRET)


def failure(qtbot: QtBot, session: FaceSession, secret: Passphrase) -> EdgeCNNError:
    failed: list[EdgeCNNError] = []
    session.unlock(secret, failed=failed.append)
    qtbot.waitUntil(lambda: bool(failed))
    assert session.gallery is None
    return failed[0]


def test_a_gallery_is_made_and_is_open_then(session_of, qtbot):
    session = session_of()
    assert session.state == "absent"
    with qtbot.waitSignal(session.changed):
        session.create(SECRET)
    assert session.state == "unlocked"
    assert session.gallery.people == ()
    session.lock()
    assert session.state == "locked"


def test_a_short_passphrase_makes_nothing(session_of, qtbot):
    session, failed = session_of(), []
    session.create("short", failed=failed.append)
    qtbot.waitUntil(lambda: bool(failed))
    assert isinstance(failed[0], OptionError)
    assert session.state == "absent"


def test_it_opens_with_its_people(session_of, qtbot):
    session = session_of("Ada", "Grace")
    assert session.state == "locked"
    open_it(qtbot, session)
    assert [person.name for person in session.gallery.people] == ["Ada", "Grace"]


def test_a_wrong_passphrase_and_a_damaged_file_are_told_apart(session_of, qtbot):
    session = session_of("Ada")
    assert isinstance(failure(qtbot, session, OTHER_SECRET), PassphraseError)
    content = bytearray(session.path.read_bytes())
    content[-20] ^= 1
    session.path.write_bytes(bytes(content))
    assert isinstance(failure(qtbot, session, SECRET), DamagedError)


def test_locking_while_it_is_being_opened_leaves_it_closed(session_of, qtbot):
    session = session_of("Ada")
    opened = []
    session.unlock(SECRET, done=lambda: opened.append(True))
    session.lock()
    qtbot.waitUntil(lambda: not session.busy)
    assert session.state == "locked"
    assert not opened


def test_it_locks_when_nobody_was_there_for_the_set_time(session_of, qtbot, clock):
    session = session_of("Ada")
    session.idle_min = 10
    open_it(qtbot, session)
    clock.now_s += 599
    session.check_idle()
    assert session.state == "unlocked"
    session.touch()
    clock.now_s += 599
    session.check_idle()
    assert session.state == "unlocked"
    clock.now_s += 1
    with qtbot.waitSignal(session.changed):
        session.check_idle()
    assert session.gallery is None


def test_zero_minutes_never_lock(session_of, qtbot, clock):
    session = session_of("Ada")
    session.idle_min = 0
    open_it(qtbot, session)
    clock.now_s += 1e6
    session.check_idle()
    assert session.state == "unlocked"


def test_work_is_done_on_another_thread_and_told_on_this_one(session_of, qtbot):
    session = session_of("Ada")
    open_it(qtbot, session)
    threads = []

    def work(gallery):
        threads.append(threading.current_thread())
        return len(gallery)

    def done(people):
        threads.append(threading.current_thread())
        assert people == 1

    session.run(work, done, failed=pytest.fail)
    qtbot.waitUntil(lambda: len(threads) == 2)
    assert threads[0] is not threading.main_thread()
    assert threads[1] is threading.main_thread()


def test_nobody_is_told_when_who_asked_is_gone(session_of, qtbot):
    session = session_of("Ada")
    open_it(qtbot, session)
    owner, told = QObject(), []
    session.run(len, told.append, told.append, owner=owner)
    shiboken6.delete(owner)
    qtbot.waitUntil(lambda: not session.busy)
    assert not told


def test_nothing_is_done_with_a_locked_gallery(session_of):
    session, failed = session_of("Ada"), []
    session.run(len, pytest.fail, failed.append)
    assert isinstance(failed[0], GalleryError)
    assert "Unlock" in str(failed[0])


def test_a_mistake_of_ours_is_told_too(session_of, qtbot, caplog):
    session, failed = session_of("Ada"), []
    open_it(qtbot, session)
    session.run(lambda gallery: 1 // 0, pytest.fail, failed.append)
    qtbot.waitUntil(lambda: bool(failed))
    assert "ZeroDivisionError" in str(failed[0])


def test_a_file_that_is_gone_locks(session_of, qtbot):
    session = session_of("Ada")
    open_it(qtbot, session)
    session.path.unlink()
    session.refresh()
    assert session.state == "absent"
