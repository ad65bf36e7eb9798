"""The window closed in the middle of every fault: it goes at once, and nothing goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from edgecnn.errors import BackendError
from tests.gui.case import CAMERA, Case, broken_decoder, fails_on_every_tenth
from tests.helpers.mjpeg_server import MjpegServer, Mode
from tests.helpers.videos import write_video

Bring = Callable[[Case, MjpegServer, Path], None]


def set_mode(mode: Mode) -> Bring:
    def bring(case: Case, server: MjpegServer, folder: Path) -> None:
        case.open(server.url)
        case.until_it_runs()
        server.behaviour.mode = mode

    return bring


def refused(case: Case, server: MjpegServer, folder: Path) -> None:
    server.stop()
    case.open(server.url)


def slow_to_open(case: Case, server: MjpegServer, folder: Path) -> None:
    server.behaviour.open_delay_s = 3.0
    case.open(server.url)


def wrong_password(case: Case, server: MjpegServer, folder: Path) -> None:
    server.behaviour.auth = "basic"
    case.open(server.url_with("user:wrong"))


def restarting(case: Case, server: MjpegServer, folder: Path) -> None:
    case.open(server.url)
    case.until_it_runs()
    server.stop()
    server.start()


def another_size(case: Case, server: MjpegServer, folder: Path) -> None:
    case.open(server.url)
    case.until_it_runs()
    server.behaviour.size_wh = (96, 96)


def end_of_file(case: Case, server: MjpegServer, folder: Path) -> None:
    case.open(str(write_video(folder / "clip.mp4", frames=5)))
    case.until_said("The end")


def damaged_file(case: Case, server: MjpegServer, folder: Path) -> None:
    (folder / "clip.mp4").write_bytes(b"not a video at all" * 100)
    case.open(str(folder / "clip.mp4"))


def camera_gone(case: Case, server: MjpegServer, folder: Path) -> None:
    case.open(CAMERA)
    case.until_it_runs()
    case.unplug()


def camera_that_hangs(case: Case, server: MjpegServer, folder: Path) -> None:
    case.open(CAMERA)
    case.until_it_runs()
    case.camera.behave = case.camera.block


def decoder_raises(case: Case, server: MjpegServer, folder: Path) -> None:
    case.open(CAMERA)
    case.until_it_runs()
    case.camera.behave = broken_decoder


def full_disk(case: Case, server: MjpegServer, folder: Path) -> None:
    window = case.open(server.url)
    window.settings["folder"] = str(folder)
    case.until_it_runs()
    window.do("record")
    case.fill_disk()


FAULTS: dict[str, Bring] = {
    "stall": set_mode("stall"),
    "hangs up": set_mode("close"),
    "corrupt pictures": set_mode("corrupt"),
    "garbage": set_mode("garbage"),
    "one picture for ever": set_mode("frozen"),
    "refused": refused,
    "slow to open": slow_to_open,
    "wrong password": wrong_password,
    "server restarts": restarting,
    "another size": another_size,
    "end of file": end_of_file,
    "damaged file": damaged_file,
    "unplugged": camera_gone,
    "driver hangs": camera_that_hangs,
    "decoder raises": decoder_raises,
    "full disk while recording": full_disk,
}
"""Every fault that a source can have, by name."""


@pytest.mark.parametrize("fault", FAULTS)
def test_the_window_closes_in_every_fault_of_a_source(
    case: Case, fault: str, tmp_path: Path
) -> None:
    with MjpegServer() as server:
        FAULTS[fault](case, server, tmp_path)
        case.qtbot.wait(300)
        window = case.windows[-1]
        window.close()
        assert not window.isVisible()
        case.camera.hang.set()
        assert case.live.close(20)  # nothing of it goes on behind the back of the user


@pytest.mark.parametrize("doing", ["loading", "failing", "sometimes", "recording", "asleep"])
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
        elif doing == "sometimes":
            task.act = fails_on_every_tenth(task)
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
