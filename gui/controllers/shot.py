"""What there is to show at a moment: the newest picture and what was said of it."""

from __future__ import annotations

from dataclasses import dataclass

from edgecnn.core.results import Result
from edgecnn.tasks.base import TaskInfo
from edgecnn.video.facts import SourceFacts
from edgecnn.video.frame import Frame
from edgecnn.video.status import Status
from gui.state import ModelChoice


@dataclass(frozen=True, slots=True)
class ModelState:
    """How the model of the tab in front is.

    Attributes:
        wanted: What was asked for; None before the first wish.
        info: Of the model that answers now; None while there is none.
        labels: Its classes.
        loading_since_s: When loading began, on the clock of `time.monotonic`; None when idle.
        error: Why the last load failed; empty when it did not.
    """

    wanted: ModelChoice | None = None
    info: TaskInfo | None = None
    labels: tuple[str, ...] = ()
    loading_since_s: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A moment of the stream, for the window to draw.

    Attributes:
        serial: Another number when there is something new to paint.
        answers: Number of answers so far; another number when ``result`` is a new one.
        frame: The picture; None before the first.
        result: What is known of it; of an earlier picture where the model is slow; None without.
        status: Of the source; None when none was chosen.
        source: Name of the source, for people.
        facts: What the source really gives.
        still: The source is a single picture.
        trouble: What went wrong with the newest answer, in words; empty when nothing did.
    """

    serial: int = 0
    answers: int = 0
    frame: Frame | None = None
    result: Result | None = None
    status: Status | None = None
    source: str = ""
    facts: SourceFacts | None = None
    still: bool = False
    trouble: str = ""
