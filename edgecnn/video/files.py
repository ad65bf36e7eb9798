"""Pictures and videos from files, one frame at a time."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edgecnn.closing import Closing
from edgecnn.core.image import Pixels, read_image
from edgecnn.errors import SourceError
from edgecnn.video.frame import Frame

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mjpeg", ".mpg"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read and was left out: which, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        """Which and why, the name once."""
        return self.reason if self.name in self.reason else f"{self.name}: {self.reason}"


class _FileSource(Closing):
    """What sources of files share."""

    backend = "files"
    codec: str | None = None

    def __init__(self, name: str, count: int | None, fps: float | None) -> None:
        self.name = name
        self.count = count
        self.fps = fps
        self.problems: list[Problem] = []

    def close(self) -> None:
        """Let go of files."""

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """The frames, in order."""


def natural_key(path: Path) -> list[str | int]:
    """Sorts ``2.jpg`` before ``10.jpg``."""
    parts = re.split(r"(\d+)", str(path).lower())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)]


class ImageFiles(_FileSource):
    """Pictures, in natural order; holds one in memory at a time.

    Args:
        paths: The files.
        name: For people.
    """

    def __init__(self, paths: Sequence[Path], *, name: str) -> None:
        super().__init__(name, len(paths), None)
        self._paths = sorted(paths, key=natural_key)

    def __iter__(self) -> Iterator[Frame]:
        for index, path in enumerate(self._paths):
            try:
                pixels = read_image(path)
            except SourceError as error:
                self.problems.append(Problem(str(path), str(error)))
                continue
            yield Frame(pixels, "bgr", index=index, source=str(path), still=True)


class VideoFile(_FileSource):
    """Frames of a video file, as fast as they are taken.

    Args:
        path: The file.
        name: For people; the path by default.

    Raises:
        SourceError: Not a video that can be decoded.
    """

    def __init__(self, path: Path, *, name: str | None = None) -> None:
        if not path.is_file() or path.stat().st_size == 0:
            raise SourceError(f"{path} is not a video file, or it is empty.")
        self._capture = cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise SourceError(
                f"{path} cannot be opened as a video: it is damaged, or its codec is not supported."
            )
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        super().__init__(
            name if name is not None else str(path),
            count if count > 0 else None,
            fps if 0 < fps < 1000 else None,
        )
        self.backend = self._capture.getBackendName()
        self.codec = codec_name(self._capture.get(cv2.CAP_PROP_FOURCC))

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while True:
            taken, pixels = self._capture.read()
            if not taken:
                break
            timestamp_s = index / self.fps if self.fps else 0.0
            yield Frame(_as_pixels(pixels), "bgr", timestamp_s, index, self.name)
            index += 1
        if index == 0:
            raise SourceError(f"{self.name}: not one frame could be decoded.")
        # The count in a header is an estimate; a tenth less is a file that breaks off.
        if self.count is not None and index < 0.9 * self.count:
            reason = f"it breaks off after {index} of {self.count} frames"
            self.problems.append(Problem(self.name, reason))

    def close(self) -> None:
        """Let go of the file."""
        self._capture.release()


def codec_name(fourcc: float) -> str | None:
    """The four letters that OpenCV packs into a number, such as ``MJPG``; None for no code."""
    letters = int(fourcc).to_bytes(4, "little", signed=True) if abs(fourcc) < 2**31 else b""
    name = letters.decode("ascii", "replace").strip("\0 ")
    return name if name.isprintable() and name.isascii() and name else None


def _as_pixels(pixels: object) -> Pixels:
    return np.asarray(pixels, np.uint8)
