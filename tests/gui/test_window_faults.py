"""Every fault of a camera in the real window: what is shown, in words, and that it goes on."""

from __future__ import annotations

import shutil
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from edgecnn.errors import BackendError
from edgecnn.video.frame import Frame
from edgecnn.video.live import LiveSource
from edgecnn.video.opening import open_live
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.main_window import MainWindow
from gui.settings import Settings
from tests.helpers.app import FakeModels, cards, no_hurry
from tests.helpers.live import HASTY
from tests.helpers.mjpeg_server import MjpegServer
from tests.helpers.videos import write_video

LEFT = Qt.MouseButton.LeftButton
SECOND_S = 1.0


def hasty(word: str, mirror: bool) -> LiveSource:
    return open_live(word, patience=HASTY)


class Case:
    """The window on a real source with models in the test's hand."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.models = FakeModels()
        self.live = Live(
            open_source=hasty, load=self.models.load, load_quickly=no_hurry, smooth=False
        )
        self.windows: list[MainWindow] = []

    def open(self, word: str) -> MainWindow:
        desk = Desk(models_of=cards, cameras_of=list)
        window = MainWindow(Settings(None), self.live, desk, source=word)
        self.windows.append(window)
        window.show()
        self.qtbot.waitExposed(window)
        return window

    def until(self, condition: Callable[[], Any]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=30_000)

    def until_said(self, *words: str) -> None:
        """Wait until a notice says one of the words."""
        card = self.windows[-1].view.card
        self.until(
            lambda: (
                card.isVisible()
                and any(
                    word in card.accessibleName() + card.accessibleDescription() for word in words
                )
            )
        )

    def until_it_runs(self) -> None:
        """Wait until new pictures with results are shown and nothing is said over them."""
        window = self.windows[-1]
        painted = window.view.painted
        self.until(
            lambda: (
                window.view.painted > painted + 2
                and window.view.result is not None
                and not window.view.card.isVisible()
            )
        )

    def press(self, key: str) -> None:
        button = self.windows[-1].view.card.findChild(QAbstractButton, f"notice_{key}")
        assert button is not None
        self.qtbot.mouseClick(button, LEFT)


@pytest.fixture
def case(qtbot: QtBot) -> Iterator[Case]:
    made = Case(qtbot)
    yield made
    for _, task in made.models.loaded:
        task.gate.set()
    for window in made.windows:
        window.close()
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_a_stall_is_said_over_the_last_picture_and_passes(case: Case) -> None:
    with MjpegServer() as server:
        window = case.open(server.url)
        case.until_it_runs()
        server.behaviour.mode = "stall"
        case.until_said("No new pictures", "Connecting again")
        assert window.view.frame is not None
        server.behaviour.mode = "run"
        case.until_it_runs()


def test_a_server_that_restarts_is_found_again(case: Case) -> None:
    with MjpegServer() as server:
        case.open(server.url)
        case.until_it_runs()
        server.stop()
        case.until_said("No new pictures", "Connecting again", "Connection lost", "Not found")
        server.start()
        case.until_it_runs()


def test_the_same_picture_for_ever_is_noticed(case: Case) -> None:
    with MjpegServer() as server:
        case.open(server.url)
        case.until_it_runs()
        server.behaviour.mode = "frozen"
        case.until_said("No new pictures", "Connecting again")
        server.behaviour.mode = "run"
        case.until_it_runs()


def test_damaged_pictures_are_passed_over_in_silence(case: Case) -> None:
    with MjpegServer(corrupt_every=5) as server:
        window = case.open(server.url)
        case.until_it_runs()
        for _ in range(20):
            case.qtbot.wait(20)
            assert not window.view.card.isVisible()
        case.until_it_runs()


def test_a_change_of_size_in_mid_stream_goes_on(case: Case) -> None:
    with MjpegServer() as server:
        window = case.open(server.url)
        case.until_it_runs()
        server.behaviour.size_wh = (96, 96)
        case.until(lambda: window.view.frame and window.view.frame.size_wh == (96, 96))
        case.until_it_runs()
        area = window.view.area
        assert area is not None
        assert area.width == area.height


def test_a_wrong_password_is_said_and_never_shown(case: Case) -> None:
    with MjpegServer(auth="basic", password="right") as server:
        window = case.open(server.url_with("user:wrong-secret"))
        case.until_said("Wrong name or password")
        shown = window.windowTitle() + window.view.card.accessibleDescription()
        assert "wrong-secret" not in shown + window.top.source.text()
        assert "wrong-secret" not in str(window.settings.memory)


def test_nobody_there_is_said_and_tried_again_by_a_click(case: Case) -> None:
    with MjpegServer() as server:
        server.stop()
        case.open(server.url)
        case.until_said("Not found", "Connecting again", "No answer")
        server.start()
        if case.windows[-1].view.card.isVisible():
            case.press("retry")
        case.until_it_runs()


def test_the_end_of_a_file_is_said_and_played_again_by_a_click(case: Case, tmp_path: Path) -> None:
    window = case.open(str(write_video(tmp_path / "clip.mp4", frames=5)))
    case.until_said("The end")
    assert window.view.frame is not None
    last = window.view.frame
    case.press("retry")
    case.until(lambda: window.view.frame is not last)
    case.until_said("The end")


def test_a_damaged_file_is_said(case: Case, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"not a video at all" * 100)
    case.open(str(clip))
    case.until_said("Cannot be read", "Not working")


def test_a_model_that_fails_on_every_tenth_picture_is_counted_and_goes_on(case: Case) -> None:
    with MjpegServer() as server:
        window = case.open(server.url)
        case.until_it_runs()
        task = case.models.newest

        def sometimes(picture: Frame) -> Any:
            if picture.index % 10 == 9:
                raise BackendError("It does that.")
            return task.result

        task.act = sometimes
        case.until(lambda: "failed" in window.strip.words)
        task.act = None
        case.until_it_runs()


def test_a_model_that_fails_on_every_picture_is_said_in_words_until_it_works(case: Case) -> None:
    with MjpegServer() as server:
        window = case.open(server.url)
        case.until_it_runs()
        error = window.side.model.error
        case.models.newest.error = BackendError("The device has no memory left.")
        painted = window.view.painted
        case.until(lambda: "no memory left" in error.text() and error.isVisible())
        assert window.view.painted > painted  # the stream goes on without answers
        case.models.newest.error = None
        case.until(lambda: not error.isVisible())
        case.until_it_runs()


def test_a_full_disk_ends_the_recording_in_words_and_not_the_stream(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MjpegServer() as server:
        window = case.open(server.url)
        window.settings["folder"] = str(tmp_path)
        case.until_it_runs()
        window.do("record")
        assert window.top.record.isChecked()
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 100, 0))
        case.until(lambda: "disk is nearly full" in window.toast.text())
        case.until(lambda: not window.top.record.isChecked())
        case.until_it_runs()


def test_a_camera_that_opens_slowly_is_waited_for_in_words(case: Case) -> None:
    with MjpegServer(open_delay_s=2.6) as server:
        case.open(server.url)
        case.until_said("Opening")
        case.until_it_runs()


@pytest.mark.parametrize(
    "fault", ["stall", "close", "corrupt", "garbage", "frozen", "slow", "auth"]
)
def test_the_window_closes_in_every_state_of_a_source(case: Case, fault: str) -> None:
    with MjpegServer(
        auth="basic" if fault == "auth" else "", open_delay_s=3.0 if fault == "slow" else 0.0
    ) as server:
        window = case.open(server.url)
        if fault in ("slow", "auth"):
            case.qtbot.wait(300)
        else:
            case.until_it_runs()
            server.behaviour.mode = fault  # type: ignore[assignment]
            case.qtbot.wait(300)
        window.close()
        assert not window.isVisible()
        assert case.live.close(20)  # nothing of it goes on behind the back of the user


@pytest.mark.parametrize("doing", ["loading", "failing", "recording", "asleep"])
def test_the_window_closes_whatever_the_model_is_doing(
    case: Case, doing: str, tmp_path: Path
) -> None:
    with MjpegServer() as server:
        window = case.open(server.url)
        window.settings["folder"] = str(tmp_path)
        case.until_it_runs()
        task = case.models.newest
        if doing == "loading":
            case.models.gate.clear()
            window.do("tab_segment")
        elif doing == "failing":
            task.error = BackendError("It does that.")
        elif doing == "recording":
            window.do("record")
            case.until(lambda: case.live.recorder.seconds > 0)
        else:
            task.gate.clear()
        case.qtbot.wait(150)
        window.close()
        assert not window.isVisible()
        case.models.gate.set()
        task.gate.set()
        assert case.live.close(20)
        if doing == "recording":
            (video,) = tmp_path.glob("*.mp4")
            assert cv2.VideoCapture(str(video)).read()[0]  # it was finished


def test_a_model_that_takes_long_leaves_picture_and_window_alive(case: Case) -> None:
    with MjpegServer() as server:
        window = case.open(server.url)
        case.until_it_runs()
        case.models.newest.gate.clear()
        end_s, painted = time.monotonic() + SECOND_S, window.view.painted
        while time.monotonic() < end_s:
            case.qtbot.wait(10)
        assert window.view.painted > painted  # the picture goes on without answers
        window.do("tab_faces")
        assert window.top.tabs["faces"].isChecked()
        window.close()  # in the middle of it
        assert not window.isVisible()
