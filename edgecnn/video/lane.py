"""One task in a pipeline, with the tracker and the smoother that belong to its results."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from edgecnn.core.results import Detections, Faces, Result
from edgecnn.errors import OptionError
from edgecnn.leaving import LeavingThread
from edgecnn.video.answer import StageTimes
from edgecnn.video.frame import Frame
from edgecnn.video.scene import Glance, SceneChange, glance_at
from edgecnn.video.smoothing import Smoother, SmoothOptions
from edgecnn.video.tracking import Tracker, TrackOptions

_log = logging.getLogger(__name__)

SINGLE = "task"
"""Name of a task that was given without one."""


class CallTiming(Protocol):
    """Where the time of one call of a task went, in milliseconds."""

    @property
    def pre_ms(self) -> float:
        """Preparing the picture."""

    @property
    def wait_ms(self) -> float:
        """Waiting for the engine."""

    @property
    def infer_ms(self) -> float:
        """Running the network."""

    @property
    def post_ms(self) -> float:
        """Decoding."""


class LiveTask(Protocol):
    """What a pipeline asks of a task; everything that `edgecnn.load` gives has it."""

    @property
    def timing(self) -> CallTiming | None:
        """Where the time of the last call went; None counts all of it as inference."""

    def __call__(self, picture: Any, /) -> Any:
        """The result for a `Frame`."""

    def close(self) -> None:
        """Release the model."""


@runtime_checkable
class StreamTask(LiveTask, Protocol):
    """A task that remembers frames: it follows what it finds by itself, as recognition does."""

    def stream(self) -> StreamMemory:
        """What answers the frames of one stream, in order; the task answers pictures."""


class StreamMemory(Protocol):
    """Answers the frames of one stream, on one thread at a time; what it finds is numbered."""

    @property
    def timing(self) -> CallTiming | None:
        """Where the time of the last call went."""

    def __call__(self, frame: Any, /) -> Any:
        """The result for the next `Frame`."""


class Lane:
    """A task, and what it remembers of the frames before.

    Args:
        name: Of the task.
        task: Answers.
        track: How objects are followed; None does not.
        smooth: How results are smoothed; None does not. Smoothing boxes means following objects.
    """

    def __init__(
        self,
        name: str,
        task: LiveTask,
        track: TrackOptions | None,
        smooth: SmoothOptions | None,
    ) -> None:
        self.name = name
        self.task = task
        follows = track if track is not None or smooth is None else TrackOptions()
        self._tracker = None if follows is None else Tracker(follows)
        self._smoother = None if smooth is None else Smoother(smooth)
        self._scene = SceneChange()
        self._memory = task.stream() if isinstance(task, StreamTask) else None

    def answer(self, frame: Frame, glance: Glance | None = None) -> tuple[Result, StageTimes]:
        """The result for a frame, and where its time went.

        Args:
            frame: The next one.
            glance: What `edgecnn.video.scene.glance_at` gives for it, if that is known already.
        """
        start_s = time.perf_counter()
        asked = self.task if self._memory is None or frame.still else self._memory
        result = asked(frame)
        called_s = time.perf_counter()
        timing = asked.timing
        remembers = self._tracker is not None or self._smoother is not None
        if remembers and self._scene.update(glance_at(frame) if glance is None else glance):
            self._forget()
        if self._tracker is not None:
            # Written twice because a type checker asks for one kind of result at a time.
            if isinstance(result, Detections):  # noqa: SIM114
                result = self._tracker.update(result, frame.timestamp_s)
            elif isinstance(result, Faces) and result.track_ids is None:
                result = self._tracker.update(result, frame.timestamp_s)
        if self._smoother is not None:
            result = self._smoother.update(result, frame.timestamp_s)
        after_ms = (time.perf_counter() - called_s) * 1e3
        if timing is None:
            return result, StageTimes(infer_ms=(called_s - start_s) * 1e3, post_ms=after_ms)
        return result, StageTimes(
            wait_ms=timing.wait_ms,
            pre_ms=timing.pre_ms,
            infer_ms=timing.infer_ms,
            post_ms=timing.post_ms + after_ms,
        )

    def _forget(self) -> None:
        """Carry nothing over a cut."""
        if self._tracker is not None:
            self._tracker.forget()
        if self._smoother is not None:
            self._smoother.forget()


class Lanes:
    """The tasks of a pipeline by name, of which each can be replaced while frames are answered.

    Args:
        task: One, or several by name.
        track: See `Lane`; a table by name follows what the tasks of these names find.
        smooth: See `Lane`.
        own_tasks: Tasks are closed here when they are no longer used.

    Raises:
        OptionError: There is none, something that cannot be called, or a name of no task.
    """

    def __init__(
        self,
        task: LiveTask | Mapping[str, LiveTask],
        track: TrackOptions | Mapping[str, TrackOptions] | None,
        smooth: SmoothOptions | None,
        *,
        own_tasks: bool = False,
    ) -> None:
        tasks = dict(task) if isinstance(task, Mapping) else {SINGLE: task}
        if not tasks:
            raise OptionError("A pipeline needs at least one task, but got an empty table.")
        for name, one in tasks.items():
            _check_task(name, one)
        if isinstance(track, Mapping):
            unknown = sorted(set(track) - set(tasks))
            if unknown:
                raise OptionError(
                    f"track names {', '.join(unknown)}, but the tasks are {', '.join(tasks)}."
                )
        self._track = track
        self._smooth = smooth
        self._lock = threading.Lock()
        self._own_tasks = own_tasks
        self._retired: list[LiveTask] = []
        self._closers: list[threading.Thread] = []
        self.now = {
            name: Lane(name, one, self._track_of(name), smooth) for name, one in tasks.items()
        }
        """The tasks for the next frame; replaced as a whole, never changed while it is walked."""

    @property
    def remembers(self) -> bool:
        """Whether anything is followed or smoothed from frame to frame."""
        return bool(self._track) or self._smooth is not None

    def _track_of(self, name: str) -> TrackOptions | None:
        return self._track.get(name) if isinstance(self._track, Mapping) else self._track

    def swap(self, task: LiveTask, name: str | None) -> LiveTask:
        """Replace a task; see `edgecnn.video.pipeline.Pipeline.swap`."""
        with self._lock:
            if name is None and len(self.now) == 1:
                name = next(iter(self.now))
            if name is None or name not in self.now:
                known = ", ".join(self.now)
                raise OptionError(f"Which task is to be replaced, {name!r}? There are: {known}.")
            _check_task(name, task)
            old = self.now[name].task
            lane = Lane(name, task, self._track_of(name), self._smooth)
            self.now = self.now | {name: lane}
            # Who lends tasks may let go of this one; it must not live on here.
            if old is not task and self._own_tasks:
                self._retired.append(old)
        return old

    def close_retired(self) -> None:
        """Close tasks that were replaced; not while a frame is being answered.

        That happens on a thread of its own: a network takes up to a tenth of a second to let go of
        its memory, and the next frames would have to wait for it.
        """
        if not self._retired:
            return
        with self._lock:
            retired, self._retired = self._retired, []
            # One that was swapped in again is in use.
            used = {id(lane.task) for lane in self.now.values()}
        unused = [task for task in retired if id(task) not in used]
        if unused:
            closer = LeavingThread(target=_close, args=(unused,), name="edgecnn-closing")
            self._closers = [*(one for one in self._closers if one.is_alive()), closer]
            closer.start()

    def close_all(self) -> None:
        """Close every task there was; returns when all of them are closed."""
        for closer in self._closers:
            closer.join()
        with self._lock:
            tasks = [*self._retired, *(lane.task for lane in self.now.values())]
            self._retired = []
        _close(tasks)


def _close(tasks: Sequence[LiveTask]) -> None:
    for task in {id(task): task for task in tasks}.values():
        try:
            task.close()
        except Exception:  # noqa: BLE001 (the others are to be closed as well)
            _log.exception("a task could not be closed")


def _check_task(name: str, task: LiveTask) -> None:
    if not callable(task):
        raise OptionError(
            f"The task {name!r} must be what edgecnn.load gives, but got {type(task).__name__}. "
            "Load the model first."
        )
