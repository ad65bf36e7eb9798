"""Live sources: frames that come by themselves, and what to do when they do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edgecnn.video.facts import SourceFacts
from edgecnn.video.files import Problem
from edgecnn.video.frame import Frame
from edgecnn.video.status import Status

Deliver = Callable[[Frame], None]
Listener = Callable[[Status], None]


class LiveSource(Protocol):
    """Something that hands over frames on a thread of its own.

    Attributes:
        name: For people; credentials are left out.
        live: On: the newest frame wins and others may be dropped (camera, stream, paced file).
            Off: nothing may be dropped, ``deliver`` may block, and reading waits for it.
        count: Number of frames, as far as it is known before they were read.
        fps: Frames a second that the source has by its own account.
        problems: What could not be read and was left out; at most the first hundred.
        facts: What really came; None before the first frame.
        status: What it is doing now; may be read on any thread.
    """

    name: str
    live: bool
    count: int | None
    fps: float | None
    problems: list[Problem]

    @property
    def facts(self) -> SourceFacts | None:
        """What really came."""

    @property
    def status(self) -> Status:
        """What it is doing now."""

    def on_status(self, listener: Listener) -> Callable[[], None]:
        """Have every new status handed over, on the source's thread; returns what ends that."""

    def start(self, deliver: Deliver) -> None:
        """Begin; returns at once. Frames go to ``deliver``, on the source's thread, in order.

        May be called again after the source has ended, failed or was stopped.
        """

    def pause(self) -> None:
        """Hand over no frames until `resume`. A file waits; a camera stays open and goes on."""

    def resume(self) -> None:
        """Go on after `pause`."""

    def stop(self, timeout_s: float = 2.0) -> None:
        """End in any state within ``timeout_s``, also when a driver hangs; twice is harmless."""
