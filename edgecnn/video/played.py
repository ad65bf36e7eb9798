"""Recordings as live sources: files at their own pace, or as fast as they are taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2

from edgecnn.errors import SourceError
from edgecnn.video.facts import SourceFacts
from edgecnn.video.files import Problem
from edgecnn.video.frame import Frame
from edgecnn.video.source import Source
from edgecnn.video.status import Reason, State
from edgecnn.video.threaded import Run, ThreadedSource
from edgecnn.wording import counted

USUAL_FPS = 25.0
"""The pace of a video that does not say its own."""

LATE_S = 0.5
"""A recording that is later than this goes on from where it is instead of hurrying after."""


class PlayedSource(ThreadedSource):
    """Plays a recording on its own thread.

    Args:
        name: For people.
        make: Opens the recording; called on the source's thread, once a lap.
        paced: On, frames come when they are due. Off, each comes when the one before is taken.
        live: Whether the newest frame wins; a batch (off) never loses one.
        loop: Whether it starts again at its end. Index and time go on.
        fps: The pace, instead of the recording's own.
        mirror: Whether pictures are flipped left to right.
        path: What is played, as a path: by it a missing file is told from a damaged one.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], Source],
        *,
        paced: bool,
        live: bool,
        loop: bool = False,
        fps: float | None = None,
        mirror: bool = False,
        path: Path | None = None,
    ) -> None:
        super().__init__(name, live=live, fps=fps, mirror=mirror)
        self._make = make
        self._paced = paced
        self._loop = loop
        self._pace_fps = fps
        self._path = path
        self._start_s = 0.0

    @property
    def _endless(self) -> bool:
        """A folder has an end, unless it is shown again and again."""
        return self.live or self._loop

    def _work(self, run: Run) -> None:
        index, offset_s = 0, 0.0
        self._start_s = time.monotonic()
        try:
            while not run.stopping:
                first = index
                index, offset_s = self._play(run, index, offset_s)
                if run.stopping:
                    return
                if not self._loop or index == first:
                    self._end(run, index)
                    return
        except SourceError as error:
            self._show(run, State.FAILED, self._why(), str(error))
        except (OSError, MemoryError, cv2.error) as error:
            message = f"{self.name} cannot be read any further: {' '.join(str(error).split())}."
            self._show(run, State.FAILED, Reason.BROKEN, message)

    def _end(self, run: Run, taken: int) -> None:
        if taken == 0 and self.problems:
            first = self.problems[0]
            message = f"Nothing in {self.name} could be read: {first.reason}"
            if first.reason.startswith(f"{self.name} "):  # a single picture, named already
                message = first.reason
            self._show(run, State.FAILED, Reason.CODEC, message)
        else:
            self._show(
                run, State.ENDED, None, f"{self.name} has ended after {counted(taken, 'frame')}."
            )

    def _why(self) -> Reason:
        missing = self._path is not None and not self._path.is_file()
        return Reason.NOT_FOUND if missing else Reason.CODEC

    def _play(self, run: Run, index: int, offset_s: float) -> tuple[int, float]:
        """One lap; returns the index and the time at which the next one begins."""
        recording = self._make()
        with closing(recording):
            fps = self._pace_fps or recording.fps
            # Some files do not say how fast they are; they too have to be paced.
            anew = self._pace_fps is not None or (recording.fps is None and self._paced)
            self.fps = fps
            self.count = None if self._loop else recording.count
            period_s = 1 / (fps or USUAL_FPS)
            end_s = offset_s
            known = 0
            for frame in recording:
                known = self._note_all(recording.problems, known)
                own_s = frame.index * period_s if anew else frame.timestamp_s
                end_s = offset_s + own_s + period_s
                captured_s = self._await(run, offset_s + own_s)
                if run.stopping:
                    break
                if captured_s is None:
                    captured_s = time.monotonic()
                self._stamps.append(captured_s)
                self._set_facts(recording, frame, fps)
                self._show(run, State.RUNNING, None, f"{self.name} is playing.")
                frame = replace(
                    frame,
                    timestamp_s=offset_s + own_s if self._loop else frame.timestamp_s,
                    index=index if self._loop else frame.index,
                    captured_s=captured_s,
                )
                self._hand_over(run, frame)
                index += 1
            self._note_all(recording.problems, known)
        return index, end_s

    def _await(self, run: Run, own_s: float) -> float | None:
        """Wait while paused and until a frame is due; returns when it was due, None unpaced."""
        while self._paused and not run.stopping:
            began_s = time.monotonic()
            self._show(run, State.PAUSED, None, f"{self.name} is paused.")
            run.sleep(1.0, until=lambda: not self._paused)
            self._start_s += time.monotonic() - began_s
        if not self._paced:
            return None
        due_s = self._start_s + own_s
        late_s = time.monotonic() - due_s
        if late_s > LATE_S:
            self._start_s += late_s
            due_s += late_s
        run.sleep(-late_s, until=lambda: self._paused)
        return self._await(run, own_s) if self._paused and not run.stopping else due_s

    def _set_facts(self, recording: Source, frame: Frame, fps: float | None) -> None:
        if self._facts is None or self._facts.size_wh != frame.size_wh:
            self._facts = SourceFacts(frame.size_wh, fps, None, recording.backend, recording.codec)

    def _note_all(self, problems: list[Problem], known: int) -> int:
        for problem in problems[known:]:
            self._note(problem.name, problem.reason)
        return len(problems)
