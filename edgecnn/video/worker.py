"""The thread of a pipeline that asks the tasks: takes frames from one mailbox, fills another."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from edgecnn.core.results import Result
from edgecnn.video.answer import Answer, StageTimes
from edgecnn.video.files import Problem
from edgecnn.video.frame import Frame
from edgecnn.video.lane import SINGLE, Lanes
from edgecnn.video.mailbox import Mailbox, MailboxClosedError
from edgecnn.video.scene import Glance, glance_at
from edgecnn.video.stats import StatsKeeper
from edgecnn.video.status import Reason, State, Status

_log = logging.getLogger(__name__)

MOST_PROBLEMS = 100
"""So many failures are kept; all are counted."""

_LOOK_S = 0.5
"""How often an idle worker looks whether a task that was swapped out is to be closed."""

_WARN_EVERY_S = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A frame whose turn has not come.

    Attributes:
        frame: The frame.
        came_s: When it came, on the clock of `time.monotonic`.
        glance: For what remembers frames; None when nothing does.
    """

    frame: Frame
    came_s: float
    glance: Glance | None


class Worker:
    """Answers frames until their mailbox is closed.

    Args:
        lanes: The tasks.
        frames: Frames to answer.
        answers: Where answers go; closed when the last one is in it.
        min_gap_s: Time from the start of one answer to the next, at least.
        own_tasks: Close tasks that are no longer used.

    Attributes:
        keeper: Counts.
        latest: The newest answer.
        problems: The first failures.
        broken: Set when something went wrong that is not a task's fault.
    """

    def __init__(
        self,
        lanes: Lanes,
        frames: Mailbox[Waiting],
        answers: Mailbox[Answer],
        *,
        min_gap_s: float,
        own_tasks: bool,
    ) -> None:
        self.keeper = StatsKeeper()
        self.latest: Answer | None = None
        self.problems: list[Problem] = []
        self.broken: Status | None = None
        self._lanes = lanes
        self._frames = frames
        self._answers = answers
        self._min_gap_s = min_gap_s
        self._own_tasks = own_tasks
        self._stopping = threading.Event()
        self._warned_s = -float("inf")

    def deliver(self, frame: Frame) -> None:
        """Take a frame over from its source, on the source's thread."""
        self.keeper.frame_came()
        came_s = time.monotonic()
        glance = glance_at(frame) if self._lanes.remembers else None
        self._frames.put(Waiting(frame, came_s, glance))

    def stop(self) -> None:
        """Answer no more frames, neither those that wait."""
        self._stopping.set()
        self._frames.close(discard=True)
        self._answers.close(discard=True)

    def run(self) -> None:
        """Answer frames: the function of the thread."""
        try:
            for index, waiting in enumerate(self._taken()):
                answer = self._answer(index, waiting)
                self.latest = answer
                self.keeper.frame_answered(answer)
                self._answers.put(answer)
        except Exception as error:  # noqa: BLE001 (the top of a thread; it goes into the status)
            _log.exception("the pipeline broke")
            words = f"The pipeline broke: {type(error).__name__}: {one_line(error)}"
            self.broken = Status(State.FAILED, Reason.BROKEN, f"{words}. Start it again.")
            self._frames.close(discard=True)
        finally:
            self._answers.close()
            if self._own_tasks:
                self._lanes.close_all()

    def _taken(self) -> Iterator[Waiting]:
        """Frames whose turn has come."""
        due_s = 0.0
        with contextlib.suppress(MailboxClosedError):
            while True:
                if self._min_gap_s and self._stopping.wait(max(0.0, due_s - time.monotonic())):
                    return
                taken = self._frames.take(_LOOK_S)
                if self._own_tasks:
                    self._lanes.close_retired()
                if taken is not None:
                    # A frame that came a little late does not delay all that follow: the mean rate
                    # stays as asked for.
                    due_s = max(due_s, time.monotonic() - self._min_gap_s) + self._min_gap_s
                    yield taken

    def _answer(self, index: int, waiting: Waiting) -> Answer:
        start_s = time.monotonic()
        frame, came_s = waiting.frame, waiting.came_s
        captured_s = came_s if frame.captured_s is None else frame.captured_s
        results: dict[str, Result] = {}
        errors: dict[str, str] = {}
        each: dict[str, StageTimes] = {}
        for name, lane in self._lanes.now.items():
            try:
                results[name], each[name] = lane.answer(frame, waiting.glance)
            except Exception as error:  # noqa: BLE001 (the stream goes on, whatever a task does)
                errors[name] = one_line(error)
                self.remember(name, frame, errors[name])
        times = StageTimes((came_s - captured_s) * 1e3, (start_s - came_s) * 1e3)
        for spent in each.values():
            times = times.plus(spent)
        return Answer(frame, results, index, captured_s, time.monotonic(), times, each, errors)

    def remember(self, name: str, frame: Frame, reason: str) -> None:
        """Note that something failed on a frame; the log hears of it now and then.

        A task that fails on every frame must be heard of, and must not fill a disk.
        """
        where = f"frame {frame.index} of {frame.source}" if frame.source else f"frame {frame.index}"
        problem = Problem(where if name == SINGLE else f"{where} ({name})", reason)
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        if time.monotonic() - self._warned_s > _WARN_EVERY_S:
            self._warned_s = time.monotonic()
            _log.warning("No answer for %s: %s", problem.name, problem.reason)


def one_line(error: BaseException) -> str:
    """What an error says, in one line; its kind when it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__
