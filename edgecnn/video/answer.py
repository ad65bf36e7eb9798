"""What a pipeline gives for a frame: the frame, its results, how old they are and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgecnn.core.results import Result
from edgecnn.video.frame import Frame

STAGES = ("capture", "wait", "pre", "infer", "post")
"""The stages of a frame, in their order."""


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Where the time between taking a picture and its answer went, in milliseconds.

    Attributes:
        capture_ms: From the moment it was taken until it was handed over: reading and decoding.
        wait_ms: Until its turn came, and until the engine was free.
        pre_ms: Preparing the picture.
        infer_ms: Running the networks.
        post_ms: Decoding outputs, following and smoothing.
    """

    capture_ms: float = 0.0
    wait_ms: float = 0.0
    pre_ms: float = 0.0
    infer_ms: float = 0.0
    post_ms: float = 0.0

    @property
    def total_ms(self) -> float:
        """All stages together."""
        return self.capture_ms + self.wait_ms + self.pre_ms + self.infer_ms + self.post_ms

    def plus(self, other: StageTimes) -> StageTimes:
        """The sum, stage by stage."""
        return StageTimes(*(a + b for a, b in zip(self.each(), other.each(), strict=True)))

    def each(self) -> tuple[float, ...]:
        """The times in the order of `STAGES`."""
        return self.capture_ms, self.wait_ms, self.pre_ms, self.infer_ms, self.post_ms

    def to_dict(self) -> dict[str, float]:
        """Stage -> milliseconds, rounded to a microsecond."""
        named = dict(zip(STAGES, self.each(), strict=True))
        return {stage: round(time_ms, 3) for stage, time_ms in named.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What all tasks of a pipeline said about one frame.

    Attributes:
        frame: The frame.
        results: Name of the task -> its result. A task that failed is missing.
        index: Position among the answers, from 0; rises by one.
        captured_s: When the picture was taken, on the clock of `time.monotonic`; when it was handed
            over where that is not known.
        answered_s: When the answer was ready, on the same clock.
        times: Where the time went, all tasks together.
        task_times: The same, a task.
        errors: Name of the task -> why it failed on this frame.
    """

    frame: Frame
    results: Mapping[str, Result]
    index: int
    captured_s: float
    answered_s: float
    times: StageTimes
    task_times: Mapping[str, StageTimes]
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def age_ms(self) -> float:
        """How old the picture was when its answer was ready."""
        return (self.answered_s - self.captured_s) * 1e3

    @property
    def result(self) -> Result:
        """The result of the only task.

        Raises:
            LookupError: It failed on this frame, or there are several: use `results`.
        """
        if len(self.results) != 1:
            known = ", ".join(self.results) or "none, all failed"
            raise LookupError(f"There is no single result. Results: {known}.")
        return next(iter(self.results.values()))
