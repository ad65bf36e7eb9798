"""Small work beside the stream: the list of models, the list of cameras, snapshots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edgecnn.core.results import Faces, Result
from edgecnn.errors import EdgeCNNError
from edgecnn.faces.quality import FaceQuality, measure_face
from edgecnn.video.cameras.listing import CameraInfo, list_cameras
from edgecnn.video.frame import Frame
from edgecnn.video.writer import write_image
from gui.backdrop import Backdrop, Choice, choose_backdrop
from gui.catalogue import ModelCard, models_for
from gui.controllers.recorder import cannot_save, free_path, saved_words
from gui.effects import annotated
from gui.workers.jobs import Jobs

Cover = Callable[[Frame, Result | None], tuple[Frame, Result | None]]
"""Picture and result -> both as they may be saved; may take a moment."""


class Desk:
    """Does it on a thread of its own; what came of it is read by the window's timer.

    Args:
        models_of: Task -> its models.
        cameras_of: Lists cameras.

    Attributes:
        cameras: The cameras that were there when they were last looked for.
        quality: Of the nearest face that was measured last; None without.
        backdrop: The picture that replaces the background, as it was read last.
    """

    def __init__(
        self,
        *,
        models_of: Callable[[str], Sequence[ModelCard]] = models_for,
        cameras_of: Callable[[], Sequence[CameraInfo]] = list_cameras,
    ) -> None:
        self.cameras: tuple[CameraInfo, ...] = ()
        self.quality: FaceQuality | None = None
        self.backdrop = Choice()
        self._wall = ""
        self._models_of = models_of
        self._cameras_of = cameras_of
        self._models: dict[str, tuple[ModelCard, ...]] = {}
        self._asked: set[str] = set()
        self._news: list[str] = []
        self._jobs = Jobs("edgecnn-desk")

    def models(self, task: str) -> tuple[ModelCard, ...]:
        """Models of a task; empty until they have been read."""
        if task not in self._asked:
            self._asked.add(task)
            self._jobs.submit(f"models {task}", lambda: self._read_models(task))
        return self._models.get(task, ())

    def read_models_anew(self) -> None:
        """There are other models than before; the old lists hold until they are read."""
        self._asked.clear()

    def look_for_cameras(self) -> None:
        """Read the list of cameras anew."""
        self._jobs.submit("cameras", self._read_cameras)

    def measure_face(self, frame: Frame, faces: Faces) -> None:
        """Measure the largest face of a picture; `quality` says what came of it."""
        sizes = np.diff(faces.boxes_xyxy.reshape(-1, 2, 2), axis=1).reshape(-1, 2).prod(axis=1)
        face = faces[int(sizes.argmax())] if len(faces) else None

        def measure() -> None:
            self.quality = None if face is None else measure_face(frame.pixels, face, frame.color)

        self._jobs.submit("quality", measure)

    def choose_backdrop(self, path: str) -> None:
        """Read the picture that replaces the background, unless it is the one of before."""
        if path == self._wall:
            return
        self._wall = path

        def read() -> None:
            self.backdrop = choose_backdrop(path)

        self._jobs.submit("backdrop", read)

    def snapshot(
        self,
        folder: Path,
        frame: Frame,
        result: Result | None,
        effect: str,
        threshold: float,
        backdrop: Backdrop | None = None,
        veil: Cover | None = None,
    ) -> None:
        """Save a picture with what the view shows over it; the news say where.

        Args:
            folder: Made when it is not there.
            frame: The picture.
            result: What a model says of it.
            effect: As of `gui.effects.annotated`.
            threshold: Likewise.
            backdrop: Likewise.
            veil: Takes away what must not be saved, before anything is made of the picture.
        """

        def save() -> None:
            covered, shown = (frame, result) if veil is None else veil(frame, result)
            try:
                folder.mkdir(parents=True, exist_ok=True)
                path = free_path(folder, ".png")
                write_image(path, annotated(covered, shown, effect, threshold, backdrop))
            except OSError as error:
                self._news.append(f"The snapshot was not saved. {cannot_save(folder, error)}")
            except EdgeCNNError as error:
                self._news.append(f"The snapshot was not saved: {error}")
            else:
                self._news.append(saved_words(path, hidden=covered is not frame))

        self._jobs.submit("snapshot", save)

    def news(self) -> list[str]:
        """What happened since the last time, in words."""
        told, self._news = self._news, []
        return told

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is left to do; for tests and scripts."""
        return self._jobs.wait(timeout_s)

    def close(self) -> None:
        """End; what is being saved is finished, if need be after the window is gone."""
        self._jobs.close(timeout_s=0.3, drop=False)

    def _read_models(self, task: str) -> None:
        self._models[task] = tuple(self._models_of(task))

    def _read_cameras(self) -> None:
        self.cameras = tuple(self._cameras_of())
