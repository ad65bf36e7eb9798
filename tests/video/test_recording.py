from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.errors import OptionError, SourceError
from edgecnn.video.recording import Recording


def grey(level: int, size_wh: tuple[int, int] = (64, 48)) -> np.ndarray:
    return np.full((size_wh[1], size_wh[0], 3), level, np.uint8)


def levels(path: Path) -> list[int]:
    """Mean grey of each frame, to the nearest 10."""
    capture = cv2.VideoCapture(str(path))
    found = []
    while True:
        taken, pixels = capture.read()
        if not taken:
            break
        found.append(10 * round(float(pixels.mean()) / 10))
    capture.release()
    return found


def test_a_video_plays_as_fast_as_things_happened(tmp_path: Path) -> None:
    with Recording(tmp_path / "out.mp4", 10.0) as recording:
        for level, time_s in ((50, 100.0), (100, 100.1), (150, 100.5), (200, 100.52), (90, 100.6)):
            recording.write(grey(level), time_s)
    # The fourth came within the tick of the third, which was shown already.
    assert levels(tmp_path / "out.mp4") == [50, 100, 150, 150, 150, 150, 90]


def test_a_long_silence_is_shortened(tmp_path: Path) -> None:
    with Recording(tmp_path / "out.mp4", 10.0) as recording:
        recording.write(grey(50), 0.0)
        recording.write(grey(100), 3600.0)
        recording.write(grey(150), 3600.1)
        assert recording.frames == 12


def test_a_clock_that_falls_back_does_no_harm(tmp_path: Path) -> None:
    with Recording(tmp_path / "out.mp4", 10.0) as recording:
        for time_s in (50.0, 50.1, 1.0, 1.1, 1.2):
            recording.write(grey(50), time_s)
        assert recording.frames == 4


def test_a_change_of_size_is_fitted_into_the_first_size(tmp_path: Path) -> None:
    with Recording(tmp_path / "out.mp4", 10.0) as recording:
        recording.write(grey(200), 0.0)
        recording.write(grey(200, (48, 64)), 0.1)
    capture = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    capture.read()
    _, turned = capture.read()
    capture.release()
    assert turned.shape == (48, 64, 3)
    assert turned[:, :8].mean() < 20
    assert turned[:, 24:40].mean() > 180


def test_an_odd_size_can_be_recorded(tmp_path: Path) -> None:
    with Recording(tmp_path / "out.mp4", 10.0) as recording:
        recording.write(grey(100, (65, 49)), 0.0)
    assert levels(tmp_path / "out.mp4") == [100]


def test_what_was_recorded_before_a_failure_is_kept(tmp_path: Path) -> None:
    def fails() -> None:
        with Recording(tmp_path / "out.mp4", 10.0) as recording:
            recording.write(grey(100), 0.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert levels(tmp_path / "out.mp4") == [100]
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.mp4"]


def test_a_full_disk_ends_the_recording_and_what_there_is_can_be_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    recording = Recording(tmp_path / "out.mp4", 10.0)
    recording.write(grey(100), 0.0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 100, 5 * 2**20))
    monkeypatch.setattr("edgecnn.video.writer._LOOK_EVERY_S", -1.0)
    with pytest.raises(SourceError, match=r"disk is full \(5 MB left\).*after 1 frames"):
        recording.write(grey(150), 0.1)
    recording.close()
    assert levels(tmp_path / "out.mp4") == [100]


def test_a_video_that_could_not_be_completed_is_said_and_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = Recording(tmp_path / "out.mp4", 10.0)
    recording.write(grey(100), 0.0)
    partial = next(tmp_path.iterdir())
    monkeypatch.setattr(
        recording._writer,
        "_writer",
        type("Cut", (), {"release": lambda s: partial.write_text("")})(),
    )
    with pytest.raises(SourceError, match="could not be completed"):
        recording.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fps", [0.0, -1.0, 1000.0])
def test_a_rate_that_no_video_has_is_refused(tmp_path: Path, fps: float) -> None:
    with pytest.raises(OptionError, match="fps"):
        Recording(tmp_path / "out.mp4", fps)
