"""A picture that knows its colour order and where and when it was taken."""

from __future__ import annotations

from dataclasses import dataclass

from edgecnn.core.image import Pixels, check_pixels


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        pixels: (H, W, 3) uint8, or (H, W) when ``color`` is ``gray``.
        color: ``"bgr"``, ``"rgb"`` or ``"gray"``.
        timestamp_s: Time in the source for files, time of capture (monotonic clock) for cameras.
        index: Position in the source, from 0.
        source: Name of the file or camera.
        captured_s: When it was taken or came due, on the clock of `time.monotonic`; None when it
            was read from a file for no particular moment.
        still: Whether it stands for itself, as a photograph does; nothing is carried over from the
            frame before by a task that remembers (`edgecnn.video.lane.StreamTask`).
    """

    pixels: Pixels
    color: str
    timestamp_s: float = 0.0
    index: int = 0
    source: str = ""
    captured_s: float | None = None
    still: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "pixels", check_pixels(self.pixels, self.color))

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]
