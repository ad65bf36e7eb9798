"""Recording a live stream: frames come when they come, a video has a steady rate and one size."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from edgecnn.core.image import Pixels
from edgecnn.errors import OptionError
from edgecnn.video.writer import VideoWriter

LONGEST_GAP_S = 1.0
"""A longer time without frames (a pause, a camera that was away) is shortened to this."""

MOST_FPS = 60.0


class Recording:
    """Writes frames with their times into an ``.mp4`` that plays as fast as things happened.

    A frame is shown until the next one came: repeated, or left out when others follow within the
    same tick. When the size changes in mid-stream, later frames are fitted into the first size,
    with black bars. The file appears under its name when it is closed.

    Args:
        path: Ends in ``.mp4``.
        fps: Frames a second of the video.

    Raises:
        SourceError: Another ending.
        OptionError: A rate that no video has.
    """

    def __init__(self, path: Path, fps: float) -> None:
        if not 0 < fps <= MOST_FPS:
            raise OptionError(f"A video has more than 0 and at most {MOST_FPS:g} fps, not {fps!r}.")
        self._fps = fps
        self._writer = VideoWriter(path, fps)
        self._size_wh: tuple[int, int] | None = None
        self._began_s = 0.0
        self._last_s = 0.0

    @property
    def frames(self) -> int:
        """How many frames the video has so far."""
        return self._writer.frames

    def write(self, pixels: Pixels, time_s: float) -> None:
        """Show a frame from this moment on.

        Args:
            pixels: (H, W, 3) uint8, BGR.
            time_s: When it was taken; rises from frame to frame.

        Raises:
            SourceError: The disk is all but full, or the file cannot be written. Close it: what
                was written so far can be played.
        """
        if self._size_wh is None:
            # Videos are coded in blocks: an odd size is cut by a pixel.
            self._size_wh = (max(2, pixels.shape[1] & ~1), max(2, pixels.shape[0] & ~1))
            self._began_s = self._last_s = time_s
        gap_s = time_s - self._last_s
        if gap_s > LONGEST_GAP_S or gap_s < 0:
            self._began_s += gap_s - (LONGEST_GAP_S if gap_s > 0 else 0.0)
        self._last_s = time_s
        due = int((time_s - self._began_s) * self._fps + 0.5) + 1
        fitted = _fitted(pixels, self._size_wh)
        for _ in range(due - self._writer.frames):
            self._writer.write(fitted)

    def close(self, *, keep: bool = True) -> None:
        """Finish; with ``keep`` off nothing is left. Closing twice is harmless."""
        self._writer.close(keep=keep)

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Whatever ended it, what was seen was seen.
        self.close()


def _fitted(pixels: Pixels, size_wh: tuple[int, int]) -> Pixels:
    """A picture in the middle of another size; unchanged when it has that size."""
    width, height = size_wh
    if pixels.shape[1] in (width, width + 1) and pixels.shape[0] in (height, height + 1):
        return np.ascontiguousarray(pixels[:height, :width])
    scale = min(width / pixels.shape[1], height / pixels.shape[0])
    inner_wh = (
        min(width, max(1, round(pixels.shape[1] * scale))),
        min(height, max(1, round(pixels.shape[0] * scale))),
    )
    left, top = (width - inner_wh[0]) // 2, (height - inner_wh[1]) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    inner = cv2.resize(pixels, inner_wh, interpolation=cv2.INTER_AREA)
    canvas[top : top + inner_wh[1], left : left + inner_wh[0]] = inner
    return canvas
