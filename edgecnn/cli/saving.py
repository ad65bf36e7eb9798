"""Where ``run --save`` puts annotated pictures."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import click

from edgecnn.core.image import Pixels
from edgecnn.errors import OptionError, SourceError
from edgecnn.video.answer import Answer
from edgecnn.video.frame import Frame
from edgecnn.video.live import LiveSource
from edgecnn.video.recording import MOST_FPS, Recording
from edgecnn.video.source import Source
from edgecnn.video.writer import VideoWriter, write_image

USUAL_FPS = 30.0
"""Rate of a recording of a stream that does not say its own."""


def keep_source(source: str, *targets: str | Path | None) -> None:
    """Make sure that nothing is written over what is read: somebody's only copy, perhaps.

    Args:
        source: What is answered about.
        targets: Files that will be written; None for none.

    Raises:
        OptionError: One of them is the source itself.
    """
    for target in targets:
        if target is not None and _same_file(Path(source), Path(target)):
            raise OptionError(f"{target} is the source itself; name another file.")


def _same_file(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and one.samefile(other)


class Saver:
    """Saves a picture to a file, several to a folder, video frames to an ``.mp4``.

    Args:
        target: File or folder.
        source: What is annotated: tells which of the three is meant.

    Raises:
        OptionError: Several pictures into one file.
    """

    failed = False

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

    def write(self, answer: Answer, pixels: Pixels) -> None:
        """Save one annotated frame (BGR)."""
        if self._video is not None:
            self._video.write(pixels)
            return
        if not self._folder:  # a pattern may have found the target
            keep_source(answer.frame.source, self._target)
        write_image(self._place(answer.frame) if self._folder else self._target, pixels)

    def _place(self, frame: Frame) -> Path:
        """A name of its own for each picture, also when two folders hold the same one."""
        origin = Path(frame.source)
        place = self._target / origin.name
        if place in self._written:
            place = self._target / f"{origin.stem}-{frame.index}{origin.suffix}"
        self._written.add(place)
        if _same_file(origin, place):
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


class LiveSaver:
    """Records a live stream; whatever ends it, what was seen is kept.

    When recording fails, that is said, and the stream goes on without.

    Args:
        target: Ends in ``.mp4``.
        source: What is annotated.
        fps: Frames a second that were asked for; None takes the source's own.

    Raises:
        SourceError: Another ending.

    Attributes:
        failed: Whether recording ended before the stream did.
    """

    def __init__(self, target: Path, source: LiveSource, fps: float | None) -> None:
        self.failed = False
        self._target = target
        self._source = source
        self._fps = fps
        if target.suffix.lower() != ".mp4":
            raise SourceError(f"{target}: a live stream is saved as .mp4.")
        self._recording: Recording | None = None

    def write(self, answer: Answer, pixels: Pixels) -> None:
        """Show one annotated frame (BGR) in the video from the moment when it was taken."""
        if self.failed:
            return
        try:
            if self._recording is None:
                facts = self._source.facts
                fps = self._fps or (facts.fps if facts is not None else None) or USUAL_FPS
                self._recording = Recording(self._target, min(fps, MOST_FPS))
            self._recording.write(pixels, answer.captured_s)
        except SourceError as error:
            self.failed = True
            click.echo(f"Not recording any more: {error}", err=True)
            try:
                self._complete()
            except SourceError as worse:
                click.echo(f"{worse}", err=True)

    def _complete(self) -> None:
        if self._recording is not None:
            recording, self._recording = self._recording, None
            recording.close()

    def __enter__(self) -> LiveSaver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._complete()
