"""How a pipeline is doing: rates, ages, losses and where the time goes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgecnn.video.answer import STAGES, Answer

WINDOW_S = 5.0
"""Rates and times are those of the last so many seconds."""

_MOST = 1024
"""At most so many frames are remembered, however fast they come."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 95th percentile, in milliseconds."""

    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts since the start; rates and times of the last seconds.

    Attributes:
        frames_in: Frames that the source handed over.
        answered: Frames that all tasks were asked about.
        dropped: Frames that were replaced by a newer one before their turn came.
        failed: Answers of a task that were lost because it raised.
        results_dropped: Answers that were replaced by a newer one before anybody took them.
        callbacks_failed: Calls of ``on_result`` that raised.
        fps_in: Frames a second that came.
        fps_out: Answers a second.
        age: How old pictures were when their answers were ready; None before the first answer.
        stages: Stage -> its time; see `edgecnn.video.answer.STAGES`. Empty before the first answer.
    """

    frames_in: int
    answered: int
    dropped: int
    failed: int
    results_dropped: int
    callbacks_failed: int
    fps_in: float
    fps_out: float
    age: Spread | None
    stages: Mapping[str, Spread]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, rounded for reading; times in milliseconds."""
        plain: dict[str, Any] = {
            "frames_in": self.frames_in,
            "answered": self.answered,
            "dropped": self.dropped,
            "failed": self.failed,
            "results_dropped": self.results_dropped,
            "callbacks_failed": self.callbacks_failed,
            "fps_in": round(self.fps_in, 1),
            "fps_out": round(self.fps_out, 1),
        }
        spreads = {} if self.age is None else {"age": self.age, **self.stages}
        for name, spread in spreads.items():
            plain[f"{name}_p50_ms"] = round(spread.p50_ms, 2)
            plain[f"{name}_p95_ms"] = round(spread.p95_ms, 2)
        return plain


class StatsKeeper:
    """Collects what `Stats` says; every method may be called on any thread.

    Args:
        clock: Seconds; replaced in tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._frames_in = self._answered = self._failed = self._callbacks_failed = 0
        self._came: deque[float] = deque(maxlen=_MOST)
        # One row an answer: when, age, then the stages.
        self._answers: deque[tuple[float, ...]] = deque(maxlen=_MOST)

    def frame_came(self) -> None:
        """The source handed over a frame."""
        with self._lock:
            self._frames_in += 1
            self._came.append(self._clock())

    def frame_answered(self, answer: Answer) -> None:
        """All tasks were asked about a frame."""
        with self._lock:
            self._answered += 1
            self._failed += len(answer.errors)
            self._answers.append((self._clock(), answer.age_ms, *answer.times.each()))

    def callback_failed(self) -> None:
        """A call of the user's function raised."""
        with self._lock:
            self._callbacks_failed += 1

    def snapshot(self, *, dropped: int, results_dropped: int) -> Stats:
        """What is known now.

        Args:
            dropped: As the mailbox of frames counts them.
            results_dropped: As the mailbox of answers counts them.
        """
        with self._lock:
            now_s = self._clock()
            counts = self._frames_in, self._answered, self._failed, self._callbacks_failed
            came = [when_s for when_s in self._came if when_s > now_s - WINDOW_S]
            rows = [row for row in self._answers if row[0] > now_s - WINDOW_S]
        frames_in, answered, failed, callbacks_failed = counts
        spreads: list[Spread] = []
        if rows:
            p50, p95 = np.percentile(np.array(rows)[:, 1:], (50, 95), axis=0)
            spreads = [Spread(float(a), float(b)) for a, b in zip(p50, p95, strict=True)]
        return Stats(
            frames_in=frames_in,
            answered=answered,
            dropped=dropped,
            failed=failed,
            results_dropped=results_dropped,
            callbacks_failed=callbacks_failed,
            fps_in=rate(came, now_s),
            fps_out=rate([row[0] for row in rows], now_s),
            age=spreads[0] if spreads else None,
            stages=dict(zip(STAGES, spreads[1:], strict=True)) if spreads else {},
        )


def rate(times_s: Sequence[float], now_s: float) -> float:
    """Events a second; falls as soon as an event is later than the ones before it let expect.

    Args:
        times_s: When they happened, rising.
        now_s: The present, on the same clock.
    """
    if len(times_s) < 2 or times_s[-1] <= times_s[0]:
        return 0.0
    span_s = times_s[-1] - times_s[0]
    late_s = max(0.0, now_s - times_s[-1] - span_s / (len(times_s) - 1))
    return (len(times_s) - 1) / (span_s + late_s)
