"""A frame at the size of the view, in the memory layout that Qt draws without converting it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from PySide6.QtGui import QImage

from edgecnn.core.image import Pixels, convert_color
from edgecnn.video.frame import Frame

_FEW = np.zeros(256, np.float32)


class Scaled:
    """Makes images of frames, and keeps the memory from one to the next."""

    def __init__(self) -> None:
        self._small: Pixels | None = None
        self._shown: Pixels | None = None  # what the image shows; Qt does not keep it alive

    def image(
        self, frame: Frame, size_wh: tuple[int, int], finish: Callable[[Pixels], Pixels]
    ) -> QImage:
        """The frame at a size.

        Args:
            frame: Of any size and colour order; not changed.
            size_wh: In the pixels of the device.
            finish: Gets the scaled picture, (H, W, 3) uint8 BGR, and returns what is to be seen.

        Returns:
            An image that is good until the next call.
        """
        # Qt's fills leave the upper halves of x86's vector registers in use, which makes OpenCV's
        # scaling take three times as long; any of numpy's loops tidies up behind itself.
        np.add(_FEW, 0)
        pixels = halved(frame.pixels, size_wh)
        if (pixels.shape[1], pixels.shape[0]) != size_wh:
            self._small = np.asarray(cv2.resize(pixels, size_wh, dst=self._small), np.uint8)
            pixels = self._small
        if frame.color != "bgr":
            pixels = convert_color(pixels, frame.color, "bgr")
        self._shown = np.asarray(
            cv2.cvtColor(finish(pixels), cv2.COLOR_BGR2BGRA, dst=self._shown), np.uint8
        )
        return QImage(
            self._shown.data, *size_wh, self._shown.strides[0], QImage.Format.Format_RGB32
        )


def halved(pixels: Pixels, size_wh: tuple[int, int]) -> Pixels:
    """A picture halved as often as it stays at least as large as a size.

    Linear interpolation at exactly half the size is the mean of four pixels, so that a strong
    reduction skips no pixel, at a sixth of what averaging over areas of any size costs.
    """
    height, width = pixels.shape[:2]
    while width >= 2 * size_wh[0] and height >= 2 * size_wh[1]:
        width, height = width // 2, height // 2
        pixels = np.asarray(cv2.resize(pixels, (width, height)), np.uint8)
    return pixels
