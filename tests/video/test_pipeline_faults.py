"""The pipeline on real sources that misbehave; what the sources do is tested beside them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from edgecnn.errors import SourceError
from edgecnn.video.linked import LinkedSource
from edgecnn.video.network.address import parse_address
from edgecnn.video.network.ffmpeg import FfmpegReader
from edgecnn.video.network.http import HttpReader
from edgecnn.video.pipeline import Pipeline
from edgecnn.video.status import State
from tests.helpers.live import HASTY
from tests.helpers.mjpeg_server import MjpegServer
from tests.helpers.pipelines import FakeTask, eventually


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    with MjpegServer() as serving:
        yield serving


def stream(server: MjpegServer) -> LinkedSource:
    address = parse_address(server.url)
    return LinkedSource(address.name, lambda: HttpReader(address, FfmpegReader), patience=HASTY)


def answer_after(pipeline: Pipeline, index: int) -> bool:
    """Whether an answer comes about a frame later than this one."""
    end_s = time.monotonic() + 20
    while time.monotonic() < end_s:
        answer = pipeline.take(1.0)
        if answer is not None and answer.frame.index > index:
            return True
    return False


@pytest.mark.parametrize("mode", ["stall", "close", "corrupt", "garbage", "frozen"])
def test_answers_go_on_when_the_stream_does(server: MjpegServer, mode: str) -> None:
    with Pipeline(stream(server), FakeTask()) as pipeline:
        first = pipeline.take(20)
        assert first is not None
        server.behaviour.mode = mode  # type: ignore[assignment]
        trouble = {State.STALLED, State.RECONNECTING}
        assert eventually(lambda: pipeline.status.state in trouble)
        latest = pipeline.latest()
        assert latest is not None
        server.behaviour.mode = "run"
        assert answer_after(pipeline, latest.frame.index)
        assert pipeline.stats.failed == 0


@pytest.mark.parametrize("mode", ["stall", "close", "garbage", "frozen"])
def test_it_stops_within_two_seconds_in_any_trouble(server: MjpegServer, mode: str) -> None:
    pipeline = Pipeline(stream(server), FakeTask()).start()
    assert pipeline.take(20) is not None
    server.behaviour.mode = mode  # type: ignore[assignment]
    time.sleep(0.1)
    began_s = time.monotonic()
    pipeline.stop(timeout_s=2.0)
    assert time.monotonic() - began_s < 4  # twice the promise: the machine of a test may be busy
    assert pipeline.status.state is State.CLOSED


def test_a_server_that_answers_late_can_be_left_at_once(server: MjpegServer) -> None:
    server.behaviour.open_delay_s = 30.0
    pipeline = Pipeline(stream(server), FakeTask()).start()
    assert pipeline.take(0.2) is None
    assert pipeline.status.state is State.OPENING
    pipeline.stop()
    assert pipeline.status.state is State.CLOSED


def test_nobody_at_the_address_ends_iteration_with_a_reason() -> None:
    server = MjpegServer()
    server.stop()
    with Pipeline(stream(server), FakeTask()) as pipeline, pytest.raises(SourceError):
        next(iter(pipeline))
    assert pipeline.status.reason is not None


def test_a_change_of_size_in_mid_stream_reaches_the_task(server: MjpegServer) -> None:
    with Pipeline(stream(server), FakeTask()) as pipeline:
        assert pipeline.take(20) is not None
        server.behaviour.size_wh = (80, 60)

        def changed() -> bool:
            answer = pipeline.take(1.0)
            return answer is not None and answer.frame.size_wh == (80, 60)

        assert eventually(changed)


def test_a_stream_is_swapped_under_a_model_that_hangs(server: MjpegServer) -> None:
    task = FakeTask()
    task.may_go_on.clear()
    pipeline = Pipeline(stream(server), task, own_tasks=True).start()
    assert task.began.acquire(timeout=20)
    assert pipeline.stop(timeout_s=0.3) is False
    with Pipeline(stream(server), FakeTask()) as second:
        assert second.take(20) is not None
    task.may_go_on.set()
    assert eventually(lambda: task.closed)
    assert eventually(lambda: "edgecnn-answers" not in {t.name for t in threading.enumerate()})
