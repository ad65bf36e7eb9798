"""How long a live source waits for what, and how it spaces its attempts to reconnect."""

from __future__ import annotations

from dataclasses import dataclass

from edgecnn.errors import OptionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Times after which a source changes its mind, in seconds.

    Attributes:
        open_s: From the attempt to open until the first picture; some cameras need ten.
        busy_s: How long a camera in use is tried again before the first opening fails: a program
            that has just been closed lets go of its camera a moment later.
        stalled_s: Without a new picture, until the source counts as stalled.
        frozen_s: With the same picture again and again, until the source counts as stalled.
        lost_s: Without a new picture, until the connection is given up and made again.
        first_retry_s: Before the first attempt to reconnect; doubles with each that fails.
        last_retry_s: The most between two attempts.
        steady_s: How long a connection has to hold until the next loss starts at
            ``first_retry_s`` again.
        give_up_s: How long reconnecting is tried; None for ever.
    """

    open_s: float = 10.0
    busy_s: float = 1.5
    stalled_s: float = 2.0
    frozen_s: float = 3.0
    lost_s: float = 6.0
    first_retry_s: float = 0.25
    last_retry_s: float = 8.0
    steady_s: float = 5.0
    give_up_s: float | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise OptionError(f"{name} must be a positive number of seconds, but got {value}.")
        if self.lost_s < max(self.stalled_s, self.frozen_s):
            raise OptionError(
                f"lost_s ({self.lost_s}) must not be shorter than stalled_s ({self.stalled_s}) and "
                f"frozen_s ({self.frozen_s}): a source is stalled before it is given up."
            )

    def retry_s(self, failures: int) -> float:
        """How long to wait after so many failed attempts in a row (from 0)."""
        return min(self.last_retry_s, self.first_retry_s * 2.0 ** min(failures, 30))
