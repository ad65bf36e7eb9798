"""What a live source is doing, in the words of the person who watches it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """What a source is doing now.

    ``STALLED``: open, but no new picture comes; nothing was closed yet. ``RECONNECTING``: it was
    closed and is being opened again. ``FAILED``: given up; ``Status.reason`` says why. ``CLOSED``:
    not started, or stopped.
    """

    OPENING = "opening"
    RUNNING = "running"
    STALLED = "stalled"
    RECONNECTING = "reconnecting"
    PAUSED = "paused"
    ENDED = "ended"
    FAILED = "failed"
    CLOSED = "closed"


class Reason(StrEnum):
    """Why a source failed, stalled or is being reconnected.

    ``NOT_FOUND``: no such camera, file, host or path. ``BUSY``: another program has it.
    ``LOST``: it was there and went away. ``BROKEN``: it is there, but what it gives cannot be used.
    """

    NOT_FOUND = "not_found"
    BUSY = "busy"
    NO_PERMISSION = "no_permission"
    TIMED_OUT = "timed_out"
    AUTH = "auth"
    CODEC = "codec"
    LOST = "lost"
    BROKEN = "broken"


FINAL = frozenset({State.ENDED, State.FAILED, State.CLOSED})
"""States that a source does not leave by itself."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a source is doing, why, and what a person can do about it.

    Attributes:
        state: What it is doing.
        reason: Why, for ``FAILED``, ``STALLED`` and ``RECONNECTING``; else None.
        message: One or two sentences for people with the next step; never holds credentials.
        since_s: When this state began, on the clock of `time.monotonic`.
    """

    state: State
    reason: Reason | None = None
    message: str = ""
    since_s: float = field(default_factory=time.monotonic)

    @property
    def final(self) -> bool:
        """Whether the source stays like this until somebody acts."""
        return self.state in FINAL
