"""Runs two variants on the same frames: one pipeline with two tasks, off the GUI thread.

Knows no Qt. The dialog tells its wishes with `choose` and `give`, and looks with `look` on a timer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, cast

from edgecnn.core.results import Result, Tensors
from edgecnn.errors import EdgeCNNError
from edgecnn.tasks.base import TaskInfo
from edgecnn.video.answer import Answer
from edgecnn.video.frame import Frame
from edgecnn.video.live import LiveSource
from edgecnn.video.pipeline import Pipeline
from gui.compare.agreement import agreement
from gui.compare.relay import Relay
from gui.compare.tally import SIDES, Tally
from gui.controllers.live import NoModel
from gui.controllers.models import Load, load_model
from gui.controllers.options import task_options
from gui.state import ModelChoice, TabState
from gui.workers.jobs import Jobs


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two.

    Attributes:
        choice: What was asked for.
        info: Of the model that answers; None while it is being loaded.
        loading_since_s: On the clock of `time.monotonic`; None when idle.
        error: Why it could not be loaded, or fails on frames; empty when it does not.
    """

    choice: ModelChoice
    info: TaskInfo | None = None
    loading_since_s: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Bout:
    """A moment of the comparison, for the dialog to draw.

    Attributes:
        frame: That both were asked about; None before the first.
        results: Side -> its answer about that frame.
        sides: Side -> how it is.
        tally: A copy of the figures so far.
        serial: Another number when there is a new frame.
    """

    frame: Frame | None
    results: Mapping[str, Result]
    sides: Mapping[str, Side]
    tally: Tally
    serial: int


@dataclass(slots=True)
class _Shared:
    """What the threads share, under one lock."""

    sides: dict[str, Side]
    tally: Tally = field(default_factory=Tally)
    answer: Answer | None = None
    serial: int = 0
    since_s: float = 0.0


class Duel:
    """Two variants of one task, and what they make of the same frames.

    Methods are for one thread, the window's; they return at once.

    Args:
        task: Name of `edgecnn.registry.TASKS`.
        tab: Threshold and classes, for both.
        pair: What is compared first.
        load: Loads and warms up; see `gui.controllers.models`.
    """

    def __init__(
        self,
        task: str,
        tab: TabState,
        pair: tuple[ModelChoice, ModelChoice],
        *,
        load: Load = load_model,
    ) -> None:
        self.task = task
        self._tab = tab
        self._load = load
        self._relay = Relay()
        self._pipeline = Pipeline(
            cast("LiveSource", self._relay),
            {side: NoModel() for side in SIDES},
            on_result=self._take,
            own_tasks=True,  # what is swapped out is closed by the one thread that uses it
        )
        self._given: Frame | None = None
        self._lock = threading.Lock()
        self._shared = _Shared(
            {side: Side(choice) for side, choice in zip(SIDES, pair, strict=True)}
        )
        self._closing = threading.Event()
        self._jobs = Jobs("edgecnn-compare")
        self._pipeline.start()
        for side, choice in zip(SIDES, pair, strict=True):
            self.choose(side, choice)

    def choose(self, side: str, choice: ModelChoice) -> None:
        """Put another variant on a side; the count begins anew when it is there."""
        with self._lock:
            self._shared.sides[side] = Side(choice, loading_since_s=time.monotonic())
        self._jobs.submit(side, lambda: self._do_load(side, choice))

    def give(self, frame: Frame | None) -> None:
        """Ask both about a frame, unless it is the one before or a model is missing."""
        if frame is None or frame is self._given or not self.ready:
            return
        if self._relay.give(frame):
            self._given = frame

    @property
    def ready(self) -> bool:
        """Whether both models are there."""
        with self._lock:
            return all(side.info is not None for side in self._shared.sides.values())

    def look(self) -> Bout:
        """How it stands now."""
        with self._lock:
            shared = self._shared
            answer = shared.answer
            return Bout(
                frame=None if answer is None else answer.frame,
                results={} if answer is None else _real(answer),
                sides=dict(shared.sides),
                tally=deepcopy(shared.tally),
                serial=shared.serial,
            )

    def count_anew(self) -> None:
        """Forget what was counted."""
        with self._lock:
            self._shared.tally = Tally()

    def close(self, timeout_s: float = 0.5) -> bool:
        """End; a model that is being loaded is closed when it is there.

        Returns:
            Whether all has ended within the time.
        """
        self._closing.set()
        self._relay.stop()
        return self._jobs.close(self._end, timeout_s)

    # -- on the thread of models

    def _end(self) -> None:
        self._pipeline.stop()

    def _do_load(self, side: str, choice: ModelChoice) -> None:
        if self._closing.is_set():
            return
        try:
            task = self._load(choice)
        except EdgeCNNError as error:
            with self._lock:
                if self._shared.sides[side].choice == choice:
                    self._shared.sides[side] = Side(choice, error=str(error))
            return
        if self._closing.is_set():
            task.close()
            return
        options = task_options(self.task, self._tab, task.labels)
        if options is not None:
            task.options = options
        self._pipeline.swap(task, name=side)
        with self._lock:
            if self._shared.sides[side].choice == choice:
                self._shared.sides[side] = Side(choice, info=task.info)
            self._shared.tally = Tally()
            self._shared.answer = None
            # A frame that is in work now was begun with the model of before.
            self._shared.since_s = time.monotonic()
        self._given = None  # the frame of before is asked about again, should none follow it

    # -- on the thread of results

    def _take(self, answer: Answer) -> None:
        results = _real(answer)
        found = None
        if len(results) == len(SIDES):
            found = agreement(results[SIDES[0]], results[SIDES[1]], self._tab.threshold)
        with self._lock:
            shared = self._shared
            if _begun_s(answer) < shared.since_s:
                return
            shared.answer = answer
            shared.serial += 1
            for side in results:
                if shared.sides[side].error:
                    shared.sides[side] = replace(shared.sides[side], error="")
            for side, words in answer.errors.items():
                shared.sides[side] = replace(shared.sides[side], error=words)
            if found is not None:
                first, second = (answer.task_times[side] for side in SIDES)
                shared.tally.add(found, (first, second))


def _real(answer: Answer) -> dict[str, Any]:
    """Side -> its answer, those left out that have no model yet or failed."""
    return {
        side: result for side, result in answer.results.items() if not isinstance(result, Tensors)
    }


def _begun_s(answer: Answer) -> float:
    """When the first task was asked, on the clock of `time.monotonic`."""
    in_engines_ms = sum(spent.wait_ms for spent in answer.task_times.values())
    before_ms = answer.times.capture_ms + answer.times.wait_ms - in_engines_ms
    return answer.captured_s + before_ms / 1e3
