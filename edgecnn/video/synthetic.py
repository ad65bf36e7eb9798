"""Moving shapes whose places are known exactly: a source for tests and benchmarks.

Where every shape is follows from the number of the frame alone, so that the truth of any frame can
be asked for at any time, on any machine, without having kept it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from edgecnn.closing import Closing
from edgecnn.core.image import Pixels
from edgecnn.errors import OptionError
from edgecnn.video.files import Problem
from edgecnn.video.frame import Frame

LABELS = ("disc", "square")


@dataclass(frozen=True, slots=True)
class Scene:
    """Discs and squares that move in straight lines and bounce off the edges.

    Attributes:
        size_wh: Width and height of the picture.
        shapes: How many there are.
        seed: From which sizes, colours, places and speeds are drawn.
    """

    size_wh: tuple[int, int] = (640, 480)
    shapes: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.size_wh) < 32 or self.shapes < 0:
            raise OptionError(
                f"A scene needs at least 32 x 32 pixels and no negative number of shapes, but got "
                f"{self.size_wh} and {self.shapes}."
            )

    def class_ids(self) -> NDArray[np.int64]:
        """(N,) int64, index into `LABELS`; the same in every frame."""
        return np.arange(self.shapes, dtype=np.int64) % len(LABELS)

    def boxes_xyxy(self, index: int) -> NDArray[np.float32]:
        """Where the shapes are in a frame: (N, 4) float32, pixels, never outside the picture."""
        rng = np.random.default_rng(self.seed)
        shortest = min(self.size_wh)
        side = np.floor(rng.uniform(0.12, 0.3, self.shapes) * shortest)[:, None]
        room = np.asarray(self.size_wh) - side
        start = rng.uniform(0, 1, (self.shapes, 2)) * room
        speed = rng.uniform(0.002, 0.012, (self.shapes, 2)) * shortest
        # A triangle wave: to the far edge, back, and so on.
        way = np.mod(start + speed * index, 2 * room)
        corner = np.floor(np.where(way < room, way, 2 * room - way))
        return np.hstack([corner, corner + side]).astype(np.float32)

    def draw(self, index: int) -> Pixels:
        """The picture of a frame: (H, W, 3) uint8, BGR; later shapes cover earlier ones."""
        width, height = self.size_wh
        # The ground changes a little from frame to frame, as that of a camera does.
        pixels = np.full((height, width, 3), 96 + index % 16, np.uint8)
        colors = np.random.default_rng(self.seed + 1).integers(0, 256, (self.shapes, 3))
        for box, kind, color in zip(
            self.boxes_xyxy(index).astype(int), self.class_ids(), colors.tolist(), strict=True
        ):
            x1, y1, x2, y2 = (int(value) for value in box)
            if LABELS[kind] == "disc":
                center = ((x1 + x2) // 2, (y1 + y2) // 2)
                cv2.circle(pixels, center, (x2 - x1) // 2, color, cv2.FILLED, cv2.LINE_AA)
            else:
                pixels[y1:y2, x1:x2] = color
        return pixels


@dataclass(slots=True)
class Synthetic(Closing):
    """A recording of a `Scene`.

    Attributes:
        scene: What is shown.
        fps: Frames a second of its time stamps.
        count: Number of frames; None for no end.
    """

    scene: Scene = field(default_factory=Scene)
    fps: float | None = 30.0
    count: int | None = None
    problems: list[Problem] = field(default_factory=list)
    backend: str = "synthetic"
    codec: str | None = None
    name: str = "synthetic"

    def __iter__(self) -> Iterator[Frame]:
        """The frames, in order."""
        index = 0
        while self.count is None or index < self.count:
            timestamp_s = index / self.fps if self.fps else 0.0
            yield Frame(self.scene.draw(index), "bgr", timestamp_s, index, self.name)
            index += 1

    def close(self) -> None:
        """Nothing is held."""
