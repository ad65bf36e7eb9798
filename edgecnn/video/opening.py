"""`open_live`: from a word to the live source that it means."""

from __future__ import annotations

import glob
import re
from functools import partial
from pathlib import Path
from typing import Literal

from edgecnn.errors import OptionError
from edgecnn.video.cameras.listing import CameraInfo, find_camera, list_cameras
from edgecnn.video.cameras.picamera import PicameraReader
from edgecnn.video.cameras.reader import CameraReader, Place, Wish
from edgecnn.video.files import VIDEO_SUFFIXES
from edgecnn.video.linked import LinkedSource
from edgecnn.video.live import LiveSource
from edgecnn.video.network.address import parse_address
from edgecnn.video.network.ffmpeg import FfmpegReader
from edgecnn.video.network.http import HttpReader
from edgecnn.video.patience import Patience
from edgecnn.video.played import PlayedSource
from edgecnn.video.source import DEMO, nothing_named, open_source
from edgecnn.video.synthetic import Scene, Synthetic

__all__ = ["CameraInfo", "Pace", "list_cameras", "open_live"]

Pace = Literal["realtime", "fast"]

SYNTHETIC = "synthetic"
SLIDES_FPS = 1.0
"""Pictures a second of a folder that is shown at a pace for people."""

_PICAMERA = re.compile(r"picamera(?::(\d+))?")
_CAMERA = re.compile(r"\d+|/dev/video\d+|/dev/v4l/\S+|\S+-video-index\d+")
_NETWORK = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def open_live(
    word: str | int | Path,
    *,
    pace: Pace = "realtime",
    size_wh: tuple[int, int] | None = None,
    fps: float | None = None,
    mirror: bool = False,
    demo: Path | None = None,
    loop: bool | None = None,
    patience: Patience | None = None,
) -> LiveSource:
    """The live source that a word means; nothing is opened before it is started.

    Args:
        word: A camera by number, path or stable id (`list_cameras`), ``picamera`` or
            ``picamera:1``, an address (``rtsp://``, ``http://`` ...), a video, picture, folder or
            pattern, ``demo``, or ``synthetic``.
        pace: ``realtime``: a recording plays as it was taken, and the newest frame wins.
            ``fast``: it is read as fast as it is taken, and no frame is lost. Pictures of a folder
            are never lost; in ``realtime`` one a second is shown. Cameras have a pace of their own.
        size_wh: Width and height to ask a camera for, or of ``synthetic``; `LiveSource.facts` says
            what came.
        fps: Pictures a second to ask a camera for, or the pace of a recording.
        mirror: Flip left to right, as people know themselves.
        demo: The clip that ``demo`` stands for.
        loop: Whether a recording starts again at its end; None: ``demo`` does, in ``realtime``.
        patience: How long cameras and streams are waited for.

    Raises:
        SourceError: The word means nothing, or an address cannot be understood. What cannot be
            opened later becomes the source's status instead.
        OptionError: A size or rate that nothing can have.
    """
    word = str(word)
    _check_wish(size_wh, fps)
    if (pi := _PICAMERA.fullmatch(word)) is not None:
        number = int(pi.group(1) or 0)
        name = f"Pi camera {number}"
        connect = partial(PicameraReader, name, number, size_wh, fps)
        return LinkedSource(name, connect, patience=patience, mirror=mirror)
    if _NETWORK.match(word):
        return _stream(word, mirror, patience)
    if _CAMERA.fullmatch(word):
        return _camera(word, Wish(size_wh=size_wh, fps=fps), mirror, patience)
    paced = pace == "realtime"
    if word == SYNTHETIC:
        recording = Synthetic(Scene(size_wh or Scene().size_wh), fps or 30.0)
        return PlayedSource(SYNTHETIC, lambda: recording, paced=paced, live=paced, mirror=mirror)
    is_demo = word == DEMO and demo is not None
    path = demo if is_demo and demo is not None else Path(word)
    if not word or not (is_demo or path.exists() or glob.has_magic(word)):
        raise nothing_named(word)
    moving = is_demo or (path.is_file() and path.suffix.lower() in VIDEO_SUFFIXES)
    return PlayedSource(
        word,
        partial(open_source, word, demo=demo),
        paced=paced,
        live=paced and moving,
        loop=(is_demo and paced) if loop is None else loop,
        fps=fps if moving or not paced else fps or SLIDES_FPS,
        mirror=mirror,
        path=path,
    )


def is_live_word(word: str) -> bool:
    """Whether a word means a camera or a stream, which no file of that name changes."""
    kinds = (_PICAMERA.fullmatch, _CAMERA.fullmatch, _NETWORK.match)
    return any(fits(word) for fits in kinds)


def _camera(word: str, wish: Wish, mirror: bool, patience: Patience | None) -> LiveSource:
    known = find_camera(word, list_cameras())
    name = f"Camera {word}" if known is None else known.name
    place = Place(word)
    return LinkedSource(
        name, lambda: CameraReader(name, place, wish), patience=patience, mirror=mirror
    )


def _stream(word: str, mirror: bool, patience: Patience | None) -> LiveSource:
    address = parse_address(word)
    connect = (
        partial(HttpReader, address, FfmpegReader)
        if address.scheme in ("http", "https")
        else partial(FfmpegReader, address)
    )
    return LinkedSource(address.name, connect, patience=patience, mirror=mirror)


def _check_wish(size_wh: tuple[int, int] | None, fps: float | None) -> None:
    if size_wh is not None and not (len(size_wh) == 2 and min(size_wh) >= 1):
        raise OptionError(f"size_wh must be (width, height) in pixels, but got {size_wh}.")
    if fps is not None and not 0 < fps <= 1000:
        raise OptionError(f"fps must be between 0 and 1000, but got {fps}.")
