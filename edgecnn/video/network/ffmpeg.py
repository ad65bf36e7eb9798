"""Reads RTSP and what else FFmpeg understands, through OpenCV."""

from __future__ import annotations

import threading
import time

import cv2
import numpy as np

from edgecnn.video.cameras.reader import Capture, OpenCapture, open_capture
from edgecnn.video.facts import SourceFacts
from edgecnn.video.fault import Ended, Fault
from edgecnn.video.files import codec_name
from edgecnn.video.link import Grab
from edgecnn.video.network.address import Address
from edgecnn.video.network.rtsp import why_no_stream
from edgecnn.video.status import Reason

OPEN_MS = 5000
READ_MS = 1500
"""FFmpeg's own limits are half a minute; a source must notice sooner."""

MOST_FAILURES = 10
"""A damaged picture makes one read fail, a broken connection every one."""


class FfmpegReader:
    """One connection to a stream.

    Args:
        address: Where it is.
        capture: Opens it; another one in tests.
    """

    exclusive = False

    def __init__(self, address: Address, *, capture: OpenCapture = open_capture) -> None:
        self.name = address.name
        self._address = address
        self._open_capture = capture
        self._capture: Capture | None = None
        self._interrupted = threading.Event()
        self._failures = 0
        self._recorded = False
        self._start_s: float | None = None

    def open(self) -> SourceFacts:
        """Connect and find the video in the stream.

        Raises:
            Fault: It cannot be opened; asked again by hand, the server says why.
        """
        # One thread: decoding on several delays each picture by as many, and takes the cores that
        # the networks need.
        parameters = (
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MS),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_MS),
            *(cv2.CAP_PROP_N_THREADS, 1),
        )
        began_s = time.monotonic()
        capture = self._open_capture(self._address.url, cv2.CAP_FFMPEG, parameters)
        if not capture.isOpened():
            capture.release()
            raise self._why_not(time.monotonic() - began_s)
        self._capture = capture
        size_wh = (
            int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        self._recorded = capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0
        codec = codec_name(capture.get(cv2.CAP_PROP_FOURCC))
        return SourceFacts(size_wh, fps if 0 < fps < 1000 else None, None, "FFMPEG", codec)

    def read(self) -> Grab | None:
        """The next picture; None when it was damaged.

        Raises:
            Fault: The connection broke.
            Ended: A recording on a server is over.
        """
        capture = self._capture
        picture = None
        if capture is not None and capture.grab():
            captured_s = time.monotonic()
            decoded, picture = capture.retrieve()
            if decoded and picture is not None:
                self._failures = 0
                device_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                if self._recorded:
                    captured_s = self._wait_until_due(device_s)
                return Grab(np.asarray(picture, np.uint8), captured_s, device_s)
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            if self._recorded and self._start_s is not None:
                raise Ended
            if self._recorded:
                raise Fault(
                    Reason.CODEC,
                    f"{self.name} cannot be played from this server. Download it and give its "
                    "path.",
                )
            raise Fault(Reason.LOST, f"{self.name} stopped sending.")
        return None

    def trouble(self) -> str:
        """FFmpeg does not say why there was no picture."""
        return ""

    def interrupt(self) -> None:
        """FFmpeg returns when its own time is over; a recording need not wait for its moment."""
        self._interrupted.set()

    def close(self) -> None:
        """Hang up."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _wait_until_due(self, own_s: float) -> float:
        """A server sends a recording as fast as it can: play it at its own pace."""
        now_s = time.monotonic()
        if self._start_s is None or now_s - self._start_s - own_s > 1.0:
            self._start_s = now_s - own_s
        self._interrupted.wait(max(0.0, self._start_s + own_s - now_s))
        return time.monotonic()

    def _why_not(self, waited_s: float) -> Fault:
        if self._address.scheme in ("rtsp", "rtsps"):
            return why_no_stream(self._address)
        if waited_s >= 0.9 * OPEN_MS / 1000:
            return Fault(Reason.TIMED_OUT, f"{self.name} sent no video within {OPEN_MS // 1000} s.")
        return Fault(
            Reason.CODEC,
            f"{self.name} holds no video that can be decoded, or nothing answers there.",
        )
