from __future__ import annotations

import itertools
import threading
import time

import pytest

from edgecnn.errors import SourceError
from edgecnn.video.iterating import LiveFrames
from edgecnn.video.linked import LinkedSource
from edgecnn.video.played import PlayedSource
from edgecnn.video.source import open_source
from edgecnn.video.status import State
from edgecnn.video.synthetic import Scene, Synthetic
from tests.helpers.live import STOIC, FakeReader, fresh
from tests.helpers.mjpeg_server import MjpegServer


def test_a_stream_can_be_walked_through_and_left() -> None:
    with MjpegServer(fps=500.0) as server:
        with open_source(server.url) as source:
            indices = []
            for frame in source:
                indices.append(frame.index)
                if len(indices) == 5:
                    break
        assert indices == sorted(set(indices))
        assert (source.name, source.count, source.problems) == (server.url, None, [])


def test_what_fails_ends_the_walk_with_the_source_s_own_words() -> None:
    for word, words in (("/dev/video63", "not connected"), ("http://127.0.0.1:1/", "nothing ans")):
        with open_source(word) as source, pytest.raises(SourceError, match=words):
            next(iter(source))


def test_a_slow_walker_gets_the_newest_frame() -> None:
    source = LinkedSource("Cam", lambda: FakeReader(fresh), patience=STOIC)
    indices = []
    with LiveFrames(source) as frames:
        for frame in frames:
            indices.append(frame.index)
            time.sleep(0.05)
            if len(indices) == 4:
                break
    assert min(b - a for a, b in itertools.pairwise(indices)) > 1
    assert source.status.state is State.CLOSED


def test_a_batch_loses_nothing() -> None:
    recording = Synthetic(Scene((64, 48)), count=20)
    source = PlayedSource("clip", lambda: recording, paced=False, live=False)
    with LiveFrames(source) as frames:
        indices = []
        for frame in frames:
            indices.append(frame.index)
            time.sleep(0.002)
    assert indices == list(range(20))
    assert source.status.state is State.ENDED


def test_closing_from_another_thread_ends_the_walk() -> None:
    source = LinkedSource("Cam", lambda: FakeReader(lambda _: None), patience=STOIC)
    frames = LiveFrames(source)
    timer = threading.Timer(0.05, frames.close)
    timer.start()
    assert list(frames) == []
    timer.join()
    frames.close()
