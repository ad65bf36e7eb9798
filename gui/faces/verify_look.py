"""One photograph of a comparison: its faces, as the embedder sees them, and how good they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edgecnn.core.image import Pixels, read_image
from edgecnn.core.results import Embedding, Faces
from edgecnn.errors import OptionError
from edgecnn.faces.align import align_face
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.quality import FaceQuality, measure_face
from edgecnn.tasks.faces import FacePipeline
from edgecnn.video.frame import Frame
from gui.faces.people_models import open_faces

LARGEST_PX = 1600
"""Longer sides are shown reduced; faces are looked for in the picture as it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One face of a photograph.

    Attributes:
        crop: (S, S, 3) uint8 RGB, upright: what the embedder was given.
        embedding: What it said.
        quality: How good the face is.
    """

    crop: Pixels
    embedding: Embedding
    quality: FaceQuality


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A photograph that was looked at.

    Attributes:
        path: Of the file.
        frame: The picture, at most `LARGEST_PX` a side.
        boxes_xyxy: (N, 4) float32 in pixels of ``frame``, from left to right.
        candidates: One a box.
    """

    path: Path
    frame: Frame
    boxes_xyxy: np.ndarray
    candidates: tuple[Candidate, ...]


class Looker:
    """Opens the models for the first photograph, and keeps them. For one thread at a time.

    Args:
        load: Opens the models; given the gallery, or None.
    """

    def __init__(self, load: Callable[[Gallery | None], FacePipeline] = open_faces) -> None:
        self._load = load
        self._pipeline: FacePipeline | None = None

    def look(self, path: Path, gallery: Gallery | None) -> Looked:
        """Look at a photograph.

        Args:
            path: Of the file.
            gallery: The open one, whose embedder and threshold are used; None without.

        Raises:
            SourceError: It cannot be read as a picture.
            EdgeCNNError: A model cannot be opened, or fails.
        """
        pixels = read_image(path)
        if self._pipeline is None:
            self._pipeline = self._load(gallery)
        pipeline = self._pipeline
        faces: Faces = pipeline(pixels, "bgr")
        faces = faces.where(np.argsort(faces.boxes_xyxy[:, 0], kind="stable"))
        frame, scale = _reduced(pixels)
        spec = pipeline.embedder.bundle.manifest.embedding
        alignment = None if spec is None else spec.alignment
        if alignment is None or faces.embeddings is None:
            raise OptionError("This embedder takes whole pictures, not aligned faces.")
        candidates = tuple(
            Candidate(
                np.ascontiguousarray(align_face(pixels, face.points_xy, alignment)[:, :, ::-1]),
                embedding,
                measure_face(pixels, face, "bgr"),
            )
            for face, embedding in zip(faces, faces.embeddings, strict=True)
        )
        return Looked(path, frame, faces.boxes_xyxy * np.float32(scale), candidates)

    def close(self) -> None:
        """Close the models."""
        if self._pipeline is not None:
            self._pipeline.close()
            self._pipeline = None


def _reduced(pixels: Pixels) -> tuple[Frame, float]:
    """A picture to be shown, and its size relative to the given one."""
    scale = min(1.0, LARGEST_PX / max(pixels.shape[:2]))
    if scale < 1.0:
        pixels = np.asarray(
            cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
    return Frame(pixels, "bgr"), scale
