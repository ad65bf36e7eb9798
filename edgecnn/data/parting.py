"""Choosing pictures, in memory or on disk: fewer, those held back, rare classes more often."""

from __future__ import annotations

from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgecnn.data.balance import oversample, undersample
from edgecnn.data.image_data import ImageData
from edgecnn.data.picture_files import PictureFiles
from edgecnn.data.splits import grouped, some, stratified
from edgecnn.errors import OptionError

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
    try:
        if data.groups is None:
            split = stratified(data.labels, test=share, seed=seed)
        else:
            split = grouped(data.labels, data.groups, test=share, seed=seed)
    except OptionError as error:
        raise OptionError(f"Nothing can be held back (data.validation). {error}") from error
    return data.select(split.train), data.select(split.test)


def at_most(data: L, limit: int | None, seed: int) -> L:
    """So many pictures at most, of each class the same share.

    Raises:
        OptionError: Fewer than there are classes.
    """
    if limit is None or limit >= len(data):
        return data
    return data.select(some(data.labels, limit, seed=seed))


def resampled(data: L, balance: str | float, seed: int) -> L:
    """Every class equally often.

    Args:
        data: Labelled pictures.
        balance: ``oversample`` or ``undersample``; anything else leaves them as they are.
        seed: Of the choice.
    """
    ways = {"oversample": oversample, "undersample": undersample}
    way = ways.get(str(balance))
    if way is None or not len(data):
        return data
    return data.select(way(data.labels, int(data.labels.max()) + 1, seed=seed))
