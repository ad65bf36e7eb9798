"""Looks for faces beside the models of the other tabs, so that they can be hidden there, too."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import edgecnn
from edgecnn.core.results import Faces
from edgecnn.errors import EdgeCNNError
from edgecnn.tasks.detect_faces import FaceDetector
from edgecnn.tasks.options import FaceOptions
from edgecnn.video.frame import Frame

_log = logging.getLogger(__name__)

MODEL = "face_detect_blazeface_full"
LEAST_SCORE = 0.4
"""Below what the Faces tab shows: a mosaic too many is better than a face too many."""


def load_detector() -> FaceDetector:
    """The detector; one thread, because it works beside another model.

    Raises:
        EdgeCNNError: It cannot be loaded.
    """
    options = FaceOptions(score_threshold=LEAST_SCORE)
    detector: FaceDetector = edgecnn.load(MODEL, quick_start=True, threads=1, options=options)
    return detector


class FaceGuard:
    """Finds faces on any thread but that of the window; the model is loaded when first needed.

    Args:
        load: Gives the detector.

    Attributes:
        problem: Why nobody can look, in words; empty when somebody can.
    """

    def __init__(self, load: Callable[[], FaceDetector] = load_detector) -> None:
        self.problem = ""
        self._load = load
        self._lock = threading.Lock()
        self._detector: FaceDetector | None = None
        self._closed = False

    def __call__(self, frame: Frame) -> Faces | None:
        """The faces of a frame; None when it could not be looked at."""
        with self._lock:
            if self._closed:
                return None
            try:
                if self._detector is None:
                    self._detector = self._load()
                found = self._detector(frame)
            except EdgeCNNError as error:
                if not self.problem:
                    _log.warning("Faces cannot be hidden: %s", error)
                self.problem = str(error)
                return None
            self.problem = ""
            return found

    def close(self) -> None:
        """Release the model; nobody looks from now on."""
        with self._lock:
            self._closed = True
            if self._detector is not None:
                self._detector.close()
            self._detector = None
