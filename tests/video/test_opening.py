from __future__ import annotations

from pathlib import Path

import pytest

from edgecnn.errors import OptionError, SourceError
from edgecnn.video.linked import LinkedSource
from edgecnn.video.opening import open_live
from edgecnn.video.status import Reason, State
from tests.helpers.live import watching
from tests.helpers.videos import write_picture, write_video


@pytest.mark.parametrize(
    ("word", "name"),
    [
        (63, "Camera 63"),
        ("63", "Camera 63"),
        ("/dev/video63", "Camera /dev/video63"),
        ("usb-Nobody_Cam-video-index0", "Camera usb-Nobody_Cam-video-index0"),
        ("/dev/v4l/by-path/pci-0-video-index0", "Camera /dev/v4l/by-path/pci-0-video-index0"),
        ("picamera", "Pi camera 0"),
        ("picamera:1", "Pi camera 1"),
        ("rtsp://me:secret@cam/stream", "rtsp://cam/stream"),
        ("https://me:secret@cam/stream", "https://cam/stream"),
    ],
)
def test_cameras_and_streams_are_named_for_people_and_not_opened_yet(
    word: str | int, name: str
) -> None:
    source = open_live(word)
    assert isinstance(source, LinkedSource)
    assert source.name == name
    assert (source.live, source.count, source.facts) == (True, None, None)
    assert source.status.state is State.CLOSED
    source.stop()


def test_a_camera_that_is_not_connected_fails_with_a_reason() -> None:
    with watching(open_live("/dev/video63")) as watched:
        status = watched.wait_for(State.FAILED)
    assert status.reason is Reason.NOT_FOUND
    assert "edgecnn doctor" in status.message


def test_a_number_is_a_camera_even_beside_a_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "0").mkdir()
    write_picture(tmp_path / "0" / "a.png")
    assert isinstance(open_live("0"), LinkedSource)
    with watching(open_live("./0", pace="fast")) as watched:
        watched.wait_for(State.ENDED)
    assert len(watched.frames) == 1


@pytest.mark.parametrize(
    "word", ["nothing.mp4", "no/such/folder", "demo", "", "ftp://me:secret@host/x.mp4"]
)
def test_a_word_that_means_nothing_is_refused_with_what_would(word: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_live(word)
    assert "secret" not in str(caught.value)
    assert "rtsp" in str(caught.value)


def test_the_pace_decides_whether_frames_may_be_dropped(tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.mp4")
    assert open_live(video).live
    assert not open_live(video, pace="fast").live
    assert open_live("synthetic").live
    assert not open_live("synthetic", pace="fast").live
    assert not open_live(tmp_path).live


def test_synthetic_has_the_size_and_rate_that_was_asked_for() -> None:
    source = open_live("synthetic", size_wh=(96, 64), fps=500.0)
    with watching(source) as watched:
        watched.wait_for_frames(3)
        facts = source.facts
    assert facts is not None
    assert (facts.size_wh, facts.fps) == ((96, 64), 500.0)


def test_a_pattern_is_a_source(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    with watching(open_live(f"{tmp_path}/*.png", pace="fast")) as watched:
        watched.wait_for(State.ENDED)
    with watching(open_live(f"{tmp_path}/*.jpg")) as watched:
        assert watched.wait_for(State.FAILED).reason is Reason.NOT_FOUND


@pytest.mark.parametrize(
    "wrong", [{"size_wh": (0, 480)}, {"size_wh": (640,)}, {"fps": 0}, {"fps": 5000}]
)
def test_impossible_wishes_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=r"size_wh|fps"):
        open_live("synthetic", **wrong)  # type: ignore[arg-type]
