"""What pictures look like as a set: signs that they are not what a camera would show."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

LOOKED_AT = 64
"""Pictures that are looked at, evenly spread over the set: reading files takes time."""
NARROW = 100
"""Photographs span nearly all of 0..255; a set that spans less than this was scaled or cut."""


def look_at(
    picture: Callable[[int], tuple[NDArray[np.uint8], str]], count: int, role: str
) -> list[str]:
    """Warnings about a set of pictures.

    Args:
        picture: Gives one by its number.
        count: How many there are, at least one.
        role: For messages.

    Raises:
        SourceError: One that is looked at cannot be read.
    """
    chosen = np.unique(np.linspace(0, count - 1, min(count, LOOKED_AT)).round().astype(int))
    pictures = [picture(int(index))[0] for index in chosen]
    lows = np.array([one.min() for one in pictures], int)
    highs = np.array([one.max() for one in pictures], int)
    low, high = lows.min(), highs.max()
    many = len(pictures) > 1
    if many and all(np.array_equal(one, pictures[0]) for one in pictures[1:]):
        return [f"All {role} pictures that were looked at ({len(pictures)}) are the same one."]
    if high <= 1:
        return [
            f"The {role} pictures are black (values {low} to {high} of 0..255): were pixels of "
            "0..1 cast to whole numbers?"
        ]
    if (lows == highs).all():
        return [f"Each of the {role} pictures that were looked at is of one single value."]
    if high - low < NARROW:
        return [
            f"The {role} pictures only hold values {low} to {high}, much less than 0..255: were "
            "they scaled or normalised?"
        ]
    return []
