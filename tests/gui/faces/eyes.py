"""The zoo's models, opened once for all tests; the same picture is looked at once."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np

import edgecnn
from edgecnn.core.image import read_image
from edgecnn.core.results import Face, Faces
from edgecnn.tasks.faces import FacePipeline
from edgecnn.video.frame import Frame

IMAGES = Path(__file__).parents[3] / "assets" / "images"
FRONT, TURNED = IMAGES / "portrait_obama.jpg", IMAGES / "portrait_obama2.jpg"
"""One man, straight ahead and turned by 16 degrees to his right."""


@functools.lru_cache(maxsize=1)
def _models() -> FacePipeline:
    return edgecnn.load("faces", backend="litert", precision="float16", threads=1)


@functools.lru_cache(maxsize=64)
def _seen(content: bytes, shape: tuple[int, ...], color: str) -> Faces:
    return _models()(np.frombuffer(content, np.uint8).reshape(shape), color)


class Eyes:
    """Answers as `FacePipeline` does; stays open when it is closed."""

    def __init__(self) -> None:
        self.embedder = _models().embedder
        self.closed = False

    def __call__(self, pixels: np.ndarray, color: str) -> Faces:
        assert not self.closed
        return _seen(pixels.tobytes(), pixels.shape, color)

    def confirm(self, pixels: np.ndarray, face: Face, color: str) -> float:
        assert not self.closed
        return _models().confirm(pixels, face, color)

    def close(self) -> None:
        self.closed = True


def open_eyes(*_: object) -> Any:
    """Stands for `open_faces`."""
    return Eyes()


def frame_of(path: Path, *, flipped: bool = False) -> Frame:
    pixels = read_image(path)
    return Frame(np.ascontiguousarray(pixels[:, ::-1]) if flipped else pixels, "bgr")
