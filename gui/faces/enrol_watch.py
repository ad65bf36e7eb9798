"""The eyes of an enrolment: looks at frames and photographs, off the GUI thread.

Everything that it finds stays in memory and goes away with it; storing is up to whoever asks for
it at the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgecnn.core.image import read_image
from edgecnn.core.results import Faces, Floats
from edgecnn.errors import EdgeCNNError
from edgecnn.faces.enrolment import only_face
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.guided import DONE, POSES, GuidedEnrolment
from edgecnn.faces.outcomes import NewFace
from edgecnn.tasks.faces import FacePipeline
from edgecnn.video.frame import Frame
from gui.faces.people_models import open_faces
from gui.workers.jobs import Jobs

_FIRST = POSES[0].words


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A photograph that was given.

    Attributes:
        path: Of the file.
        face: What can be enrolled from it; None while it is being looked at, or when refused.
        reason: Why it is refused, in words; empty when it is not.
    """

    path: Path
    face: NewFace | None = None
    reason: str = ""

    @property
    def waiting(self) -> bool:
        """Whether it is still being looked at."""
        return self.face is None and not self.reason


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """How far it is.

    Attributes:
        ready: The models are there.
        words: What to do now, in front of the camera.
        pose: Position in `POSES` of the one that is wanted; their number when all are taken.
        progress: Of the guided enrolment, 0..1.
        boxes_xyxy: (N, 4) float32 faces of the frame that was looked at last, as it was given.
        taken: One face a pose that is complete.
        photos: In the order in which they were given.
        problem: Why nothing can be seen, in words.
        serial: Another number when anything is new.
    """

    ready: bool = False
    words: str = _FIRST
    pose: int = 0
    progress: float = 0.0
    boxes_xyxy: Floats | None = None
    taken: tuple[NewFace, ...] = ()
    photos: tuple[Photo, ...] = ()
    problem: str = ""
    serial: int = 0

    @property
    def faces(self) -> tuple[NewFace, ...]:
        """All that could be enrolled now: of the camera first, then of photographs."""
        return (*self.taken, *(photo.face for photo in self.photos if photo.face is not None))


class Watch:
    """Looks at one person.

    Methods are for one thread, the window's; they return at once.

    Args:
        gallery: Where the person is to go; only its threshold and its embedder are read.
        load: Opens the models.
    """

    def __init__(
        self, gallery: Gallery, load: Callable[[Gallery], FacePipeline] = open_faces
    ) -> None:
        self._jobs = Jobs("edgecnn-enrol")
        self._lock = threading.Lock()
        self._sight = Sight()
        self._asking = False
        # Below: of the thread of the jobs alone.
        self._pipeline: FacePipeline | None = None
        self._guided: GuidedEnrolment | None = None
        self._threshold = 0.0
        self._jobs.submit("open", lambda: self._do_open(gallery, load))

    @property
    def sight(self) -> Sight:
        """How far it is now."""
        with self._lock:
            return self._sight

    def look(self, frame: Frame | None, *, mirrored: bool = False) -> None:
        """Offer a frame of the camera; passed over while another is being looked at."""
        with self._lock:
            sight = self._sight
            if frame is None or self._asking or not sight.ready or sight.pose == len(POSES):
                return
            self._asking = True
        self._jobs.submit("look", lambda: self._try(lambda: self._do_look(frame, mirrored)))

    def start_again(self) -> None:
        """Forget what the camera saw."""
        self._jobs.submit("again", self._do_start)

    def add_photos(self, paths: list[Path]) -> None:
        """Look at photographs; those that are there already are left out."""
        with self._lock:
            known = {photo.path for photo in self._sight.photos}
        new = [path for path in dict.fromkeys(paths) if path not in known]
        self._set(lambda sight: {"photos": (*sight.photos, *map(Photo, new))})
        for path in new:
            self._jobs.submit(f"photo {path}", lambda path=path: self._do_read(path))  # type: ignore[misc]

    def drop_photo(self, path: Path) -> None:
        """Leave a photograph out."""
        self._set(lambda sight: {"photos": tuple(p for p in sight.photos if p.path != path)})

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is left to do; for tests and scripts."""
        return self._jobs.wait(timeout_s)

    def close(self, timeout_s: float = 0.5) -> bool:
        """End and forget everything; returns whether it has ended in time."""
        return self._jobs.close(self._do_close, timeout_s)

    # -- on its thread

    def _do_open(self, gallery: Gallery, load: Callable[[Gallery], FacePipeline]) -> None:
        try:
            self._threshold = gallery.rule().threshold
            self._pipeline = load(gallery)
        except EdgeCNNError as error:
            self._set(lambda sight, words=str(error): {"problem": words})  # type: ignore[misc]
            return
        self._do_start()
        self._set(lambda sight: {"ready": True})

    def _do_start(self) -> None:
        confirm = None if self._pipeline is None else self._pipeline.confirm
        self._guided = GuidedEnrolment(self._threshold, keep_photos=True, confirm=confirm)
        fresh = {"words": _FIRST, "pose": 0, "progress": 0.0, "boxes_xyxy": None, "taken": ()}
        self._set(lambda sight: fresh)

    def _do_look(self, frame: Frame, mirrored: bool) -> None:
        pipeline, guided = self._pipeline, self._guided
        if pipeline is None or guided is None:
            return
        # In a mirror a turn to the left looks like one to the right, and templates differ a bit.
        pixels = np.ascontiguousarray(frame.pixels[:, ::-1]) if mirrored else frame.pixels
        faces: Faces = pipeline(pixels, frame.color)
        words = guided.offer(pixels, faces, frame.color)
        boxes = faces.boxes_xyxy
        if mirrored:
            width = frame.size_wh[0]
            boxes = np.stack(
                [width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], axis=1
            )
        self._set(
            lambda sight: {
                "words": words,
                "pose": len(guided.faces),
                "progress": guided.progress,
                "boxes_xyxy": None if words == DONE else boxes,
                "taken": guided.faces,
                "problem": "",
            }
        )

    def _do_read(self, path: Path) -> None:
        with self._lock:
            wanted = any(photo.path == path for photo in self._sight.photos)
        if not wanted:
            return
        seen = self._read(path)
        self._set(
            lambda sight: {"photos": tuple(seen if p.path == path else p for p in sight.photos)}
        )

    def _read(self, path: Path) -> Photo:
        if self._pipeline is None:
            return Photo(path, None, "there are no models to look at it")
        try:
            pixels = read_image(path)
            faces, confirm = self._pipeline(pixels, "bgr"), self._pipeline.confirm
            face, _ = only_face(pixels, faces, "bgr", keep_photo=True, confirm=confirm)
        except EdgeCNNError as error:
            return Photo(path, None, str(error))
        return Photo(path, face)

    def _do_close(self) -> None:
        if self._pipeline is not None:
            self._pipeline.close()
        self._pipeline = self._guided = None
        with self._lock:
            self._sight = Sight(serial=self._sight.serial + 1)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except EdgeCNNError as error:
            self._set(lambda sight, words=str(error): {"problem": words})  # type: ignore[misc]
        finally:
            with self._lock:
                self._asking = False

    def _set(self, change: Callable[[Sight], dict[str, Any]]) -> None:
        with self._lock:
            now = self._sight
            self._sight = replace(now, **change(now), serial=now.serial + 1)
