"""Live sources under the microscope: what they delivered, and what they said."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edgecnn.video.facts import SourceFacts
from edgecnn.video.fault import Fault
from edgecnn.video.frame import Frame
from edgecnn.video.link import Grab
from edgecnn.video.linked import LinkedSource
from edgecnn.video.live import LiveSource
from edgecnn.video.patience import Patience
from edgecnn.video.status import Reason, State, Status
from tests.helpers.mjpeg_server import picture

HASTY = Patience(
    open_s=5.0,
    busy_s=0.1,
    stalled_s=0.3,
    frozen_s=0.3,
    lost_s=0.6,
    first_retry_s=0.02,
    last_retry_s=0.1,
    steady_s=0.2,
)
"""For tests of what happens after a time-out: all are reached soon, also by a busy machine."""

STOIC = Patience(
    open_s=60, stalled_s=60, frozen_s=60, lost_s=60, first_retry_s=0.02, last_retry_s=0.1
)
"""For tests in which nothing times out, however busy the machine is."""


class Watched:
    """A source that runs, with all that it delivered and said."""

    def __init__(self, source: LiveSource) -> None:
        self.source = source
        self.frames: list[Frame] = []
        self.said: list[Status] = []
        self.threads: set[int] = set()
        source.on_status(self.said.append)

    def start(self) -> None:
        self.source.start(self._take)

    def _take(self, frame: Frame) -> None:
        self.threads.add(threading.get_ident())
        self.frames.append(frame)

    @property
    def states(self) -> list[State]:
        """The states it went through, without repetitions."""
        states: list[State] = []
        for status in self.said:
            if not states or states[-1] != status.state:
                states.append(status.state)
        return states

    def wait_for_frames(self, more: int) -> None:
        goal = len(self.frames) + more
        self.wait_until(lambda: len(self.frames) >= goal, f"{more} more frames")

    def wait_for(self, state: State) -> Status:
        self.wait_until(lambda: self.source.status.state is state, f"the state {state}")
        return self.source.status

    def wait_until(self, condition: Callable[[], bool], what: str, timeout_s: float = 30) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            said = [(status.state, status.reason, status.message) for status in self.said]
            assert time.monotonic() < deadline_s, f"never came: {what}; it said {said}"
            time.sleep(0.002)


@contextlib.contextmanager
def watching(source: LiveSource) -> Iterator[Watched]:
    """A started source, stopped at the end; nothing it ever said may hold a password."""
    watched = Watched(source)
    watched.start()
    try:
        yield watched
    finally:
        source.stop()
    assert source.status.state in (State.CLOSED, State.ENDED, State.FAILED)
    for status in watched.said:
        assert "secret" not in status.message
        assert (status.reason is None) == (
            status.state not in (State.FAILED, State.STALLED, State.RECONNECTING)
        )
        assert isinstance(status.reason, Reason | None)


class FakeReader:
    """A device that does as it is told.

    Args:
        script: Called for each read with its number; gives the picture, or raises, or blocks.
        opening: Called when it is opened.
    """

    exclusive = True

    def __init__(
        self,
        script: Callable[[int], Grab | None],
        opening: Callable[[], None] = lambda: None,
        name: str = "Fake camera",
        exclusive: bool = True,
    ) -> None:
        self.name = name
        self.exclusive = exclusive
        self.reads = 0
        self.closed = threading.Event()
        self.interrupted = threading.Event()
        self._script = script
        self._opening = opening

    def open(self) -> SourceFacts:
        self._opening()
        return SourceFacts((64, 48), 30.0, None, "fake", "MJPG")

    def read(self) -> Grab | None:
        time.sleep(0.002)
        self.reads += 1
        return self._script(self.reads - 1)

    def trouble(self) -> str:
        return ""

    def interrupt(self) -> None:
        self.interrupted.set()

    def close(self) -> None:
        self.closed.set()


def fresh(index: int, device_s: float | None = None) -> Grab:
    """A picture that no other resembles."""
    return Grab(np.asarray(picture(index)), time.monotonic(), device_s)


class FakeCamera:
    """A camera whose behaviour can be exchanged while it runs; keeps all its readers."""

    def __init__(self, behave: Callable[[int], Grab | None] = fresh) -> None:
        self.behave = behave
        self.refuse: Fault | None = None
        self.readers: list[FakeReader] = []
        self.hang = threading.Event()
        self.exclusive = True

    def connect(self) -> FakeReader:
        reader = FakeReader(lambda index: self.behave(index), self._open, exclusive=self.exclusive)
        self.readers.append(reader)
        return reader

    def _open(self) -> None:
        if self.refuse is not None:
            raise self.refuse

    def block(self, _: int) -> Grab | None:
        """As a driver that never returns; until the test is over."""
        self.hang.wait(60)
        return None

    def source(self, **options: Any) -> LinkedSource:
        return LinkedSource("Fake camera", self.connect, **{"patience": HASTY, **options})
