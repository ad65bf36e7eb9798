"""Whether pictures that a run is judged on are also learned from: ask before a night of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.data.image_data import ImageData
from edgecnn.data.leakage import Leakage, find_leaks
from edgecnn.data.opening import open_data
from edgecnn.data.preparing import pixel_spec
from edgecnn.training.batches import Labelled
from edgecnn.training.config import TrainConfig
from edgecnn.training.preparing import open_labelled
from edgecnn.training.steps.data import part, test_part

SIDE = 64
"""Files are compared at this size in pixels: copies stay copies, and all fit into memory."""


@dataclass(frozen=True, slots=True)
class PartLeaks:
    """What one part has in common with the pictures that are learned from.

    Attributes:
        part: ``held back`` or the name of what is judged on.
        found: See there.
        copies, look_alikes: File of the training, file of the part; empty for data sets by name.
    """

    part: str
    found: Leakage
    copies: tuple[tuple[str, str], ...]
    look_alikes: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "part": self.part,
            "learned_from": self.found.sizes[0],
            "pictures": self.found.sizes[1],
            "exact": len(np.unique(self.found.exact[:, 1])),
            "near": len(np.unique(self.found.near[:, 1])),
            "copies": [list(pair) for pair in self.copies],
            "look_alikes": [list(pair) for pair in self.look_alikes],
        }


def check_leaks(config: TrainConfig) -> tuple[PartLeaks, ...]:
    """Compare what a config holds back, and the test part of its data set, with what is learned.

    Args:
        config: Its ``data`` and seed.

    Returns:
        One entry for each part that there is.

    Raises:
        OptionError: Too few pictures.
        SourceError: Pictures that cannot be read.
    """
    parts = part(open_labelled(config), config)
    judged: dict[str, Labelled] = {}
    if parts.validation is not None:
        judged["held back"] = parts.validation
    name = test_part(config)
    if name is not None:
        judged[name] = open_data(name)
    learned = _pixels(parts.train)
    found = {name: find_leaks(learned, _pixels(pictures)) for name, pictures in judged.items()}
    return tuple(
        PartLeaks(
            name,
            leaks,
            tuple(_files(parts.train, judged[name], leaks.exact)),
            tuple(_files(parts.train, judged[name], leaks.near)),
        )
        for name, leaks in found.items()
    )


def _pixels(data: Labelled) -> NDArray[np.uint8]:
    return data.images if isinstance(data, ImageData) else data.load(pixel_spec(SIDE, SIDE)).images


def _files(train: Labelled, part: Labelled, pairs: NDArray[np.int64]) -> Iterator[tuple[str, str]]:
    if not isinstance(train, ImageData) and not isinstance(part, ImageData):
        for first, second in pairs:
            yield str(train.files[first]), str(part.files[second])
