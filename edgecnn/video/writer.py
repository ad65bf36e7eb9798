"""Writing pictures and videos so that a half-written file is never seen under its name."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType

import cv2

from edgecnn.core.image import Pixels, check_pixels
from edgecnn.errors import SourceError


def write_image(path: Path, pixels: Pixels) -> Path:
    """Write a BGR picture; its ending says the format. The file appears when it is complete.

    Args:
        path: Ends in ``.jpg``, ``.png``, ``.webp`` ...; its folder is made when missing.
        pixels: (H, W, 3) uint8, BGR.

    Raises:
        SourceError: An ending that no encoder knows, or the file cannot be written.
    """
    check_pixels(pixels, "bgr")
    try:
        encoded, content = cv2.imencode(path.suffix or ".", pixels)
    except cv2.error as error:
        raise SourceError(
            f"{path}: no encoder for the ending {path.suffix!r}. Use .jpg, .png or .webp."
        ) from error
    if not encoded:
        raise SourceError(f"{path}: the picture could not be encoded.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content.tobytes())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise SourceError(f"Cannot write {path}: {error.strerror}.") from error
    return path


SPARE_BYTES = 64 * 2**20
"""A recording ends while so much of the disk is free: its index is still to be written, and a full
disk harms more than a recording."""

_LOOK_EVERY_S = 1.0


class VideoWriter:
    """Writes BGR frames of one size as MPEG-4; the file appears under its name when closed.

    Args:
        path: Ends in ``.mp4``.
        fps: Frames a second.

    Attributes:
        frames: How many have been written.

    Raises:
        SourceError: Another ending, or the file cannot be written.
    """

    def __init__(self, path: Path, fps: float) -> None:
        self.frames = 0
        self._looked_s = -float("inf")
        if path.suffix.lower() != ".mp4":
            raise SourceError(f"{path}: annotated video is written as .mp4.")
        self._path = path
        self._partial = path.with_name(f".{path.stem}.partial.mp4")
        self._fps = fps
        self._writer: cv2.VideoWriter | None = None
        self._size_wh = (0, 0)

    def write(self, pixels: Pixels) -> None:
        """Append a frame.

        Raises:
            SourceError: Another size than the first frame's, the disk is all but full, or the file
                cannot be opened. What was written so far can still be kept.
        """
        size_wh = (pixels.shape[1], pixels.shape[0])
        if self._writer is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SourceError(f"Cannot write {self._path}: {error.strerror}.") from error
            self._look_for_room()
            code = cv2.VideoWriter.fourcc(*"mp4v")
            self._writer = cv2.VideoWriter(str(self._partial), code, self._fps, size_wh)
            self._size_wh = size_wh
            if not self._writer.isOpened():
                raise SourceError(f"Cannot write {self._path}: no MPEG-4 encoder, or no access.")
        if size_wh != self._size_wh:
            raise SourceError(
                f"{self._path}: frames of {self._size_wh} were written, but now one of {size_wh} "
                "came. Save pictures of several sizes into a folder."
            )
        if time.monotonic() - self._looked_s > _LOOK_EVERY_S:
            self._look_for_room()
        self._writer.write(pixels)
        self.frames += 1

    def _look_for_room(self) -> None:
        """OpenCV does not say when writing fails, so that the disk has to be asked beforehand."""
        self._looked_s = time.monotonic()
        free = shutil.disk_usage(self._path.parent).free
        if free < SPARE_BYTES:
            raise SourceError(
                f"{self._path}: the disk is full ({free / 2**20:.0f} MB left), so that recording "
                f"ended after {self.frames} frames. Free some space and start it again."
            )

    def close(self, *, keep: bool = True) -> None:
        """Finish; with ``keep`` off, or without frames, nothing is left.

        Raises:
            SourceError: The file could not be completed; nothing of it is left.
        """
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        if keep and self.frames:
            if not _plays(self._partial):
                self._partial.unlink(missing_ok=True)
                raise SourceError(f"{self._path} could not be completed; is the disk full?")
            self._partial.replace(self._path)
        else:
            self._partial.unlink(missing_ok=True)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(keep=kind is None)


def _plays(path: Path) -> bool:
    """Whether a video that was just written can be opened: its index is there."""
    capture = cv2.VideoCapture(str(path))
    try:
        return capture.isOpened()
    finally:
        capture.release()
