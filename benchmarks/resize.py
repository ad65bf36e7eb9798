"""How well, and how fast, a picture is reduced: agreement with an antialiased reference, and cost.

The reference is Pillow's bilinear reduction, which filters over all source pixels. Needs Pillow
(extra ``dev``).

    python -m benchmarks.resize
"""

from __future__ import annotations

import argparse
import sys

import cv2
import numpy as np

from benchmarks.timing import interleaved, machine_line, table
from edgecnn.core.image import read_image
from edgecnn.core.resize import apply_resize, plan_resize
from edgecnn.zoo.catalogue import assets_path

PHOTOS = ("astronaut.jpg", "coffee.jpg", "cat_chelsea.jpg", "portrait_obama.jpg")
INPUTS = {"centre crop to 224 x 224": ((224, 224), "crop", 0.875),
          "letterbox to 416 x 416": ((416, 416), "letterbox", 1.0)}  # fmt: skip


def frame_720p(name: str) -> np.ndarray:
    """A photograph as a 1280 x 720 BGR frame, cut to that aspect, with a camera's mild noise."""
    pixels = read_image(assets_path() / "images" / name)
    height = min(pixels.shape[0], pixels.shape[1] * 720 // 1280)
    width = height * 1280 // 720
    y, x = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    frame = cv2.resize(
        pixels[y : y + height, x : x + width], (1280, 720), None, 0, 0, cv2.INTER_CUBIC
    )
    noise = np.random.default_rng(0).normal(0, 4, frame.shape)
    return np.clip(frame + noise, 0, 255).round().astype(np.uint8)


def main() -> int:
    """Print the table."""
    from PIL import Image

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    rows = []
    for title, (input_wh, mode, fraction) in INPUTS.items():
        plan = plan_resize((1280, 720), input_wh, mode, crop_fraction=fraction)  # type: ignore[arg-type]
        x, y, w, h = plan.region_xywh
        left, top, width, height = plan.target_xywh
        canvas = np.zeros((input_wh[1], input_wh[0], 3), np.uint8)
        errors: dict[str, list[float]] = {}
        for photo in PHOTOS:
            frame = frame_720p(photo)
            region = frame[y : y + h, x : x + w]
            reference = np.asarray(
                Image.fromarray(region).resize((width, height), Image.Resampling.BILINEAR)
            ).astype(float)

            def ours(frame: np.ndarray = frame) -> np.ndarray:
                apply_resize(frame, plan, canvas)
                return canvas[top : top + height, left : left + width]

            sides = {
                "edgecnn `area`": ours,
                "OpenCV INTER_AREA": lambda region=region: cv2.resize(
                    region, (width, height), interpolation=cv2.INTER_AREA
                ),
                "OpenCV INTER_LINEAR": lambda region=region: cv2.resize(
                    region, (width, height), interpolation=cv2.INTER_LINEAR
                ),
            }
            for name, side in sides.items():
                errors.setdefault(name, []).append(float(np.abs(side() - reference).mean()))
        times = interleaved(sides, rounds=rounds)
        base = times["OpenCV INTER_AREA"].median
        rows += [
            [title, name, f"{np.mean(errors[name]):.2f}", f"{times[name].median / base:.2f}",
             f"{times[name].median:.2f}"]
            for name in sides
        ]  # fmt: skip
    print(f"From 1280 x 720, one thread. {machine_line()}\n")
    header = [
        "input",
        "method",
        "mean difference to reference (grey levels)",
        "time, relative",
        "ms",
    ]
    print(table(header, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
