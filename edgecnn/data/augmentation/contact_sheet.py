"""A picture of what a net sees: look at it before a night of training."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edgecnn.data.augmentation.batches import Augmenter, as_floats, reseed
from edgecnn.errors import OptionError, SourceError

CELL, GAP, FRAME = 84, 4, 3
"""Pixels: least side of a picture, space between two, border of an original."""
BACKGROUND, ACCENT = (24, 26, 29), (255, 176, 32)
"""RGB."""


def contact_sheet(
    images: NDArray[np.uint8], layers: Any, *, columns: int = 9, seed: int = 0
) -> NDArray[np.uint8]:
    """Lay out pictures and what augmentation makes of them: a row a picture, the original first.

    Args:
        images: (N, H, W), (N, H, W, 1) or (N, H, W, 3) uint8, grey or RGB.
        layers: A layer or model as `edgecnn.data.augmentation.presets.augment` gives it, or an
            `Augmenter`, which also mixes the pictures with each other.
        columns: Pictures a row, the original included, at least 2.
        seed: Of the changes.

    Returns:
        (height, width, 3) uint8, RGB. Small pictures are enlarged without smoothing.

    Raises:
        OptionError: No pictures, or fewer than two columns.
    """
    pixels = images[..., None] if images.ndim == 3 else images
    if pixels.ndim != 4 or not len(pixels) or columns < 2:
        raise OptionError(
            f"A contact sheet needs pictures and two columns or more, but got shape {images.shape} "
            f"and {columns} columns."
        )
    if isinstance(layers, Augmenter):
        nobody = np.zeros((len(pixels), 1), np.float32)
        made = [layers(pixels, nobody, seed + number)[0] for number in range(columns - 1)]
    else:
        reseed(layers, seed)
        made = [layers(pixels.astype(np.float32), training=True) for _ in range(columns - 1)]
    shown = [pixels, *(np.rint(as_floats(one)).astype(np.uint8) for one in made)]
    factor = max(1, round(CELL / max(pixels.shape[1:3])))
    height, width = (side * factor for side in pixels.shape[1:3])
    step_y, step_x = height + GAP + 2 * FRAME, width + GAP + 2 * FRAME
    shape = (len(pixels) * step_y + GAP, columns * step_x + GAP, 3)
    sheet = np.full(shape, BACKGROUND, np.uint8)
    for column, row in np.ndindex(columns, len(pixels)):
        cell = shown[column][row].repeat(factor, axis=0).repeat(factor, axis=1)
        y, x = GAP + row * step_y, GAP + column * step_x
        if column == 0:
            sheet[y : y + height + 2 * FRAME, x : x + width + 2 * FRAME] = ACCENT
        sheet[y + FRAME : y + FRAME + height, x + FRAME : x + FRAME + width] = cell
    return sheet


def save_contact_sheet(
    file: str | os.PathLike[str], images: NDArray[np.uint8], layers: Any, **options: Any
) -> Path:
    """Write `contact_sheet` as PNG; takes the same options.

    Returns:
        Where it was written.

    Raises:
        OptionError: As of `contact_sheet`.
        SourceError: The file cannot be written.
    """
    path = Path(file)
    sheet = contact_sheet(images, layers, **options)
    content = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))[1]
    try:
        path.write_bytes(content.tobytes())
    except OSError as error:
        raise SourceError(f"Cannot write {path}: {error.strerror or error}.") from error
    return path
