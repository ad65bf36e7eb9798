"""A small real task: photographs of Debian's package ``tuxpaint-stamps-default``, by kind.

Cut-out photographs of animals, plants and things, some 20 to 60 of a kind. They are read where the
package put them (or from ``EDGECNN_STAMPS``) and are no part of edgecnn: the package is under the
GNU GPL 2.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edgecnn.data.image_data import ImageData
from edgecnn.errors import SourceError

SYSTEM_FOLDER = Path("/usr/share/tuxpaint/stamps")
"""Where the package puts them."""
KINDS = {
    "bird": "animals/birds",
    "flower": "plants/flowers",
    "fruit": "food/fruit",
    "household": "household",
    "mammal": "animals/mammals",
    "vegetable": "food/vegetables",
    "vehicle": "vehicles",
}
DRAWN = ("cartoon", "toys", "plastic")
"""Folders of drawings and of other things."""


def load(side: int) -> ImageData:
    """All photographs, on white, fitted into a square.

    Args:
        side: Of the square in pixels.

    Raises:
        SourceError: The package is not installed.
    """
    root = Path(os.environ.get("EDGECNN_STAMPS", SYSTEM_FOLDER))
    if not root.is_dir():
        raise SourceError(
            f"{root} is not there. Install the photographs with 'apt-get install "
            "tuxpaint-stamps-default' (Debian, Ubuntu), or name their folder in EDGECNN_STAMPS."
        )
    files = [
        (file, label)
        for label, folder in enumerate(KINDS.values())
        for file in sorted((root / folder).rglob("*.png"))
        if not set(file.relative_to(root).parts) & set(DRAWN) and "mirror" not in file.stem
    ]
    pictures = np.stack([_on_white(file, side) for file, _ in files])
    labels = np.array([label for _, label in files], np.int64)
    return ImageData(pictures, labels, tuple(KINDS))


def _on_white(file: Path, side: int) -> NDArray[np.uint8]:
    """(side, side, 3) RGB."""
    raw = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if raw is None:
        raise SourceError(f"{file} cannot be read as a picture; install its package again.")
    if raw.ndim == 2:
        raw = cv2.cvtColor(raw, cv2.COLOR_GRAY2BGRA)
    pixels: NDArray[np.float32] = raw[..., :3].astype(np.float32)
    if raw.shape[2] == 4:
        opaque = raw[..., 3:].astype(np.float32) / 255
        pixels = (pixels * opaque + 255 * (1 - opaque)).astype(np.float32)
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size_wh = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(pixels, size_wh, interpolation=cv2.INTER_AREA)
    canvas = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - size_wh[1]) // 2, (side - size_wh[0]) // 2
    canvas[top : top + size_wh[1], left : left + size_wh[0]] = np.clip(
        np.rint(small[..., ::-1]), 0, 255
    )
    return canvas
