"""Time between the frames of a stream, for whatever remembers from one to the next."""

from __future__ import annotations

NOMINAL_S = 1 / 30
"""Time between two frames whose times say nothing: pictures of a folder, a clip that began anew."""


class Steps:
    """Turns the times of frames into steps that are always positive."""

    def __init__(self) -> None:
        self._last_s: float | None = None

    def next(self, time_s: float) -> float:
        """Seconds since the frame before; `NOMINAL_S` where that is not known."""
        last_s, self._last_s = self._last_s, time_s
        if last_s is None or time_s <= last_s:
            return NOMINAL_S
        return time_s - last_s
