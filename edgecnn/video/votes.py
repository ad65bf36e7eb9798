"""Scores of classes, averaged over the last moments, and a leader that is not deposed lightly."""

from __future__ import annotations

import math
from collections.abc import Mapping

_GONE = 0.002
"""Classes whose score has faded below this are forgotten."""


class Votes:
    """Exponential average of the score of each class, with hysteresis for the first place.

    Args:
        score_s: Time constant in seconds.
        margin: How far another class has to be ahead to become the leader.

    Attributes:
        unseen_s: For the caller: how long nothing was added.
    """

    def __init__(self, score_s: float, margin: float) -> None:
        self.unseen_s = 0.0
        self._score_s = score_s
        self._margin = margin
        self._scores: dict[int, float] = {}
        self._labels: dict[int, str] = {}
        self._leader: int | None = None

    def add(self, scores: Mapping[int, float], labels: Mapping[int, str], step_s: float) -> None:
        """Take the scores of a frame into the average; a class that is missing scored 0.

        Args:
            scores: Class id -> score.
            labels: Class id -> name, for the same classes.
            step_s: Time since the frame before.
        """
        self.unseen_s = 0.0
        self._labels |= labels
        # The first scores of all, and those after no time constant, count in full.
        fades = bool(self._scores) and self._score_s > 0
        kept = math.exp(-step_s / self._score_s) if fades else 0.0
        mixed = {
            key: kept * self._scores.get(key, 0.0) + (1 - kept) * scores.get(key, 0.0)
            for key in self._scores.keys() | scores.keys()
        }
        self._scores = {
            key: score for key, score in mixed.items() if score > _GONE or key in scores
        }
        self._labels = {key: self._labels[key] for key in self._scores}
        best = max(self._scores, key=self._order, default=None)
        if best is None or self._scores[best] > self._held(-math.inf) + self._margin:
            self._leader = best

    def ranked(self) -> list[tuple[int, str, float]]:
        """Class id, name and score, the leader first, then by falling score.

        Who is ahead of the leader by less than the margin is given the leader's score, so that
        scores fall.
        """
        held = self._held(math.inf)
        others = sorted((key for key in self._scores if key != self._leader), key=self._order)
        order = others[::-1] if self._leader is None else [self._leader, *others[::-1]]
        return [(key, self._labels[key], min(self._scores[key], held)) for key in order]

    def _held(self, without: float) -> float:
        """The leader's score; ``without`` when there is no leader."""
        return without if self._leader is None else self._scores.get(self._leader, without)

    def _order(self, class_id: int) -> tuple[float, int]:
        """By score; of equals the smaller id is the greater."""
        return self._scores[class_id], -class_id
