"""Make demo.mp4: slow pans and zooms over the photographs of assets/images.

    pip install av
    python assets/video/make_demo.py

Run it again after a photograph or a scene has changed. PyAV is needed by nothing else: OpenCV
writes video too, but takes no bit rate, and the clip has to stay small. VP9 is read by OpenCV on
every kind of machine and by browsers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
IMAGES = HERE.parent / "images"
SIZE_WH = (640, 480)
FPS = 15
SCENE_FRAMES = 20
QUALITY = 28  # of VP9: 0 is the best, 63 the worst


@dataclass(frozen=True, slots=True)
class Scene:
    """A photograph and the camera's way over it.

    Attributes:
        image: File in assets/images.
        start, end: Views as (x, y, width): centre and width as shares of the photograph's size.
    """

    image: str
    start: tuple[float, float, float]
    end: tuple[float, float, float]


SCENES = (
    Scene("astronaut.jpg", (0.50, 0.42, 0.98), (0.46, 0.34, 0.72)),
    Scene("portrait_hopper.jpg", (0.50, 0.34, 0.80), (0.50, 0.42, 0.98)),
    Scene("coffee.jpg", (0.48, 0.50, 0.80), (0.50, 0.50, 0.88)),
    Scene("portrait_biden.jpg", (0.50, 0.28, 0.98), (0.48, 0.17, 0.72)),
    Scene("cat_chelsea.jpg", (0.44, 0.50, 0.86), (0.50, 0.50, 0.80)),
    Scene("rocket.jpg", (0.50, 0.55, 0.84), (0.50, 0.50, 0.70)),
    Scene("portrait_obama.jpg", (0.50, 0.44, 1.00), (0.50, 0.34, 0.82)),
    Scene("two_dogs.jpg", (0.46, 0.50, 0.96), (0.40, 0.47, 0.80)),
    Scene("wine.jpg", (0.56, 0.36, 0.80), (0.50, 0.56, 1.00)),
)


def view(photo: NDArray[np.uint8], x: float, y: float, width: float) -> NDArray[np.uint8]:
    """Cut one view of a photograph (H, W, 3) and bring it to (480, 640, 3)."""
    rows, columns = photo.shape[:2]
    out_width, out_height = SIZE_WH
    scale = out_width / (width * columns)
    # A view may not show what lies beside the photograph.
    half_x, half_y = out_width / scale / 2, out_height / scale / 2
    centre_x = min(max(x * columns, half_x), columns - half_x)
    centre_y = min(max(y * rows, half_y), rows - half_y)
    matrix = np.array(
        [
            [scale, 0, out_width / 2 - scale * centre_x],
            [0, scale, out_height / 2 - scale * centre_y],
        ]
    )
    cut = cv2.warpAffine(
        photo, matrix, SIZE_WH, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cut, np.uint8)


def frames() -> Iterator[NDArray[np.uint8]]:
    """All frames (480, 640, 3), BGR."""
    for scene in SCENES:
        photo = cv2.imread(str(IMAGES / scene.image))
        if photo is None:
            raise SystemExit(f"{IMAGES / scene.image} cannot be read.")
        # Less than two steps of a pyramid are left to the linear filter of the view.
        while photo.shape[1] * scene.end[2] >= 2 * SIZE_WH[0]:
            photo = cv2.pyrDown(photo)
        for step in np.linspace(0, 1, SCENE_FRAMES):
            eased = step * step * (3 - 2 * step)
            start, end = np.array(scene.start), np.array(scene.end)
            yield view(np.asarray(photo, np.uint8), *(start + (end - start) * eased).tolist())


def main() -> None:
    """Write demo.mp4 beside this file."""
    target = HERE / "demo.mp4"
    count = 0
    with av.open(str(target), "w") as container:
        stream = container.add_stream(
            "libvpx-vp9", rate=FPS, options={"crf": str(QUALITY), "b": "0", "row-mt": "1"}
        )
        stream.width, stream.height = SIZE_WH
        stream.pix_fmt = "yuv420p"
        for pixels in frames():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
            count += 1
        container.mux(stream.encode())
    size_mb = target.stat().st_size / 1e6
    print(f"{target.name}: {count} frames, {count / FPS:.1f} s, {size_mb:.2f} MB")  # noqa: T201


if __name__ == "__main__":
    main()
