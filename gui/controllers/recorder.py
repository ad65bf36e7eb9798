"""Recording what the view shows: an annotated video and, beside it, every result as JSON.

Frames come at the rate of the model, which changes; the video has one rate. So each frame is
written as often as its time asks for, and a minute of recording plays for a minute.
"""

from __future__ import annotations

import json
import shutil
import threading
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from edgecnn.core.results import Result
from edgecnn.errors import EdgeCNNError
from edgecnn.video.frame import Frame
from edgecnn.video.writer import VideoWriter
from gui.backdrop import Backdrop
from gui.effects import annotated

FPS = 30.0
_MOST_REPEATS = 300
"""A gap in the stream longer than ten seconds is shortened to that."""
LEAST_FREE_BYTES = 200 * 10**6
"""Recording stops before the disk is full, so that the file can still be finished."""
_LOOK_EVERY = 30
"""How many frames are written between two looks at the disk."""


class Recorder:
    """Writes frames on whichever thread hands them over; starts and stops on any thread.

    Attributes:
        path: The video being written; None when nothing is recorded.
        problem: Why the last recording stopped by itself; empty when it did not.
        hidden: Whether faces were hidden in the recording.
        backdrop: What replaces the background from now on; None for a plain wall.
    """

    def __init__(self) -> None:
        self.path: Path | None = None
        self.problem = ""
        self.hidden = False
        self.backdrop: Backdrop | None = None
        self._lock = threading.Lock()
        self._video: VideoWriter | None = None
        self._lines: IO[str] | None = None
        self._ending = threading.Event()
        self._written = self._look_at = 0
        self._first_s = 0.0
        self._size_wh: tuple[int, int] | None = None
        self._effect, self._threshold = "tint", 0.5

    @property
    def seconds(self) -> float:
        """Length of what was recorded so far."""
        return self._written / FPS

    def look(self, effect: str, threshold: float) -> None:
        """How results are shown from now on."""
        self._effect, self._threshold = effect, threshold

    def start(self, folder: Path) -> Path:
        """Begin a recording in a folder; returns the path of the video to be.

        Raises:
            OSError: The folder cannot be made, or nothing can be written there.
        """
        self.stop()
        folder.mkdir(parents=True, exist_ok=True)
        path = free_path(folder, ".mp4")
        with self._lock:
            self._lines = path.with_suffix(".jsonl").open("w", encoding="utf-8")
            self._video = VideoWriter(path, FPS)
            self._written, self._look_at, self._size_wh = 0, 0, None
            self.path, self.problem, self.hidden = path, "", False
        return path

    def write(self, frame: Frame, result: Result | None, *, hidden: bool = False) -> None:
        """Append a frame; does nothing while nothing is recorded.

        Args:
            frame: As it may be saved.
            result: Likewise.
            hidden: Faces are hidden in it.
        """
        with self._lock:
            if self._video is None or self._lines is None:
                return
            self.hidden = self.hidden or hidden
            try:
                self._append(self._video, self._lines, frame, result)
            except (OSError, EdgeCNNError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                self._finish(f"Recording stopped: {reason} What was recorded is kept.")

    def stop(self) -> Path | None:
        """Finish; returns the video, or None when nothing was recorded.

        Waits for one frame at most: a gap that is being filled is left shorter than it was, because
        the window asks for this and must not stand still.
        """
        self._ending.set()
        with self._lock:
            self._ending.clear()
            return self._finish("")

    def saved_words(self, path: Path) -> str:
        """What to say of the recording that was just finished."""
        return saved_words(path, hidden=self.hidden)

    def _append(
        self, video: VideoWriter, lines: IO[str], frame: Frame, result: Result | None
    ) -> None:
        when_s = frame.timestamp_s if frame.captured_s is None else frame.captured_s
        if self._size_wh is None:
            self._first_s, self._size_wh = when_s, frame.size_wh
        if frame.size_wh != self._size_wh:
            self._finish(
                f"Recording stopped: pictures changed from {self._size_wh[0]} x "
                f"{self._size_wh[1]} to {frame.size_wh[0]} x {frame.size_wh[1]}. "
                "What was recorded is kept; record again for the new size."
            )
            return
        if self._written >= self._look_at:
            self._look_at = self._written + _LOOK_EVERY
            if shutil.disk_usage(lines.name).free < LEAST_FREE_BYTES:
                words = "Recording stopped: the disk is nearly full. What was recorded is kept."
                self._finish(words)
                return
        due = round((when_s - self._first_s) * FPS) + 1
        pixels = annotated(frame, result, self._effect, self._threshold, self.backdrop)
        repeats = min(max(due - self._written, 0), _MOST_REPEATS)
        for _ in range(repeats):
            video.write(pixels)
            self._written += 1
            if self._ending.is_set():
                break
        lines.write(json.dumps(_record(frame, result)) + "\n")

    def _finish(self, problem: str) -> Path | None:
        """Close both files; a recording without a frame leaves nothing."""
        path, video, lines = self.path, self._video, self._lines
        self.path = self._video = self._lines = None
        if video is None or lines is None or path is None:
            return None
        try:
            lines.close()
            video.close()
        except OSError as error:
            problem = problem or f"The recording could not be finished: {error.strerror}."
        self.problem = problem
        if self._written == 0:
            path.with_suffix(".jsonl").unlink(missing_ok=True)
            return None
        return path


def _record(frame: Frame, result: Result | None) -> dict[str, Any]:
    return {
        "source": frame.source,
        "index": frame.index,
        "timestamp_s": round(frame.timestamp_s, 3),
        "size_wh": list(frame.size_wh),
        "result": None if result is None else result.to_dict(),
    }


def free_path(folder: Path, suffix: str) -> Path:
    """A new file name with date and time; never one that is there already."""
    stem = f"edgecnn-{datetime.now():%Y-%m-%d-%H%M%S}"
    path = folder / f"{stem}{suffix}"
    number = 1
    while path.exists() or path.with_suffix(".jsonl").exists():
        number += 1
        path = folder / f"{stem}-{number}{suffix}"
    return path


def saved_words(path: Path, *, hidden: bool) -> str:
    """Where something was saved, and that faces are hidden in it: nobody should find out later."""
    words = f"Saved {path.name} in {path.parent}"
    return f"{words}. Faces are hidden in it: see Settings, Faces." if hidden else words


def cannot_save(folder: Path, error: OSError) -> str:
    """Why nothing can be saved in a folder, and what to do."""
    return (
        f"Cannot write in {folder}: {error.strerror or error}. Choose another folder in Settings."
    )
