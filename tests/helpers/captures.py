"""A ``cv2.VideoCapture`` that does as it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2

from tests.helpers.mjpeg_server import picture


class FakeCapture:
    """A camera of OpenCV.

    Args:
        show: Gives the picture of a number, or None for a read that fails.
        opens: Whether it opens.
        stamps: Whether it has time stamps.
        sizes: The sizes it can give; the first is its default.
        count: Number of frames it claims.
    """

    def __init__(
        self,
        show: Callable[[int], Any] = picture,
        *,
        opens: bool = True,
        stamps: bool = False,
        sizes: Sequence[tuple[int, int]] = ((64, 48),),
        count: float = -1,
    ) -> None:
        self.show = show
        self.opens = opens
        self.stamps = stamps
        self.sizes = sizes
        self.count = count
        self.opened_with: list[tuple[Any, int, tuple[int, ...]]] = []
        self.asked: list[tuple[int, float]] = []
        self.released = 0
        self.index = -1
        self.size_wh = sizes[0]
        self.fps = 30.0
        self.code = float(cv2.VideoWriter.fourcc(*"YUYV"))

    def __call__(self, target: str | int, backend: int, parameters: Sequence[int]) -> FakeCapture:
        self.opened_with.append((target, backend, tuple(parameters)))
        return self

    def isOpened(self) -> bool:  # noqa: N802 (OpenCV's names)
        return self.opens

    def grab(self) -> bool:
        self.index += 1
        return self.show(self.index) is not None

    def retrieve(self) -> tuple[bool, Any]:
        shown = self.show(self.index)
        return shown is not None, shown

    def get(self, prop: int, /) -> float:
        width, height = self.size_wh
        known = {
            cv2.CAP_PROP_FRAME_WIDTH: width,
            cv2.CAP_PROP_FRAME_HEIGHT: height,
            cv2.CAP_PROP_FPS: self.fps,
            cv2.CAP_PROP_FOURCC: self.code,
            cv2.CAP_PROP_FRAME_COUNT: self.count,
            cv2.CAP_PROP_POS_MSEC: 1000.0 + 33 * self.index if self.stamps else 0.0,
        }
        return float(known[prop])

    def set(self, prop: int, value: float, /) -> bool:
        self.asked.append((prop, value))
        if prop == cv2.CAP_PROP_FOURCC:
            self.code = value
        if prop == cv2.CAP_PROP_FPS:
            self.fps = min(value, 30.0)
        if prop == cv2.CAP_PROP_FRAME_WIDTH:
            self.size_wh = min(self.sizes, key=lambda size: abs(size[0] - value))
        return True

    def release(self) -> None:
        self.released += 1

    def getBackendName(self) -> str:  # noqa: N802
        return "V4L2"
