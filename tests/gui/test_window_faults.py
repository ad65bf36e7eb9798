"""Every fault of a camera in the real window: what is shown, in words, and that it goes on."""

from __future__ import annotations

import time
from pathlib import Path

from edgecnn.errors import BackendError
from tests.gui.case import CAMERA, Case, broken_decoder, fails_on_every_tenth
from tests.helpers.live import fresh
from tests.helpers.mjpeg_server import MjpegServer
from tests.helpers.videos import write_video

SECOND_S = 1.0


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


def test_an_unplugged_camera_is_said_over_the_last_picture_and_comes_back(case: Case) -> None:
    window = case.open(CAMERA)
    case.until_it_runs()
    case.unplug()
    case.until_said("Connecting again")
    assert window.view.frame is not None
    case.until(lambda: "Plug it in" in window.view.card.accessibleDescription())
    case.camera.refuse, case.camera.behave = None, fresh
    case.until_it_runs()


def test_a_decoder_that_raises_is_said_in_its_words_and_passes(case: Case) -> None:
    window = case.open(CAMERA)
    case.until_it_runs()
    case.camera.behave = broken_decoder
    case.until_said("No new pictures", "Connecting again")
    case.until(lambda: "decoder chokes" in window.view.card.accessibleDescription())
    assert window.view.frame is not None
    case.camera.behave = fresh
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
        task.act = fails_on_every_tenth(task)
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
    case: Case, tmp_path: Path
) -> None:
    with MjpegServer() as server:
        window = case.open(server.url)
        window.settings["folder"] = str(tmp_path)
        case.until_it_runs()
        window.do("record")
        assert window.top.record.isChecked()
        case.fill_disk()
        case.until(lambda: "disk is nearly full" in window.toast.text())
        case.until(lambda: not window.top.record.isChecked())
        case.until_it_runs()


def test_a_camera_that_opens_slowly_is_waited_for_in_words(case: Case) -> None:
    with MjpegServer(open_delay_s=2.6) as server:
        case.open(server.url)
        case.until_said("Opening")
        case.until_it_runs()


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
