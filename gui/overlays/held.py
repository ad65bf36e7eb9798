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
        return self.words([f"{score:.2f}" for score in scores], ids, now_s)

    def words(
        self, texts: Sequence[str], ids: Any, now_s: float, *, hold_s: float = _HOLD_S
    ) -> list[str]:
        """Texts of any kind, each kept for a while.

        Args:
            texts: Of now.
            ids: Number of the track of each; None where nothing is followed.
            now_s: Of a monotonic clock.
            hold_s: How long a text stays at least.
        """
        fresh = list(texts)
        if ids is None:
            return fresh
        kept: dict[int, tuple[str, float]] = {}
        for index, number in enumerate(int(number) for number in ids):
            text, since_s = self._held.get(number, (fresh[index], now_s))
            if now_s - since_s >= hold_s:
                text, since_s = fresh[index], now_s
            if number >= 0:
                kept[number] = (text, since_s)
                fresh[index] = text
        self._held = kept
        return fresh
