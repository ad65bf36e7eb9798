"""What a run will see, as a picture: look at it before a night of training."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgecnn.data.augmentation.contact_sheet import save_contact_sheet
from edgecnn.data.image_data import ImageData
from edgecnn.errors import OptionError
from edgecnn.training.batches import Labelled
from edgecnn.training.config import TrainConfig
from edgecnn.training.preparing import augmentation, file_spec, open_labelled

SHOWN = 8
"""Rows of the sheet."""


def show_augmentation(
    config: TrainConfig, file: str | os.PathLike[str], *, data: Labelled | None = None
) -> Path:
    """Write a contact sheet: some pictures, and what the augmentation of a config makes of them.

    Args:
        config: Its ``data`` and seed.
        file: A ``.png``.
        data: Pictures or files; None opens what the config names.

    Returns:
        Where it was written.

    Raises:
        OptionError: The config changes no pictures.
        SourceError: Pictures that cannot be read, or a file that cannot be written.
    """
    found = open_labelled(config) if data is None else data
    some = found.select(_examples(found.labels, config.fit.seed))
    shown = some if isinstance(some, ImageData) else some.load(file_spec(config, None))
    augmenter = augmentation(config.data.augment, shown.pixels.shape[1:])
    if augmenter is None:
        raise OptionError(
            'data.augment.name is "none", without layers, and nothing is mixed, so pictures are '
            "learned from as they are. Choose flip, light, standard or strong."
        )
    return save_contact_sheet(file, shown.pixels, augmenter, seed=config.fit.seed)


def _examples(labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Indices of some pictures, each class in turn."""
    order = np.random.default_rng(seed).permutation(len(labels))
    found: list[int] = []
    turn = {label: iter(order[labels[order] == label]) for label in np.unique(labels)}
    while len(found) < min(SHOWN, len(labels)):
        found += [int(row) for one in turn.values() if (row := next(one, None)) is not None]
    return np.array(found[:SHOWN], np.int64)
