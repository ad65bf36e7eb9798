"""What every data set of labelled pictures gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import SourceError


@dataclass(frozen=True, slots=True, eq=False)
class ImageData:
    """Labelled pictures in memory.

    Attributes:
        images: (N, H, W) uint8, grey, or (N, H, W, 3) uint8 in RGB order.
        labels: (N,) int64, index into ``names``.
        names: Of the classes.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels):
            raise SourceError(
                f"The data set has {len(self.images)} pictures but {len(self.labels)} labels: its "
                "files do not belong together."
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
