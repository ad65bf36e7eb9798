"""What a source of frames is, and which one a user means by a word on the command line."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol

from edgecnn.errors import SourceError
from edgecnn.video.files import IMAGE_SUFFIXES, VIDEO_SUFFIXES, ImageFiles, Problem, VideoFile
from edgecnn.video.frame import Frame

DEMO = "demo"


class Source(Protocol):
    """A sequence of frames that can be walked once.

    Attributes:
        name: For people.
        count: Number of frames, as far as it is known before they were read.
        fps: Frames a second, for video.
        backend: What reads it.
        codec: How a video is packed.
        problems: What could not be read and was left out, so far.
    """

    name: str
    count: int | None
    fps: float | None
    backend: str
    codec: str | None
    problems: list[Problem]

    def __iter__(self) -> Iterator[Frame]:
        """The frames, in order; what cannot be read goes to `problems`."""

    def close(self) -> None:
        """Let go of files; iteration ends."""

    def __enter__(self) -> Source: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def open_source(word: str, *, demo: Path | None = None) -> Source:
    """The source that a word names.

    Args:
        word: Path of a picture, folder or video, a pattern such as ``photos/*.jpg``, ``demo``, a
            camera or an address. A camera is opened when the walk begins, and a frame that nobody
            waits for is dropped; `edgecnn.video.opening.open_live` gives the same source with its
            states.
        demo: The clip that ``demo`` stands for.

    Raises:
        SourceError: Nothing of that name, an empty folder, or a video that cannot be opened.
    """
    if word == DEMO and demo is not None:
        return VideoFile(demo, name=DEMO)
    if not word:  # an empty path is the folder one is in, which nobody meant
        raise nothing_named(word)
    path = Path(word)
    if path.is_dir():
        return ImageFiles(_pictures_in(path), name=word)
    if path.exists():
        video = path.suffix.lower() in VIDEO_SUFFIXES
        return VideoFile(path) if video else ImageFiles([path], name=word)
    if (live := _live_frames(word)) is not None:
        return live
    if glob.has_magic(word):
        found = [Path(match) for match in glob.glob(word, recursive=True)]  # noqa: PTH207
        pictures = [match for match in found if match.suffix.lower() in IMAGE_SUFFIXES]
        if not pictures:
            raise SourceError(f"No pictures match {word!r}. A video is given by its own name.")
        return ImageFiles(pictures, name=word)
    raise nothing_named(word)


def nothing_named(word: str) -> SourceError:
    """The error of a word that means no source."""
    return SourceError(
        f"There is no file, folder or camera {word!r}. Give a camera number, a video, picture, "
        "folder or pattern, an address such as rtsp://..., picamera, synthetic or demo."
    )


def _live_frames(word: str) -> Source | None:
    """A camera or stream as a source to walk through; None when the word means neither."""
    # Here, because live sources play files through this module.
    from edgecnn.video.iterating import LiveFrames
    from edgecnn.video.opening import is_live_word, open_live

    return LiveFrames(open_live(word)) if is_live_word(word) else None


def _pictures_in(folder: Path) -> list[Path]:
    found = [
        entry
        for entry in folder.iterdir()
        # Hidden ones are not meant: a Mac leaves a ._photo.jpg beside each photo on a memory card.
        if entry.suffix.lower() in IMAGE_SUFFIXES and not entry.name.startswith(".")
    ]
    if not found:
        known = " ".join(sorted(IMAGE_SUFFIXES))
        raise SourceError(
            f"The folder {folder} holds no pictures ({known}). Those in deeper folders are meant "
            f"by a pattern, '{folder / '**' / '*.jpg'}', and a video by its own name."
        )
    return found
