"""How fast the stream runs, in the few numbers of the strip; plain Python."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import psutil

from edgecnn.video.stats import Stats, rate

WINDOW_S = 3.0
"""The rate of what is shown is that of the last seconds."""
HISTORY = 120
"""Points of the curve; at four a second that is half a minute."""
MODEL_STAGES = ("pre", "infer", "post")
"""The stages that are the model's own."""


@dataclass(frozen=True, slots=True)
class StageReading:
    """Median and 95th percentile of a stage, in milliseconds."""

    name: str
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Readings:
    """What the strip shows.

    Attributes:
        shown_fps: Pictures painted a second.
        answered_fps: Pictures answered a second.
        stages: Every stage in order; empty before the first answer.
        age_ms: Median age of a picture when its answer was ready.
        dropped: Pictures that were replaced by newer ones since the source was opened.
        failed: Answers that were lost because the model failed.
        cpu_percent: Of this process; 100 is one core.
        memory_mb: Resident memory of this process, 10^6 bytes.
        history_ms: Times of the model in the last half minute, oldest first.
    """

    shown_fps: float = 0.0
    answered_fps: float = 0.0
    stages: tuple[StageReading, ...] = ()
    age_ms: float = 0.0
    dropped: int = 0
    failed: int = 0
    cpu_percent: float = 0.0
    memory_mb: float = 0.0
    history_ms: tuple[float, ...] = ()

    @property
    def model_ms(self) -> float:
        """Median time of the model's own stages together."""
        return sum(stage.p50_ms for stage in self.stages if stage.name in MODEL_STAGES)

    def table(self) -> str:
        """Each stage in a line, for a tooltip."""
        return "\n".join(
            f"{stage.name}: {stage.p50_ms:.1f} ms, 95 % under {stage.p95_ms:.1f} ms"
            for stage in self.stages
        )


class Meter:
    """Collects what the readings are made of. All times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._shown: deque[float] = deque(maxlen=1024)
        self._history: deque[float] = deque(maxlen=HISTORY)
        self._process = psutil.Process()
        self._process.cpu_percent()  # the first call only starts the clock

    def shown(self, now_s: float) -> None:
        """A new picture was painted."""
        self._shown.append(now_s)

    def readings(self, now_s: float, stats: Stats | None) -> Readings:
        """The numbers of the last seconds; adds a point to the curve."""
        while self._shown and self._shown[0] < now_s - WINDOW_S:
            self._shown.popleft()
        stages: tuple[StageReading, ...] = ()
        if stats is not None:
            stages = tuple(
                StageReading(name, spread.p50_ms, spread.p95_ms)
                for name, spread in stats.stages.items()
            )
        made = Readings(
            shown_fps=rate(list(self._shown), now_s),
            answered_fps=0.0 if stats is None else stats.fps_out,
            stages=stages,
            age_ms=0.0 if stats is None or stats.age is None else stats.age.p50_ms,
            dropped=0 if stats is None else stats.dropped,
            failed=0 if stats is None else stats.failed,
            cpu_percent=self._process.cpu_percent(),
            memory_mb=self._process.memory_info().rss / 1e6,
            history_ms=tuple(self._history),
        )
        if made.model_ms > 0:
            self._history.append(made.model_ms)
        return made
