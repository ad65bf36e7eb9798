"""Names for the faces of the live stream, while the gallery is open.

The detector of the tab stays what it is; while a gallery is open it is asked through a
`FaceRecognizer`, which shares its access with the window: one call of `GalleryAccess.lock` takes
the names away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import edgecnn
from edgecnn.errors import EdgeCNNError
from edgecnn.faces.access import GalleryAccess
from edgecnn.tasks.detect_faces import FaceDetector
from edgecnn.tasks.embed import ImageEmbedder
from edgecnn.tasks.faces import FacePipeline
from edgecnn.tasks.recognize import FaceRecognizer


def load_embedder(name: str) -> ImageEmbedder:
    """The model that turns faces into templates.

    Raises:
        EdgeCNNError: It cannot be loaded.
    """
    embedder: ImageEmbedder = edgecnn.load(name)
    return embedder


class Recognizing:
    """Turns the face detector of a tab into one that also says who it is.

    Args:
        load: Loads an embedder by name.

    Attributes:
        access: Which gallery may be looked into, and which threshold decides.
        problem: Why faces get no names although a gallery is open; empty when they do.
    """

    def __init__(self, load: Callable[[str], ImageEmbedder] = load_embedder) -> None:
        self.access = GalleryAccess()
        self.problem = ""
        self._load = load
        self._lock = threading.Lock()
        self._embedder: tuple[str, ImageEmbedder] | None = None
        self._last: FaceRecognizer | None = None

    def dress(self, task: Any) -> Any:
        """The task that answers in place of a face detector; others are given back as they are.

        Loads the embedder of the gallery when that is needed, so it takes a moment: not for the
        GUI thread. The detector still belongs to whoever had it.
        """
        gallery = self.access.gallery
        if gallery is None or not isinstance(task, FaceDetector):
            return task
        name = gallery.contents.embedder or FacePipeline.parts[1]
        with self._lock:
            try:
                if self._embedder is None or self._embedder[0] != name:
                    if self._embedder is not None:
                        self._embedder[1].close()
                        self._embedder = self._last = None
                    self._embedder = (name, self._load(name))
                if self._last is None or self._last.detector is not task:
                    self._last = FaceRecognizer(task, self._embedder[1], self.access)
            except EdgeCNNError as error:
                self.problem = str(error)
                return task
            self.problem = ""
            return self._last

    def close(self) -> None:
        """Release the embedder; not while a frame is being answered."""
        with self._lock:
            if self._embedder is not None:
                self._embedder[1].close()
            self._embedder = self._last = None
