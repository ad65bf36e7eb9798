from __future__ import annotations

import json
import threading
import time
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edgecnn.video.frame import Frame
from gui.controllers import recorder as module
from gui.controllers.recorder import FPS, Recorder, free_path
from tests.helpers.app import boxes

Usage = namedtuple("Usage", "total used free")


def frame(when_s: float, size_wh: tuple[int, int] = (64, 48)) -> Frame:
    pixels = np.full((size_wh[1], size_wh[0], 3), 100, np.uint8)
    return Frame(pixels, "bgr", when_s, round(when_s * 30), "clip", captured_s=50 + when_s)


def test_video_and_json_are_there_and_a_second_plays_for_a_second(tmp_path: Path) -> None:
    recorder = Recorder()
    path = recorder.start(tmp_path)
    for when_s in (0.0, 0.1, 0.5, 1.0):  # a model at an uneven pace
        recorder.write(frame(when_s), boxes(("person", 0.9)))
    assert recorder.seconds == pytest.approx(1.0, abs=0.05)
    assert recorder.stop() == path
    video = cv2.VideoCapture(str(path))
    assert video.get(cv2.CAP_PROP_FPS) == FPS
    assert int(video.get(cv2.CAP_PROP_FRAME_COUNT)) == 31
    video.release()
    lines = [json.loads(line) for line in path.with_suffix(".jsonl").read_text().splitlines()]
    assert [line["timestamp_s"] for line in lines] == [0.0, 0.1, 0.5, 1.0]
    assert lines[0]["result"]["labels"] == ["person"]
    assert recorder.problem == ""


def test_nothing_is_written_before_the_start_and_after_the_stop(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.write(frame(0.0), None)
    recorder.start(tmp_path)
    assert recorder.stop() is None
    recorder.write(frame(0.1), None)
    assert list(tmp_path.iterdir()) == []


def test_a_change_of_size_ends_it_with_words_and_keeps_what_there_was(tmp_path: Path) -> None:
    recorder = Recorder()
    path = recorder.start(tmp_path)
    recorder.write(frame(0.0), None)
    recorder.write(frame(0.1, (32, 24)), None)
    assert recorder.path is None
    assert "64 x 48 to 32 x 24" in recorder.problem
    assert path.is_file()


def test_a_disk_that_is_nearly_full_ends_it_before_the_file_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder()
    path = recorder.start(tmp_path)
    recorder.write(frame(0.0), None)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 10**6))
    for step in range(1, 60):
        recorder.write(frame(step / FPS), None)
    assert "nearly full" in recorder.problem
    assert cv2.VideoCapture(str(path)).read()[0]


def test_the_disk_is_looked_at_whatever_the_pace_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder()
    recorder.start(tmp_path)
    recorder.write(frame(0.0), None)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 10**6))
    for step in range(1, 20):  # three frames of the video each: never a round number of them
        recorder.write(frame(step / 10), None)
    assert "nearly full" in recorder.problem


def test_stopping_does_not_wait_until_a_long_gap_is_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder()
    recorder.start(tmp_path)
    recorder.write(frame(0.0), None)
    begun, go_on = threading.Event(), threading.Event()
    written = module.VideoWriter.write

    def slow(self: Any, pixels: Any) -> None:
        written(self, pixels)
        begun.set()
        assert go_on.wait(20)

    monkeypatch.setattr(module.VideoWriter, "write", slow)
    writing = threading.Thread(target=lambda: recorder.write(frame(9.0), None))
    writing.start()
    assert begun.wait(20)
    stopping = threading.Thread(target=recorder.stop)
    stopping.start()
    while not recorder._ending.is_set():
        time.sleep(0.001)
    go_on.set()
    stopping.join(20)
    writing.join(20)
    assert 0 < recorder.seconds < 1  # of the nine that the gap was long


def test_a_write_that_fails_ends_it_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder()
    recorder.start(tmp_path)
    recorder.write(frame(0.0), None)

    def full(*_: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "annotated", full)
    recorder.write(frame(0.1), None)
    assert "No space left on device" in recorder.problem
    recorder.write(frame(0.2), None)  # the stream goes on


def test_a_long_gap_is_shortened(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.start(tmp_path)
    recorder.write(frame(0.0), None)
    recorder.write(frame(3600.0), None)
    assert recorder.seconds < 11
    recorder.stop()


def test_a_second_recording_in_the_same_second_has_a_name_of_its_own(tmp_path: Path) -> None:
    first = free_path(tmp_path, ".mp4")
    first.touch()
    second = free_path(tmp_path, ".mp4")
    assert second != first
    assert not second.exists()


def test_times_of_files_count_where_there_is_no_time_of_capture(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.start(tmp_path)
    for when_s in (0.0, 0.2):
        recorder.write(replace(frame(when_s), captured_s=None), None)
    assert recorder.seconds == pytest.approx(0.2, abs=0.05)
    recorder.stop()
