"""What an embedder says of the live picture: how far it is from one of before, or from a face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edgecnn.core.results import Embedding, Faces
from edgecnn.video.frame import Frame


@dataclass(frozen=True, slots=True, eq=False)
class Comparing:
    """Outcome of one look.

    Attributes:
        words, detail: For people.
        faces: Those that were compared; None for whole pictures.
    """

    words: str
    detail: str
    faces: Faces | None = None


class Comparer:
    """Compares what it is shown with the first that it was shown, or two faces with each other.

    Args:
        embedder: An `edgecnn.tasks.embed.ImageEmbedder`.
        detector: Finds the faces that an embedder of faces needs; None where there is none.
    """

    def __init__(self, embedder: Any, detector: Any | None) -> None:
        self._embedder = embedder
        self._detector = detector
        self._first: Embedding | None = None
        specification = embedder.bundle.manifest.embedding
        self._takes_faces = specification is not None and specification.alignment is not None

    def look(self, frame: Frame) -> Comparing:
        """Compare what a frame shows.

        Raises:
            EdgeCNNError: The model failed.
        """
        if not self._takes_faces:
            return self._with_first(self._embedder(frame), "picture", None)
        if self._detector is None:
            return Comparing("No distance", "there is no face detector")
        faces: Faces = self._detector(frame)
        if not len(faces):
            return Comparing("No face", "show it one, or two", faces)
        two = faces.where(_largest(faces)[:2])
        vectors = [self._embedder.embed_face(frame, points) for points in two.points_xy]
        if len(vectors) == 1:
            return self._with_first(vectors[0], "face", two)
        far = self._embedder.distance(*vectors)
        return Comparing(f"Distance {far:.3f}", "between the two faces", two)

    def close(self) -> None:
        """Release both models."""
        self._embedder.close()
        if self._detector is not None:
            self._detector.close()

    def _with_first(self, vector: Embedding, what: str, faces: Faces | None) -> Comparing:
        if self._first is None:
            self._first = vector
        far = self._embedder.distance(self._first, vector)
        return Comparing(f"Distance {far:.3f}", f"to the first {what}", faces)


def _largest(faces: Faces) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Indices of faces, the largest first."""
    sizes = np.diff(faces.boxes_xyxy.reshape(-1, 2, 2), axis=1).reshape(-1, 2).prod(axis=1)
    return np.argsort(-sizes, kind="stable")
