"""How well, and how fast, a picture is reduced: agreement with an antialiased reference, and cost.

The reference is Pillow's bilinear reduction, which filters over all source pixels. Needs Pillow
(extra ``dev``).

    python -m benchmarks.resize
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import interleaved, machine_line, table
from edgecnn.core.image import read_image
from edgecnn.core.resize import Resize, apply_resize, plan_resize
from edgecnn.zoo.catalogue import assets_path

PHOTOS = ("astronaut.jpg", "coffee.jpg", "cat_chelsea.jpg", "portrait_obama.jpg")
INPUTS: dict[str, tuple[tuple[int, int], Resize, float]] = {
    "centre crop to 224 x 224": ((224, 224), "crop", 0.875),
    "letterbox to 416 x 416": ((416, 416), "letterbox", 1.0),
}
Pixels = NDArray[np.uint8]


class Row(NamedTuple):
    """One line of the table."""

    method: str
    difference: float
    relative: float
    ms: float


def frame_720p(name: str) -> Pixels:
    """A photograph as a 1280 x 720 BGR frame, cut to that aspect, with a camera's mild noise."""
    pixels = read_image(assets_path() / "images" / name)
    height = min(pixels.shape[0], pixels.shape[1] * 720 // 1280)
    width = height * 1280 // 720
    y, x = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    frame = cv2.resize(
        pixels[y : y + height, x : x + width], (1280, 720), None, 0, 0, cv2.INTER_CUBIC
    )
    noise = np.random.default_rng(0).normal(0, 4, frame.shape)
    return np.asarray(np.clip(frame + noise, 0, 255).round(), np.uint8)


def compare(input_wh: tuple[int, int], mode: Resize, fraction: float, rounds: int) -> list[Row]:
    """Agreement (mean absolute difference in grey levels) and time of each method."""
    from PIL import Image

    plan = plan_resize((1280, 720), input_wh, mode, crop_fraction=fraction)
    x, y, w, h = plan.region_xywh
    left, top, width, height = plan.target_xywh
    canvas = np.zeros((input_wh[1], input_wh[0], 3), np.uint8)

    def ours(frame: Pixels) -> Pixels:
        apply_resize(frame, plan, canvas)
        return canvas[top : top + height, left : left + width]

    def opencv(flag: int) -> Callable[[Pixels], Pixels]:
        def reduce(frame: Pixels) -> Pixels:
            part = frame[y : y + h, x : x + w]
            return np.asarray(cv2.resize(part, (width, height), interpolation=flag), np.uint8)

        return reduce

    methods = {
        "edgecnn `area`": ours,
        "OpenCV INTER_AREA": opencv(cv2.INTER_AREA),
        "OpenCV INTER_LINEAR": opencv(cv2.INTER_LINEAR),
    }
    errors: dict[str, list[float]] = {name: [] for name in methods}
    frames = [frame_720p(photo) for photo in PHOTOS]
    for frame in frames:
        part = Image.fromarray(frame[y : y + h, x : x + w])
        reference = np.asarray(part.resize((width, height), Image.Resampling.BILINEAR), float)
        for name, method in methods.items():
            errors[name].append(float(np.abs(method(frame) - reference).mean()))
    sides = {name: partial(method, frames[0]) for name, method in methods.items()}
    times = interleaved(sides, rounds=rounds)
    base = times["OpenCV INTER_AREA"].median
    return [
        Row(name, float(np.mean(errors[name])), times[name].median / base, times[name].median)
        for name in methods
    ]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    rows = [
        [title, row.method, f"{row.difference:.2f}", f"{row.relative:.2f}", f"{row.ms:.2f}"]
        for title, (input_wh, mode, fraction) in INPUTS.items()
        for row in compare(input_wh, mode, fraction, rounds)
    ]
    print(f"From 1280 x 720, one thread. {machine_line()}\n")
    header = ["input", "method", "mean difference to reference", "time, relative", "ms"]
    print(table(header, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
