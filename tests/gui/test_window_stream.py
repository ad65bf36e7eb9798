"""Source, snapshot, recording and faults in the real window."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QLineEdit

from edgecnn.video.status import Reason, State, Status
from gui.settings import Settings
from tests.gui.conftest import Stage, command

MakeStage = Callable[..., Stage]
LEFT = Qt.MouseButton.LeftButton


def test_freeze_holds_the_picture_and_goes_on(stage: MakeStage) -> None:
    one = stage()
    command(one, "freeze")
    held = one.window.view.frame
    one.source.give(tone=5)
    one.qtbot.wait(60)
    assert one.window.view.frame is held
    assert one.window.top.freeze.isChecked()
    one.qtbot.mouseClick(one.window.top.freeze, LEFT)
    one.give_until(lambda: one.window.view.frame is not held)


def test_a_snapshot_is_saved_and_said(stage: MakeStage, settings: Settings) -> None:
    one = stage()
    one.qtbot.mouseClick(one.window.top.snapshot, LEFT)
    one.until(lambda: one.window.toast.isVisible())
    saved = list(Path(settings["folder"]).glob("*.png"))
    assert len(saved) == 1
    assert saved[0].name in one.window.toast.text()
    assert cv2.imread(str(saved[0])).shape == (48, 64, 3)


def test_a_snapshot_that_cannot_be_saved_is_said(
    stage: MakeStage, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "in the way").write_text("x")
    settings["folder"] = str(tmp_path / "in the way")
    one = stage()
    command(one, "snapshot")
    one.until(lambda: one.window.toast.isVisible())
    said = one.window.toast.text()
    assert "not saved" in said
    assert f"{settings['folder']}: File exists. Choose another folder in Settings." in said
    command(one, "record")
    assert f"{settings['folder']}: File exists. Choose" in one.window.toast.text()
    assert "not saved" not in one.window.toast.text()
    assert not one.window.top.record.isChecked()


def test_a_recording_is_started_shown_and_saved(stage: MakeStage, settings: Settings) -> None:
    one = stage()
    one.qtbot.mouseClick(one.window.top.record, LEFT)
    assert one.window.top.record.isChecked()
    one.give_until(lambda: one.live.recorder.seconds > 0.2)
    command(one, "record")
    assert not one.window.top.record.isChecked()
    videos = list(Path(settings["folder"]).glob("*.mp4"))
    assert len(videos) == 1
    assert videos[0].name in one.window.toast.text()
    lines = videos[0].with_suffix(".jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["result"]["labels"]


def test_what_is_said_does_not_cover_that_it_is_recorded(stage: MakeStage) -> None:
    one = stage()
    window = one.window
    window.toast.say("A picture was saved.")
    alone = window.toast.y()
    command(one, "record")
    one.give_until(lambda: window.view.corner_bottom_px > 0)
    assert window.toast.y() > max(alone, window.view.corner_bottom_px)
    window.toast.say("Another picture was saved.")
    assert window.toast.y() > window.view.corner_bottom_px
    command(one, "record")
    one.give_until(lambda: window.view.corner_bottom_px == 0)
    window.toast.say("A third picture was saved.")
    assert window.toast.y() == alone


def test_a_recording_that_stops_by_itself_is_said(stage: MakeStage) -> None:
    one = stage()
    command(one, "record")
    one.give_until(lambda: one.live.recorder.seconds > 0)
    one.source.give(size_wh=(32, 24))
    one.until(lambda: one.window.toast.isVisible())
    assert "64 x 48 to 32 x 24" in one.window.toast.text()
    one.until(lambda: not one.window.top.record.isChecked())


def test_a_source_that_fails_says_why_and_is_tried_again(stage: MakeStage) -> None:
    one = stage()
    words = "The camera is used by another program. Close it, or choose another source."
    one.source.say(Status(State.FAILED, Reason.BUSY, words))
    one.until(lambda: one.window.view.card.isVisible())
    button = one.window.view.card.findChild(QAbstractButton, "notice_retry")
    assert button is not None
    before = len(one.sources)
    one.qtbot.mouseClick(button, LEFT)
    one.until(lambda: len(one.sources) > before)
    one.give_until(lambda: not one.window.view.card.isVisible())


def test_another_source_is_chosen_from_the_menu(stage: MakeStage) -> None:
    one = stage()
    menu = one.window.top.source.menu()
    demo = next(action for action in menu.actions() if action.data() == "demo")
    before = len(one.sources)
    demo.trigger()
    one.until(lambda: len(one.sources) > before)
    assert one.words[-1] == ("demo", True)


def test_a_dropped_file_becomes_the_source(stage: MakeStage, tmp_path: Path) -> None:
    one = stage()
    clip = tmp_path / "clip.mp4"
    clip.touch()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(clip))])
    event = QDropEvent(
        QPointF(100, 100),
        Qt.DropAction.CopyAction,
        data,
        LEFT,
        Qt.KeyboardModifier.NoModifier,
    )
    one.window.dropEvent(event)
    assert one.window.store.state.source == str(clip)
    one.until(lambda: one.words[-1][0] == str(clip))
    assert "clip.mp4" in one.window.top.source.text()


def test_an_address_is_typed_checked_and_opened(stage: MakeStage) -> None:
    one = stage()
    one.window.ask_for_source("address")
    dialog = one.window._dialogs["address"]
    edit = dialog.findChild(QLineEdit, "address")
    assert edit is not None
    one.qtbot.keyClicks(edit, "not an address")
    one.qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert dialog.isVisible()
    problem = dialog.problem
    for wrong in ("not an address", "rtsp://camera:99999/a-long-path-that-is-said-once-more"):
        edit.setText(wrong)
        one.qtbot.keyClick(edit, Qt.Key.Key_Return)
        assert dialog.isVisible()
        one.until(lambda: problem.height() >= problem.heightForWidth(problem.width()))
    edit.clear()
    one.qtbot.keyClicks(edit, "rtsp://ada:secret@camera/live")
    one.qtbot.keyClick(edit, Qt.Key.Key_Return)
    one.until(lambda: one.words[-1][0] == "rtsp://ada:secret@camera/live")
    assert "secret" not in one.window.top.source.text()
    assert "secret" not in one.window.windowTitle()
