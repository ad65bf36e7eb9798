"""Writing pictures and videos so that a half-written file is never seen under its name."""

from __future__ import annotations

import os
import tempfile
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


class VideoWriter:
    """Writes BGR frames of one size as MPEG-4; the file appears under its name when closed.

    Args:
        path: Ends in ``.mp4``.
        fps: Frames a second.

    Raises:
        SourceError: Another ending, or the file cannot be written.
    """

    def __init__(self, path: Path, fps: float) -> None:
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
            SourceError: Another size than the first frame's, or writing failed.
        """
        size_wh = (pixels.shape[1], pixels.shape[0])
        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
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
        self._writer.write(pixels)

    def close(self, *, keep: bool = True) -> None:
        """Finish; with ``keep`` off, or without frames, nothing is left."""
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        if keep:
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
