"""A source that delivers what a test tells it to, and tasks whose answers are known."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgecnn.core.results import Classification
from edgecnn.video.facts import SourceFacts
from edgecnn.video.files import Problem
from edgecnn.video.frame import Frame
from edgecnn.video.status import Reason, State, Status


def numbered(index: int, *, captured_s: float | None = None) -> Frame:
    """A small frame that carries its number in its first pixel."""
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[0, 0] = index % 256
    return Frame(pixels, "bgr", index / 30, index, "fake", captured_s)


class FakeSource:
    """A live source driven by the test: `push` delivers, `show` takes on a state."""

    def __init__(self, *, live: bool = True) -> None:
        self.name = "fake"
        self.live = live
        self.count: int | None = None
        self.fps: float | None = 30.0
        self.problems: list[Problem] = []
        self.facts: SourceFacts | None = None
        self.status = Status(State.CLOSED)
        self.stopped = 0
        self._listeners: list[Callable[[Status], None]] = []
        self._deliver: Callable[[Frame], None] | None = None

    def on_status(self, listener: Callable[[Status], None]) -> Callable[[], None]:
        self._listeners.append(listener)

        def leave() -> None:
            self._listeners = [known for known in self._listeners if known is not listener]

        return leave

    @property
    def listening(self) -> int:
        """How many listeners there are."""
        return len(self._listeners)

    def start(self, deliver: Callable[[Frame], None]) -> None:
        self._deliver = deliver
        self.show(State.OPENING)

    def pause(self) -> None:
        self.show(State.PAUSED)

    def resume(self) -> None:
        self.show(State.RUNNING)

    def stop(self, timeout_s: float = 2.0) -> None:
        self.stopped += 1
        if not self.status.final:
            self.show(State.CLOSED)

    def push(self, *indices: int, captured_s: float | None = None) -> None:
        """Deliver frames, on this thread."""
        for index in indices:
            self.hand_over(numbered(index, captured_s=captured_s))

    def hand_over(self, frame: Frame) -> None:
        """Deliver this frame, on this thread."""
        assert self._deliver is not None
        self._deliver(frame)

    def show(self, state: State, reason: Reason | None = None, message: str = "") -> None:
        """Take on a state and tell everybody."""
        self.status = Status(state, reason, message)
        for listener in list(self._listeners):
            listener(self.status)


@dataclass(frozen=True, slots=True)
class FakeTiming:
    pre_ms: float = 1.0
    wait_ms: float = 0.5
    infer_ms: float = 3.0
    post_ms: float = 0.25


class FakeTask:
    """Answers with the number in the first pixel as the class; may be made to wait or to fail."""

    def __init__(self, name: str = "fake") -> None:
        self.name = name
        self.timing: FakeTiming | None = FakeTiming()
        self.closed = False
        self.asked: list[int] = []
        self.fails_on: Callable[[int], bool] = lambda index: False
        self.began = threading.Semaphore(0)
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.may_close = threading.Event()
        self.may_close.set()

    def __call__(self, picture: Any) -> Classification:
        assert not self.closed
        index = picture.index
        self.asked.append(index)
        self.began.release()
        assert self.may_go_on.wait(30)
        if self.fails_on(index):
            raise ValueError(f"frame {index} is bad")
        return Classification(np.array([index]), (self.name,), np.array([0.5], np.float32))

    def close(self) -> None:
        assert self.may_close.wait(30)
        self.closed = True


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Wait for something that another thread does; False when it never happens."""
    end_s = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.002)
    return True
