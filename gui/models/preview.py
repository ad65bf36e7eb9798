"""What a model that is not saved yet says of the live picture, off the GUI thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import edgecnn
from edgecnn.bundle.io import Bundle
from edgecnn.bundle.schema import Manifest
from edgecnn.core.results import Result
from edgecnn.errors import EdgeCNNError
from edgecnn.registry import TASKS
from edgecnn.runtime.policy import choose
from edgecnn.video.frame import Frame
from gui.models.comparer import Comparer
from gui.workers.jobs import Jobs

_DETECTOR = "face_detect_blazeface_full"


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """What there is to show.

    Attributes:
        frame: That was asked about; None before the first.
        result: Of it.
        bundle: That answers; None while there is none.
        problem: Why there is no answer, in words.
        words, detail: What a model that compares says; empty for others.
        serial: Another number when there is something new.
    """

    frame: Frame | None = None
    result: Result | None = None
    bundle: Bundle | None = None
    problem: str = ""
    words: str = ""
    detail: str = ""
    serial: int = 0


class Preview:
    """Opens one model after another and asks the newest about frames.

    Methods are for one thread, the window's; they return at once.
    """

    def __init__(self) -> None:
        self._jobs = Jobs("edgecnn-preview")
        self._lock = threading.Lock()
        self._task: Any = None
        self._glimpse = Glimpse()
        self._asking = False

    @property
    def glimpse(self) -> Glimpse:
        """The newest."""
        with self._lock:
            return self._glimpse

    def show(self, make: Callable[[], Bundle]) -> None:
        """Show what a bundle says; ``make`` runs on the thread of the preview."""
        self._jobs.submit("open", lambda: self._do_open(make))

    def ask(self, frame: Frame | None) -> None:
        """Ask about a frame, unless an answer is on its way."""
        with self._lock:
            if frame is None or self._asking or self._task is None:
                return
            self._asking = True
        self._jobs.submit("ask", lambda: self._do_ask(frame))

    def close(self, timeout_s: float = 0.5) -> bool:
        """End; returns whether it has ended in time."""
        return self._jobs.close(self._close_task, timeout_s)

    # -- on its thread

    def _do_open(self, make: Callable[[], Bundle]) -> None:
        self._close_task()
        try:
            bundle = make()
            manifest = bundle.manifest
            task = TASKS[manifest.task](bundle, choose(manifest, quick_start=True))
            if manifest.task == "embed":
                task = Comparer(task, _face_detector(manifest))
        except EdgeCNNError as error:
            self._tell(problem=str(error))
            return
        with self._lock:
            self._task = task
        self._tell(bundle=bundle)

    def _do_ask(self, frame: Frame) -> None:
        with self._lock:
            task, bundle = self._task, self._glimpse.bundle
        try:
            if isinstance(task, Comparer):
                seen = task.look(frame)
                self._tell(
                    frame=frame,
                    result=seen.faces,
                    bundle=bundle,
                    words=seen.words,
                    detail=seen.detail,
                )
            elif task is not None:
                self._tell(frame=frame, result=task(frame), bundle=bundle)
        except EdgeCNNError as error:
            self._tell(problem=str(error))
        finally:
            with self._lock:
                self._asking = False

    def _close_task(self) -> None:
        with self._lock:
            task, self._task, self._asking = self._task, None, False
        if task is not None:
            task.close()

    def _tell(self, **news: Any) -> None:
        with self._lock:
            self._glimpse = Glimpse(**news, serial=self._glimpse.serial + 1)


def _face_detector(manifest: Manifest) -> Any | None:
    """What finds the faces that an embedder of faces takes; None where none is needed or there."""
    if manifest.embedding is None or manifest.embedding.alignment is None:
        return None
    try:
        return edgecnn.load(_DETECTOR, quick_start=True)
    except EdgeCNNError:
        return None
