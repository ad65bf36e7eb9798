"""What two variants did so far, in figures and in a sentence."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from edgecnn.video.answer import StageTimes
from gui.compare.agreement import Agreement

SIDES = ("first", "second")
RECENT = 150
"""Times and the strip of agreement are those of so many frames."""
ENOUGH = 10
"""Before so many frames nothing is said of speed: the first runs of a model are slow."""
STAGES = ("pre", "infer", "post")
_WARM_UP = 3
_ALIKE = 0.05
"""Two figures that differ by less than this share are called the same."""


@dataclass(slots=True)
class Tally:
    """Collects frames of one pair of variants; a new pair begins a new one.

    Attributes:
        frames: Frames about which both answered.
        same: Frames on which both said the same.
        empty: Of those, frames on which neither found anything.
        shares: Agreement of the last frames, 0..1, oldest first.
        newest: Of the last frame.
    """

    frames: int = 0
    same: int = 0
    empty: int = 0
    shares: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    newest: Agreement | None = None
    _total: float = 0.0
    _times: dict[str, deque[tuple[float, ...]]] = field(
        default_factory=lambda: {side: deque(maxlen=RECENT) for side in SIDES}
    )

    def add(self, found: Agreement, times: tuple[StageTimes, StageTimes]) -> None:
        """A frame that both answered, and how long each took."""
        self.frames += 1
        self.same += found.same
        self.empty += found.empty
        self._total += found.share
        self.shares.append(found.share)
        self.newest = found
        if self.frames <= _WARM_UP:
            return
        for side, spent in zip(SIDES, times, strict=True):
            self._times[side].append((spent.pre_ms, spent.infer_ms, spent.post_ms))

    @property
    def mean_share(self) -> float:
        """Mean agreement of all frames, 0..1."""
        return self._total / self.frames if self.frames else 0.0

    def medians_ms(self, side: str) -> dict[str, float]:
        """Stage -> median of the last frames, and ``total``, their sum; empty before the first."""
        rows = self._times[side]
        if not rows:
            return {}
        stages = np.median(np.array(rows), axis=0)
        return {**dict(zip(STAGES, map(float, stages), strict=True)), "total": float(stages.sum())}


@dataclass(frozen=True, slots=True)
class Contender:
    """One side, as far as the verdict needs it.

    Attributes:
        title: In few words: ``int8 · LiteRT``.
        megabytes: 10^6 bytes; None while it is not known.
    """

    title: str
    megabytes: float | None


def verdict(first: Contender, second: Contender, tally: Tally) -> str:
    """The running verdict on the second side, held against the first.

    Returns:
        For example "int8 · LiteRT is 2.1 times as fast as float16 · LiteRT, 3.9 times smaller, and
        agreed on 98 of 100 frames."
    """
    if not tally.frames:
        return "No frame was answered by both yet."
    names = second.title if second.title != first.title else "The right one"
    other = first.title if second.title != first.title else "the left one"
    parts = []
    times = [tally.medians_ms(side).get("total", 0.0) for side in SIDES]
    if tally.frames >= ENOUGH and all(times):
        parts.append(_compared(times[0] / times[1], "times as fast as", "as fast as", other))
    if first.megabytes and second.megabytes:
        parts.append(_smaller(first.megabytes / second.megabytes))
    agreed = f"agreed on {tally.same} of {tally.frames} frames"
    if tally.empty:
        agreed += f" (on {tally.empty} of them neither found anything)"
    if not parts:
        return f"{names} {agreed}."
    return f"{names} is {', '.join(parts)}, and {agreed}."


def _compared(ratio: float, many: str, same: str, other: str) -> str:
    if abs(ratio - 1) < _ALIKE:
        return f"{same} {other}"
    if ratio < 1:
        return f"{1 / ratio:.1f} times slower than {other}"
    return f"{ratio:.1f} {many} {other}"


def _smaller(ratio: float) -> str:
    if abs(ratio - 1) < _ALIKE:
        return "of the same size"
    return f"{ratio:.1f} times smaller" if ratio > 1 else f"{1 / ratio:.1f} times larger"
