"""Whether pictures and answers go in step, or the picture goes ahead of a slow model."""

from __future__ import annotations

LEAVE_S = 0.30
"""With answers further apart than this the picture would stutter, so it goes ahead of them."""
JOIN_S = 0.20
"""With answers closer than this, each picture is shown with its own answer again."""
_WEIGHT = 0.3


class Pace:
    """Decides from the gaps between answers; the two limits keep it from changing to and fro."""

    def __init__(self) -> None:
        self.in_step = True
        self._last_s: float | None = None
        self._gap_s = 0.0

    def answered(self, when_s: float) -> None:
        """An answer came."""
        if self._last_s is not None:
            gap_s = min(when_s - self._last_s, 1.0)
            self._gap_s += (gap_s - self._gap_s) * (_WEIGHT if self._gap_s else 1.0)
            if self.in_step and self._gap_s > LEAVE_S:
                self.in_step = False
            elif not self.in_step and self._gap_s < JOIN_S:
                self.in_step = True
        self._last_s = when_s

    def look(self, now_s: float) -> bool:
        """Whether to show each picture with its own answer now."""
        if self._last_s is not None and now_s - self._last_s > 1.5 * LEAVE_S:
            self.in_step = False
        return self.in_step and self._last_s is not None
