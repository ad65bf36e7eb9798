"""Faces with their embeddings: a detector and an embedder, each replaceable, as one task."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from typing import ClassVar

import numpy as np

from edgecnn.bundle import io
from edgecnn.closing import Closing
from edgecnn.core.image import Pixels, convert_color
from edgecnn.core.results import Face, Faces
from edgecnn.errors import OptionError
from edgecnn.faces.second_look import LEAST_SCORE, confirmation
from edgecnn.runtime.policy import choose
from edgecnn.tasks.base import Picture, TaskInfo, Timing, as_pixels
from edgecnn.tasks.detect_faces import FaceDetector
from edgecnn.tasks.embed import ImageEmbedder
from edgecnn.tasks.options import FaceOptions
from edgecnn.video.frame import Frame
from edgecnn.zoo.catalogue import find


class FacePipeline(Closing):
    """Finds faces, aligns each and embeds it: `Faces` with `embeddings`.

    Made by ``edgecnn.load("faces")``. Embeddings of two pictures are compared with
    `ImageEmbedder.distance` of `embedder`.

    Args:
        detector: Finds faces; owned from now on.
        embedder: Embeds aligned faces; owned from now on.

    Attributes:
        detector, embedder: The two models.
        options: Options of the detector; may be replaced at any time.
        timing: Where the time of the last call went; ``infer_ms`` and ``wait_ms`` are sums over
            the detector and all faces.
    """

    parts: ClassVar[tuple[str, str]] = ("face_detect_blazeface_full", "face_embed_dlib")
    """Bundles that `edgecnn.load("faces")` takes."""
    witness: ClassVar[str] = "face_detect_blazeface_short"
    """Bundle of the detector that `confirm` asks, opened when it is first needed."""

    def __init__(self, detector: FaceDetector, embedder: ImageEmbedder) -> None:
        if not isinstance(detector, FaceDetector) or not isinstance(embedder, ImageEmbedder):
            raise OptionError(
                "faces needs a model of the task detect_faces and one of the task embed, but got "
                f"{type(detector).__name__} and {type(embedder).__name__}."
            )
        self.detector = detector
        self.embedder = embedder
        self.timing: Timing | None = None
        self._witness: FaceDetector | None = None
        self._opening = threading.Lock()

    @property
    def info(self) -> TaskInfo:
        """What finds the faces; ``embedder.info`` says what embeds them."""
        return self.detector.info

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of classes: there are none."""
        return ()

    @property
    def options(self) -> FaceOptions:
        """Options of the detector."""
        return self.detector.options

    @options.setter
    def options(self, options: FaceOptions) -> None:
        self.detector.options = options

    def __call__(
        self, picture: Picture, color: str | None = None, *, options: FaceOptions | None = None
    ) -> Faces:
        """Find and embed all faces of a picture; arguments and errors as of `Task`."""
        pixels, order = as_pixels(picture, color)
        frame = Frame(pixels, order)
        embedded, self.timing = self.embed(frame, self.detector(frame, options=options))
        return embedded

    def embed(self, frame: Frame, faces: Faces) -> tuple[Faces, Timing]:
        """Embed faces that the detector has just found in a frame.

        A face whose points lie outside the picture or fall together is left out.

        Returns:
            The faces with ``embeddings``, and where the time of both models went.
        """
        if frame.color == "gray":
            frame = replace(frame, pixels=convert_color(frame.pixels, "gray", "bgr"), color="bgr")
        start_s = time.perf_counter()
        crops: dict[int, tuple[Pixels, str]] = {}
        # All of them before the first run, for the reason that `embed_crops` gives. Handing crops
        # to the engine's own thread, to align the next meanwhile, cost thrice what it spared.
        for index, points in enumerate(faces.points_xy):
            with contextlib.suppress(OptionError):
                crops[index] = self.embedder.aligned(frame, points)
        align_ms = (time.perf_counter() - start_s) * 1e3
        embeddings, timing = self.embedder.embed_crops(tuple(crops.values()))
        timings = [self.detector.timing, _with_pre(timing, align_ms)]
        if len(crops) < len(faces):
            faces = faces.where(np.array(list(crops), np.int64))
        embedded = replace(faces, embeddings=embeddings)
        known = [timing for timing in timings if timing is not None]
        total = Timing(
            pre_ms=sum(timing.pre_ms for timing in known),
            wait_ms=sum(timing.wait_ms for timing in known),
            infer_ms=sum(timing.infer_ms for timing in known),
            post_ms=sum(timing.post_ms for timing in known),
            total_ms=sum(timing.total_ms for timing in known),
        )
        return embedded, total

    def confirm(self, pixels: Pixels, face: Face, color: str) -> float:
        """How sure a second look is that this is a face, 0..1; for enrolment.

        Args:
            pixels: The picture; see `edgecnn.faces.second_look.confirmation`.
            face: Found in it.
            color: Of ``pixels``.

        Raises:
            ImageError: Not a picture.
            UnknownNameError: The bundle of the witness is not here.
        """
        with self._opening:
            if self._witness is None:
                bundle = io.load(find(self.witness))
                threads = self.detector.info.threads
                choice = choose(bundle.manifest, threads=threads, quick_start=True)
                every = FaceOptions(score_threshold=LEAST_SCORE)
                self._witness = FaceDetector(bundle, choice, every)
        return confirmation(pixels, face, color, self._witness)

    def close(self) -> None:
        """Release all models."""
        self.detector.close()
        self.embedder.close()
        with self._opening:
            if self._witness is not None:
                self._witness.close()


def _with_pre(timing: Timing, align_ms: float) -> Timing:
    """Aligning is part of preparing the picture."""
    return replace(timing, pre_ms=timing.pre_ms + align_ms, total_ms=timing.total_ms + align_ms)
