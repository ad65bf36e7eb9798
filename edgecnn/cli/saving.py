"""Where ``run --save`` puts annotated pictures."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from edgecnn.core.image import Pixels
from edgecnn.errors import OptionError, SourceError
from edgecnn.video.frame import Frame
from edgecnn.video.source import Source
from edgecnn.video.writer import VideoWriter, write_image


class Saver:
    """Saves a picture to a file, several to a folder, video frames to an ``.mp4``.

    Args:
        target: File or folder.
        source: What is annotated: tells which of the three is meant.

    Raises:
        OptionError: Several pictures into one file.
    """

    def __init__(self, target: Path, source: Source) -> None:
        self._target = target
        self._video = VideoWriter(target, source.fps or 25.0) if source.fps is not None else None
        is_file = bool(target.suffix) and not target.is_dir()
        self._folder = self._video is None and (source.count != 1 or not is_file)
        self._written: set[Path] = set()
        if self._folder and is_file:
            raise OptionError(
                f"{target}: {source.count} pictures do not fit into one file. Name a folder."
            )

    def write(self, frame: Frame, pixels: Pixels) -> None:
        """Save one annotated frame (BGR)."""
        if self._video is not None:
            self._video.write(pixels)
            return
        write_image(self._place(frame) if self._folder else self._target, pixels)

    def _place(self, frame: Frame) -> Path:
        """A name of its own for each picture, also when two folders hold the same one."""
        origin = Path(frame.source)
        place = self._target / origin.name
        if place in self._written:
            place = self._target / f"{origin.stem}-{frame.index}{origin.suffix}"
        self._written.add(place)
        if place.exists() and place.resolve() == origin.resolve():
            raise SourceError(f"{place} is the picture itself; save into another folder.")
        return place

    def __enter__(self) -> Saver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._video is not None:
            self._video.close(keep=kind is None)
