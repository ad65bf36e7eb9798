"""Parting pictures, in memory or on disk: fewer of them, and those that are held back."""

from __future__ import annotations

from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgecnn.data.image_data import ImageData
from edgecnn.data.picture_files import PictureFiles
from edgecnn.data.splits import grouped, some, stratified

Labelled = ImageData | PictureFiles
"""Pictures with their classes, in memory or on disk."""


class _Parted(Protocol):
    """What `ImageData` and `PictureFiles` have in common here."""

    @property
    def labels(self) -> NDArray[np.int64]: ...

    @property
    def groups(self) -> NDArray[np.int64] | None: ...

    def __len__(self) -> int: ...

    def select(self, indices: Any) -> Self: ...


L = TypeVar("L", bound=_Parted)


def hold_back(data: L, share: float, seed: int) -> tuple[L, L | None]:
    """Part pictures into those that are learned from and those that are held back.

    Classes keep their shares; pictures of one group stay together.

    Args:
        data: Labelled pictures.
        share: Held back, 0 for none.
        seed: Of the choice.

    Raises:
        OptionError: A class or the whole has too few pictures for that share.
    """
    if not share:
        return data, None
    if data.groups is None:
        split = stratified(data.labels, test=share, seed=seed)
    else:
        split = grouped(data.labels, data.groups, test=share, seed=seed)
    return data.select(split.train), data.select(split.test)


def at_most(data: L, limit: int | None, seed: int) -> L:
    """So many pictures at most, of each class the same share.

    Raises:
        OptionError: Fewer than there are classes.
    """
    if limit is None or limit >= len(data):
        return data
    return data.select(some(data.labels, limit, seed=seed))
