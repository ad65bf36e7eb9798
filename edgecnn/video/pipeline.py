"""A camera at one end, answers at the other: the newest frame, always, on plain threads.

Three threads and two mailboxes: the source hands frames over on its own thread, a worker asks the
tasks about the newest one, and whoever wants the answers takes the newest of them. Nobody waits for
anybody slower. With files that are read as fast as possible (a source that is not ``live``) nothing
is dropped: there each waits for the next.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import TracebackType
from typing import Any

from edgecnn.core.results import Result
from edgecnn.errors import OptionError, SourceError
from edgecnn.leaving import LeavingThread
from edgecnn.video.answer import Answer
from edgecnn.video.awaited import Awaited
from edgecnn.video.files import Problem
from edgecnn.video.frame import Frame
from edgecnn.video.lane import Lanes, LiveTask
from edgecnn.video.live import LiveSource
from edgecnn.video.mailbox import Mailbox, MailboxClosedError
from edgecnn.video.opening import Pace, open_live
from edgecnn.video.smoothing import SmoothOptions
from edgecnn.video.stats import Stats
from edgecnn.video.status import State, Status
from edgecnn.video.tracking import TrackOptions
from edgecnn.video.worker import Waiting, Worker, one_line
from edgecnn.zoo.catalogue import assets_path


class Pipeline:
    """Asks tasks about the frames of a source, as they come.

        with edgecnn.Pipeline(source=0, task=detect) as pipeline:
            for frame, result in pipeline:
                ...

    A live source (camera, stream, video at its own pace) is answered newest frame first; frames for
    which there was no time are dropped and counted. Files in batch mode are answered one by one.
    Results are iterated over, or handed to ``on_result``, or looked at with `latest`.

    A frame on which a task fails is counted and kept in `problems`; the stream goes on. When the
    source itself fails, iteration ends with a `SourceError`.

    Args:
        source: Number of a camera, a word as on the command line (path, URL, ``demo``), or what
            `edgecnn.video.opening.open_live` gives.
        task: A task, or several by name; they answer one after the other about the same frame.
        on_result: Called with each `Answer` on a thread of its own. While it works, newer answers
            replace one that waits (in batch mode the pipeline waits instead).
        track: Follow objects and faces from frame to frame and number them; True for defaults. A
            table by name follows what the tasks of these names find, each in its own way: the
            scores of two models have no measure in common.
        smooth: Calm results down over time; True for defaults. Implies following.
        max_fps: Answer at most so many frames a second, to spare a small board.
        pace: Of a recording that is named by a word: ``fast`` answers every frame of it,
            ``realtime`` plays it like a camera.
        own_tasks: Close the tasks when they are no longer used: those that `swap` replaces, and the
            others at the end. Needed where a caller must never wait for a model in mid-run.

    Attributes:
        source: The source.

    Raises:
        SourceError: No source of that name.
        OptionError: A value that cannot be used.
    """

    def __init__(
        self,
        source: int | str | os.PathLike[str] | LiveSource,
        task: LiveTask | Mapping[str, LiveTask],
        *,
        on_result: Callable[[Answer], object] | None = None,
        track: bool | TrackOptions | Mapping[str, TrackOptions] | None = None,
        smooth: bool | SmoothOptions | None = None,
        max_fps: float | None = None,
        pace: Pace = "fast",
        own_tasks: bool = False,
    ) -> None:
        self._lanes = Lanes(
            task,
            TrackOptions() if track is True else track or None,
            SmoothOptions() if smooth is True else smooth or None,
            own_tasks=own_tasks,
        )
        self._several = isinstance(task, Mapping)
        self.source = as_source(source, pace)
        if max_fps is not None and (not self.source.live or max_fps <= 0):
            raise OptionError(
                f"max_fps={max_fps} must be positive, and needs a live source: of files that are "
                "read as fast as possible no frame is left out."
            )
        lossless = not self.source.live
        self._frames: Mailbox[Waiting] = Mailbox(lossless=lossless)
        self._answers: Mailbox[Answer] = Mailbox(lossless=lossless)
        self._worker = Worker(
            self._lanes,
            self._frames,
            self._answers,
            min_gap_s=0.0 if max_fps is None else 1.0 / max_fps,
            own_tasks=own_tasks,
        )
        self._own_tasks = own_tasks
        self._lock = threading.Lock()
        self._stopped = False
        self._forget_source: Callable[[], None] | None = None
        self._threads = [
            LeavingThread(target=self._worker.run, name="edgecnn-answers", ask=self._worker.stop)
        ]
        self._on_result = on_result
        if on_result is not None:
            self._threads.append(
                LeavingThread(target=self._tell, name="edgecnn-results", ask=self._worker.stop)
            )

    # -- starting and stopping

    def start(self) -> Pipeline:
        """Begin; returns at once, also when a camera takes its time. `with` does this.

        Raises:
            OptionError: It was started before: a pipeline runs once, make another one.
        """
        with self._lock:
            if self._forget_source is not None or self._stopped:
                raise OptionError("This pipeline was started before. Make another one.")
            self._forget_source = self.source.on_status(self._source_changed)
        for thread in self._threads:
            thread.start()
        try:
            self.source.start(self._worker.deliver)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, timeout_s: float = 2.0) -> bool:
        """End, in any state and on any thread; twice is harmless.

        A task in mid-run is not waited for longer than ``timeout_s``: its thread ends, and with
        ``own_tasks`` closes it, when the run is over.

        Returns:
            Whether everything has ended.
        """
        end_s = time.monotonic() + timeout_s
        with self._lock:
            self._stopped = True
        self._worker.stop()
        self.source.stop(timeout_s)
        if self._forget_source is not None:
            self._forget_source()
        elif self._own_tasks:
            self._lanes.close_all()
        ended = True
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(max(0.0, end_s - time.monotonic()))
                ended = ended and not thread.is_alive()
        return ended

    def pause(self) -> None:
        """Ask about no more frames until `resume`; the source stays open."""
        self.source.pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        self.source.resume()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the source has ended and every answer was handed to ``on_result``.

        Returns:
            Whether it has ended within the time.

        Raises:
            SourceError: The source failed.
        """
        if self._on_result is None:
            raise OptionError("wait() belongs to on_result. Without it, iterate over the pipeline.")
        self._refuse_unstarted()
        end_s = None if timeout_s is None else time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(None if end_s is None else max(0.0, end_s - time.monotonic()))
        self._raise_what_broke()
        return not any(thread.is_alive() for thread in self._threads)

    def __enter__(self) -> Pipeline:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- what is going on

    @property
    def status(self) -> Status:
        """What the source is doing, or that the pipeline itself broke."""
        return self._worker.broken or self.source.status

    @property
    def stats(self) -> Stats:
        """Counts since the start; rates, ages and stage times of the last seconds."""
        return self._worker.keeper.snapshot(
            dropped=self._frames.replaced, results_dropped=self._answers.replaced
        )

    @property
    def tasks(self) -> dict[str, LiveTask]:
        """The tasks that answer the next frame, by name."""
        return {name: lane.task for name, lane in self._lanes.now.items()}

    @property
    def problems(self) -> list[Problem]:
        """The first failures of tasks and of ``on_result``; `stats` counts all of them."""
        return list(self._worker.problems)

    def latest(self) -> Answer | None:
        """The newest answer, whether or not somebody took it: for a window that looks on a timer.

        Taking it this way leaves iteration and ``on_result`` alone.
        """
        return self._worker.latest

    # -- changing a task

    def swap(self, task: LiveTask, *, name: str | None = None) -> LiveTask:
        """Replace a task while the stream runs; the next frame is answered by the new one.

        Load the new task first, on any thread: the old one goes on answering meanwhile. What was
        followed and smoothed begins anew, because other models see other things.

        Args:
            task: The new one.
            name: Which of several to replace; may be left out when there is only one.

        Returns:
            The old task. It may be in mid-run: with ``own_tasks`` leave it alone, else close it
            when it is no longer needed (closing waits for its run).

        Raises:
            OptionError: No task of that name, or several and no name.
        """
        return self._lanes.swap(task, name)

    # -- taking answers

    def take(self, timeout_s: float | None = None) -> Answer | None:
        """The next answer; waits for one.

        Args:
            timeout_s: Waits at most so long; None waits as long as it takes.

        Returns:
            The answer; None when the time is over.

        Raises:
            MailboxClosedError: The stream has ended.
            SourceError: The source failed.
        """
        self._refuse_two_takers()
        try:
            return self._answers.take(timeout_s)
        except MailboxClosedError:
            self._raise_what_broke()
            raise

    def answers(self) -> Iterator[Answer]:
        """All there is to know about each frame, those included on which tasks failed."""
        with contextlib.suppress(MailboxClosedError):
            while True:
                answer = self.take()
                if answer is not None:
                    yield answer

    def __iter__(self) -> Iterator[tuple[Frame, Any]]:
        """Frame and result; with a table of tasks, a dictionary of results by name."""
        for answer in self.answers():
            if answer.results:
                yield answer.frame, self._results(answer)

    def __aiter__(self) -> AsyncIterator[tuple[Frame, Any]]:
        """As iteration, without blocking the event loop; a wait may be given up and begun again."""
        self._refuse_two_takers()
        return Awaited(self._take_result, self._answers.listen)

    def _take_result(self) -> tuple[Frame, Any] | None:
        """The next frame that has a result, if it is there."""
        while (answer := self.take(0)) is not None:
            if answer.results:
                return answer.frame, self._results(answer)
        return None

    def _results(self, answer: Answer) -> Result | dict[str, Result]:
        return dict(answer.results) if self._several else answer.result

    def _refuse_two_takers(self) -> None:
        if self._on_result is not None:
            raise OptionError("Results go to on_result. Make the pipeline without it to iterate.")
        self._refuse_unstarted()

    def _refuse_unstarted(self) -> None:
        """Who waited for a pipeline that nobody started would wait for ever."""
        if self._forget_source is None and not self._stopped:
            raise OptionError("This pipeline was not started: use it in a with statement.")

    def _raise_what_broke(self) -> None:
        status = self.status
        if status.state is State.FAILED and not self._stopped:
            raise SourceError(status.message)

    def _source_changed(self, status: Status) -> None:
        if status.final:
            self._frames.close()

    # -- on the thread of on_result

    def _tell(self) -> None:
        if self._on_result is None:
            return
        with contextlib.suppress(MailboxClosedError):
            while True:
                answer = self._answers.take()
                if answer is None:
                    continue
                try:
                    self._on_result(answer)
                except Exception as error:  # noqa: BLE001 (a mistake in it must not end the stream)
                    self._worker.keeper.callback_failed()
                    self._worker.remember("on_result", answer.frame, one_line(error))


def as_source(source: int | str | os.PathLike[str] | LiveSource, pace: Pace) -> LiveSource:
    """What a number, a word or a source stands for.

    Raises:
        SourceError: Nothing of that name.
    """
    if not isinstance(source, int | str | os.PathLike):
        return source
    word = source if isinstance(source, int) else os.fspath(source)
    return open_live(word, pace=pace, demo=assets_path() / "video/demo.mp4")
