"""What a live source really gives, which need not be what was asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What came, as far as it is known.

    Attributes:
        size_wh: Width and height of the newest picture.
        fps: Pictures a second, as the device or file says.
        measured_fps: Pictures a second that really came lately; a camera that promises 30 gives 15
            in a dim room.
        backend: What reads it: ``V4L2``, ``FFMPEG``, ``HTTP``, ``picamera2`` ...
        codec: Such as ``MJPG``, ``YUYV`` or ``h264``.
    """

    size_wh: tuple[int, int]
    fps: float | None = None
    measured_fps: float | None = None
    backend: str = ""
    codec: str | None = None

    def describe(self) -> str:
        """One line for people, such as ``1280 x 720, 30 fps, MJPG (V4L2)``."""
        parts = [f"{self.size_wh[0]} x {self.size_wh[1]}"]
        if self.fps:
            parts.append(f"{self.fps:g} fps")
        if self.codec:
            parts.append(self.codec)
        return ", ".join(parts) + (f" ({self.backend})" if self.backend else "")
