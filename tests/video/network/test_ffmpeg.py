from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from edgecnn.video.fault import Ended, Fault
from edgecnn.video.link import Grab
from edgecnn.video.network.address import parse_address
from edgecnn.video.network.ffmpeg import MOST_FAILURES, FfmpegReader
from edgecnn.video.status import Reason
from tests.helpers.captures import FakeCapture
from tests.helpers.mjpeg_server import picture

STREAM = parse_address("udp://me:secret@127.0.0.1:5000/x")


def read_all(reader: FfmpegReader, times: int) -> list[Grab | None]:
    return [reader.read() for _ in range(times)]


def test_it_opens_with_time_outs_and_on_one_thread() -> None:
    capture = FakeCapture(stamps=True)
    facts = FfmpegReader(STREAM, capture=capture).open()
    ((target, backend, parameters),) = capture.opened_with
    assert target == STREAM.url
    assert backend == cv2.CAP_FFMPEG
    settings = dict(zip(parameters[::2], parameters[1::2], strict=True))
    assert settings[cv2.CAP_PROP_OPEN_TIMEOUT_MSEC] <= 5000
    assert settings[cv2.CAP_PROP_READ_TIMEOUT_MSEC] <= 2000
    assert settings[cv2.CAP_PROP_N_THREADS] == 1
    assert (facts.size_wh, facts.fps, facts.backend) == ((64, 48), 30, "FFMPEG")


def test_pictures_come_with_the_stream_s_own_time() -> None:
    reader = FfmpegReader(STREAM, capture=FakeCapture(stamps=True))
    reader.open()
    first, second = read_all(reader, 2)
    assert first is not None
    assert second is not None
    assert (first.device_s, second.device_s) == (pytest.approx(1.0), pytest.approx(1.033))
    np.testing.assert_array_equal(second.pixels, picture(1))


def test_one_failed_read_is_a_damaged_picture_and_many_are_a_lost_connection() -> None:
    capture = FakeCapture(lambda index: None if index == 1 or index > 5 else picture(index))
    reader = FfmpegReader(STREAM, capture=capture)
    reader.open()
    shown = [grab is not None for grab in read_all(reader, 6)]
    assert shown == [True, False, True, True, True, True]
    assert read_all(reader, MOST_FAILURES - 1) == [None] * (MOST_FAILURES - 1)
    with pytest.raises(Fault) as caught:
        reader.read()
    assert caught.value.reason is Reason.LOST
    assert "secret" not in str(caught.value)
    reader.close()
    reader.close()
    assert capture.released == 1


def test_a_recording_ends_and_is_played_at_its_pace() -> None:
    capture = FakeCapture(lambda index: picture(index) if index < 4 else None, stamps=True, count=4)
    reader = FfmpegReader(STREAM, capture=capture)
    reader.open()
    began_s = time.monotonic()
    assert all(read_all(reader, 4))
    assert time.monotonic() - began_s >= 0.099  # three intervals of 33 ms
    with pytest.raises(Ended):
        read_all(reader, MOST_FAILURES)


def test_a_recording_that_cannot_be_played_is_said_to() -> None:
    reader = FfmpegReader(STREAM, capture=FakeCapture(lambda _: None, count=4))
    reader.open()
    with pytest.raises(Fault, match="Download it") as caught:
        read_all(reader, MOST_FAILURES)
    assert caught.value.reason is Reason.CODEC


def test_an_interrupted_recording_does_not_wait() -> None:
    capture = FakeCapture(stamps=True, count=4)
    reader = FfmpegReader(STREAM, capture=capture)
    reader.open()
    reader.interrupt()
    capture.index = 10**6  # due in nine hours
    reader.read()
    capture.index = 2 * 10**6
    assert reader.read() is not None


def test_what_does_not_open_has_a_reason() -> None:
    capture = FakeCapture(opens=False)
    with pytest.raises(Fault) as caught:
        FfmpegReader(STREAM, capture=capture).open()
    assert caught.value.reason is Reason.CODEC
    assert capture.released == 1
    silent = parse_address("rtsp://me:secret@127.0.0.1:1/x")
    with pytest.raises(Fault) as caught:
        FfmpegReader(silent, capture=capture).open()
    assert caught.value.reason is Reason.NOT_FOUND
    assert "secret" not in str(caught.value)
