"""A source that is handed its frames: the stream that runs already, for a second reader.

A camera can be opened once. Whoever compares variants takes the frames that the window shows.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from edgecnn.video.facts import SourceFacts
from edgecnn.video.files import Problem
from edgecnn.video.frame import Frame
from edgecnn.video.live import Deliver, Listener
from edgecnn.video.status import State, Status


class Relay:
    """A `edgecnn.video.live.LiveSource` without a thread: `give` hands a frame on.

    Args:
        name: For people.
    """

    def __init__(self, name: str = "the live picture") -> None:
        self.name = name
        self.live = True
        self.count: int | None = None
        self.fps: float | None = None
        self.problems: list[Problem] = []
        self._status = Status(State.RUNNING, since_s=time.monotonic())
        self._deliver: Deliver | None = None
        self._paused = False

    @property
    def facts(self) -> SourceFacts | None:
        """Nothing is known but what each frame says."""
        return None

    @property
    def status(self) -> Status:
        """Running until it is stopped."""
        return self._status

    def on_status(self, listener: Listener) -> Callable[[], None]:
        """Nothing changes by itself, so there is nothing to tell of."""
        return lambda: None

    def give(self, frame: Frame) -> bool:
        """Hand a frame on, unless nobody listens; returns at once, and whether it was taken."""
        deliver = self._deliver
        if deliver is None or self._paused:
            return False
        deliver(frame)
        return True

    def start(self, deliver: Deliver) -> None:
        """Begin."""
        self._deliver = deliver

    def pause(self) -> None:
        """Pass nothing on until `resume`."""
        self._paused = True

    def resume(self) -> None:
        """Go on."""
        self._paused = False

    def stop(self, timeout_s: float = 2.0) -> None:
        """End."""
        self._deliver = None
        self._status = Status(State.CLOSED, since_s=time.monotonic())
