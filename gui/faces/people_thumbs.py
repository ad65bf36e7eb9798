"""Small pictures of faces, decoded in memory from what the gallery keeps encrypted."""

from __future__ import annotations

import cv2
import numpy as np

from edgecnn.core.image import Pixels
from edgecnn.faces.records import Person

SIDE_PX = 96
"""Enough for two device pixels a pixel at the largest size that is shown."""
_MIDDLE = 0.7
"""A kept photo shows a face with its surroundings; of these a thumbnail needs less."""


def thumbnail(photo: bytes, side_px: int = SIDE_PX) -> Pixels | None:
    """The middle of a kept photo, square.

    Args:
        photo: A JPEG as `face_photo` makes it.
        side_px: Of the result.

    Returns:
        (side_px, side_px, 3) uint8 RGB; None when it cannot be decoded.
    """
    try:
        whole = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    if whole is None or not whole.size:
        return None
    height, width = whole.shape[:2]
    side = max(1, round(_MIDDLE * min(height, width)))
    top, left = (height - side) // 2, (width - side) // 2
    middle = whole[top : top + side, left : left + side]
    small = cv2.resize(middle, (side_px, side_px), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[:, :, ::-1], np.uint8)


def person_thumbnails(person: Person, most: int) -> tuple[Pixels, ...]:
    """Thumbnails of the newest photos that were kept of somebody, at most so many."""
    photos = [item.photo for item in reversed(person.templates) if item.photo is not None]
    made = (thumbnail(photo) for photo in photos[:most])
    return tuple(one for one in made if one is not None)
