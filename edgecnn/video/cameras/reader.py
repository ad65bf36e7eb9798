"""Reads a camera through OpenCV."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from edgecnn.core.image import Pixels
from edgecnn.video.cameras.listing import CameraInfo, find_camera, list_cameras
from edgecnn.video.cameras.v4l2 import why_closed
from edgecnn.video.facts import SourceFacts
from edgecnn.video.fault import Fault
from edgecnn.video.files import codec_name
from edgecnn.video.freshness import is_black
from edgecnn.video.link import Grab
from edgecnn.video.status import Reason

_LINUX = sys.platform == "linux"

WARM_UP_S = 1.0
"""So long after opening, pictures that are exactly black are left out."""

UNPACKED_PIXELS = 640 * 480
"""Up to so many pixels USB carries raw pictures at full rate; above, the camera must compress."""


class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` that is used."""

    def isOpened(self) -> bool: ...  # noqa: D102, N802 (OpenCV's names)
    def grab(self) -> bool: ...  # noqa: D102
    def retrieve(self) -> tuple[bool, Any]: ...  # noqa: D102
    def get(self, prop: int, /) -> float: ...  # noqa: D102
    def set(self, prop: int, value: float, /) -> bool: ...  # noqa: D102
    def release(self) -> None: ...  # noqa: D102
    def getBackendName(self) -> str: ...  # noqa: D102, N802


OpenCapture = Callable[[str | int, int, Sequence[int]], Capture]


def open_capture(target: str | int, backend: int, parameters: Sequence[int]) -> Capture:
    """``cv2.VideoCapture`` by its full argument list."""
    return cv2.VideoCapture(target, backend, list(parameters))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a camera is asked for; what it gives may differ.

    Attributes:
        size_wh: Width and height; None for the camera's default.
        fps: Pictures a second; None for the camera's default.
    """

    size_wh: tuple[int, int] | None = None
    fps: float | None = None


class Place:
    """Where a camera is; found again at each opening, as it may come back under another number.

    Args:
        word: Number, path or stable id. Once opened, it is this very camera that is looked for.
        cameras: Lists the cameras; another one in tests.
    """

    def __init__(self, word: str, cameras: Callable[[], list[CameraInfo]] = list_cameras) -> None:
        self._word = word
        self._cameras = cameras
        self._seen: CameraInfo | None = None

    def path(self) -> Path:
        """The device to open; it need not exist."""
        self._seen = find_camera(self._word, self._cameras())
        if self._seen is not None:
            return Path(self._seen.path)
        return Path(f"/dev/video{self._word}" if self._word.isdigit() else self._word)

    def opened(self) -> None:
        """Keep to the camera that was found last."""
        if self._seen is not None:
            self._word = self._seen.id


class CameraReader:
    """One opening of a camera.

    Args:
        name: For people.
        place: Where it is; shared by all openings.
        wish: What to ask for.
        capture: Opens a device; another one in tests.
    """

    exclusive = True

    def __init__(
        self,
        name: str,
        place: Place,
        wish: Wish | None = None,
        *,
        capture: OpenCapture = open_capture,
    ) -> None:
        self.name = name
        self._place = place
        self._wish = wish or Wish()
        self._open_capture = capture
        self._capture: Capture | None = None
        self._path = Path()
        self._opened_s = 0.0

    def open(self) -> SourceFacts:
        """Open the camera and ask for what was wished.

        Raises:
            Fault: There is none, it is in use, may not be opened, or does not work.
        """
        self._path = self._place.path()
        if _LINUX and not self._path.exists():
            raise why_closed(str(self._path), self.name)
        number = self._path.name.removeprefix("video")
        target = str(self._path) if _LINUX or not number.isdigit() else int(number)
        capture = self._open_capture(target, cv2.CAP_V4L2 if _LINUX else cv2.CAP_ANY, ())
        if not capture.isOpened():
            capture.release()
            raise self._why_not()
        self._place.opened()
        self._capture = capture
        self._ask_for(capture)
        self._opened_s = time.monotonic()
        size_wh = (
            int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        return SourceFacts(
            size_wh,
            fps if 0 < fps < 1000 else None,
            None,
            capture.getBackendName(),
            codec_name(capture.get(cv2.CAP_PROP_FOURCC)),
        )

    def read(self) -> Grab | None:
        """The next picture; None when this attempt brought none.

        Raises:
            Fault: The camera was unplugged.
        """
        capture = self._capture
        if capture is None or not capture.grab():
            if _LINUX and not self._path.exists():
                raise Fault(Reason.LOST, f"{self.name} was unplugged. Plug it in and it goes on.")
            return None
        captured_s = time.monotonic()
        decoded, picture = capture.retrieve()
        if not decoded or picture is None:
            return None
        pixels = _own(picture)
        if captured_s - self._opened_s < WARM_UP_S and is_black(pixels):
            return None
        return Grab(pixels, captured_s, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)

    def trouble(self) -> str:
        """OpenCV does not say why there was no picture."""
        return ""

    def interrupt(self) -> None:
        """A driver cannot be interrupted: whoever waits leaves this thread behind."""

    def close(self) -> None:
        """Let go of the camera."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _why_not(self) -> Fault:
        if _LINUX:
            return why_closed(str(self._path), self.name)
        return Fault(
            Reason.NOT_FOUND,
            f"{self.name} cannot be opened: it is not connected, or another program uses it. "
            "`edgecnn doctor` lists the cameras.",
        )

    def _ask_for(self, capture: Capture) -> None:
        size_wh, fps = self._wish.size_wh, self._wish.fps
        # The order matters: the format decides which sizes there are, the size which rates.
        if size_wh is not None and size_wh[0] * size_wh[1] > UNPACKED_PIXELS:
            capture.set(cv2.CAP_PROP_FOURCC, float(cv2.VideoWriter.fourcc(*"MJPG")))
        if size_wh is not None:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, float(size_wh[0]))
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, float(size_wh[1]))
        if fps is not None:
            capture.set(cv2.CAP_PROP_FPS, float(fps))


def _own(picture: Any) -> Pixels:
    """The picture as (H, W, 3) uint8 in BGR; infrared cameras give one channel."""
    pixels = np.asarray(picture, np.uint8)
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    return pixels
