"""Numbers on chips that stay long enough to be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_HOLD_S = 0.25


class HeldNumbers:
    """Keeps the number of each followed object for a quarter of a second."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[str, float]] = {}

    def texts(self, scores: Sequence[float], ids: Any, now_s: float) -> list[str]:
        """A text a score.

        Args:
            scores: 0..1.
            ids: Number of the track of each; None where nothing is followed.
            now_s: Of a monotonic clock.
        """
        fresh = [f"{score:.2f}" for score in scores]
        if ids is None:
            return fresh
        kept: dict[int, tuple[str, float]] = {}
        for index, number in enumerate(int(number) for number in ids):
            text, since_s = self._held.get(number, (fresh[index], now_s))
            if now_s - since_s >= _HOLD_S:
                text, since_s = fresh[index], now_s
            if number >= 0:
                kept[number] = (text, since_s)
                fresh[index] = text
        self._held = kept
        return fresh
