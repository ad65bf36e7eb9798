"""A source that also shows its frames before any model has seen them.

The window has a picture while a model is still being loaded, or when a model is so slow that the
live picture would stutter with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from edgecnn.video.facts import SourceFacts
from edgecnn.video.files import Problem
from edgecnn.video.frame import Frame
from edgecnn.video.live import Deliver, Listener, LiveSource
from edgecnn.video.status import Status


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A frame, when it came, and how many came before it."""

    frame: Frame
    came_s: float
    number: int


class Tap:
    """A `LiveSource` that passes everything on and remembers the newest frame.

    Attributes:
        newest: The newest frame; None before the first. May be read on any thread.
    """

    def __init__(self, source: LiveSource) -> None:
        self._source = source
        self.newest: Seen | None = None

    @property
    def name(self) -> str:
        """For people."""
        return self._source.name

    @property
    def live(self) -> bool:
        """Whether the newest frame wins."""
        return self._source.live

    @property
    def count(self) -> int | None:
        """Number of frames, where it is known."""
        return self._source.count

    @property
    def fps(self) -> float | None:
        """Frames a second by its own account."""
        return self._source.fps

    @property
    def problems(self) -> list[Problem]:
        """What could not be read."""
        return self._source.problems

    @property
    def facts(self) -> SourceFacts | None:
        """What really came."""
        return self._source.facts

    @property
    def status(self) -> Status:
        """What it is doing now."""
        return self._source.status

    def on_status(self, listener: Listener) -> Callable[[], None]:
        """Have every new status handed over."""
        return self._source.on_status(listener)

    def start(self, deliver: Deliver) -> None:
        """Begin; each frame is remembered, then handed on."""

        def pass_on(frame: Frame) -> None:
            number = 0 if self.newest is None else self.newest.number + 1
            self.newest = Seen(frame, time.monotonic(), number)
            deliver(frame)

        self._source.start(pass_on)

    def pause(self) -> None:
        """Hand over no frames."""
        self._source.pause()

    def resume(self) -> None:
        """Go on."""
        self._source.resume()

    def stop(self, timeout_s: float = 2.0) -> None:
        """End."""
        self._source.stop(timeout_s)
