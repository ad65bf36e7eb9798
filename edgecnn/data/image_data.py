"""What every data set of labelled pictures gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError, SourceError


@dataclass(frozen=True, slots=True, eq=False)
class ImageData:
    """Labelled pictures in memory.

    Attributes:
        images: (N, H, W) uint8, grey, or (N, H, W, 3) uint8 in RGB order.
        labels: (N,) int64, index into ``names``.
        names: Of the classes.
        groups: (N,) int64, or None. Pictures of one group (one person, one recording, one object)
            must not be parted by a split; see `edgecnn.data.splits`.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    groups: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            raise SourceError(
                f"The data set has {len(self.images)} pictures but {len(self.labels)} labels: its "
                "files do not belong together."
            )
        if self.groups is not None and len(self.groups) != len(self.labels):
            raise SourceError(
                f"The data set has {len(self.labels)} labels but {len(self.groups)} groups: each "
                "picture needs one of each."
            )
        if len(self.labels) and not 0 <= self.labels.min() <= self.labels.max() < len(self.names):
            raise SourceError(
                f"The labels run from {self.labels.min()} to {self.labels.max()}, but there are "
                f"{len(self.names)} classes, counted from 0."
            )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def color(self) -> str:
        """Channel order of the pictures, ``gray`` or ``rgb``."""
        return "gray" if self.images.ndim == 3 else "rgb"

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """(N, H, W, C) uint8 in the same memory: the pictures as a net of Keras takes them."""
        return self.images[..., None] if self.images.ndim == 3 else self.images

    def select(self, indices: Any) -> ImageData:
        """Some of the pictures, in the order of the indices; all class names stay.

        Args:
            indices: (n,) integers; one may come several times, as resampling wants it.

        Raises:
            OptionError: Something else than integers, or beyond the pictures.
        """
        rows = check_indices(indices, len(self))
        groups = None if self.groups is None else self.groups[rows]
        return ImageData(self.images[rows], self.labels[rows], self.names, groups)


def check_indices(indices: Any, count: int) -> NDArray[np.int64]:
    """Indices as an array, when all of them point at one of ``count`` pictures.

    Raises:
        OptionError: They do not, or are no list of integers.
    """
    rows = np.asarray(indices)
    if rows.ndim != 1 or (rows.dtype.kind not in "iu" and rows.size):
        raise OptionError(
            f"Indices must be a list of integers, but got {rows.dtype} of shape {rows.shape}. "
            "For a mask use numpy.flatnonzero(mask)."
        )
    if rows.size and not 0 <= rows.min() <= rows.max() < count:
        raise OptionError(
            f"The indices run from {rows.min()} to {rows.max()}, but there are {count} pictures, "
            "counted from 0."
        )
    return rows.astype(np.int64)
