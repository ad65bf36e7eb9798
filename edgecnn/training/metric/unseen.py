"""Holding back whole classes, and judging an embedder on them."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar, cast

import keras
import numpy as np
from numpy.typing import NDArray

from edgecnn.data.image_data import ImageData
from edgecnn.data.lazy_pictures import Images, in_parts
from edgecnn.data.picture_files import PictureFiles
from edgecnn.errors import OptionError
from edgecnn.evaluation.verification import pair_distances, roc
from edgecnn.training.batches import Samples
from edgecnn.training.quiet import keras_noise

L = TypeVar("L", bound=ImageData | PictureFiles)
FARS = (0.1, 0.01, 0.001)
_LEAST_PAIRS = 10
"""A rate is reported when so many impostor pairs of pictures stand for it."""


def part_classes(data: L, unseen: tuple[str, ...] | float, seed: int) -> tuple[L, L]:
    """Part pictures into those of classes to learn and those of classes to be judged on.

    Args:
        data: Labelled pictures.
        unseen: Names of the latter, or their share (of two classes at least).
        seed: Of the choice.

    Returns:
        Seen and unseen pictures, each with classes of their own numbered from 0.

    Raises:
        OptionError: An unknown name, or fewer than two classes on either side.
    """
    names = data.names
    if isinstance(unseen, float):
        count = max(2, round(unseen * len(names)))
        chosen = np.random.default_rng(seed).permutation(len(names))[:count]
        held = {names[int(number)] for number in chosen}
    else:
        held = set(unseen)
        unknown = sorted(held - set(names))
        if unknown:
            raise OptionError(
                f"metric.unseen names {', '.join(unknown)}; the classes are {', '.join(names)}."
            )
    seen = tuple(name for name in names if name not in held)
    rest = tuple(name for name in names if name in held)
    if len(seen) < 2 or len(rest) < 2:
        raise OptionError(
            f"{len(rest)} of {len(names)} classes are held back and {len(seen)} are learned from; "
            "both take two."
        )
    return _only(data, seen), _only(data, rest)


def embed_pictures(
    model: keras.Model, images: Images, batch_size: int = 128
) -> NDArray[np.float32]:
    """Vectors (N, D) of pictures (N, H, W, C), in memory or on disk."""
    parts = []
    for pixels in in_parts(images, batch_size):
        with keras_noise():
            parts.append(np.asarray(model.predict_on_batch(pixels.astype(np.float32))))
    return np.concatenate(parts).astype(np.float32)


def judge(model: keras.Model, unseen: Samples, batch_size: int = 128) -> dict[str, float]:
    """Verification on classes that were not learned: all pairs of pictures, by cosine distance.

    Few classes are few identities, however many pictures they have: the figures hold for these
    classes, and say little about others.

    Args:
        model: An embedder.
        unseen: Pictures of classes that were held back.
        batch_size: Pictures at a time.

    Returns:
        ``val_eer``, and ``val_tar_at_far_RATE`` for the rates that ten impostor pairs stand for.
    """
    vectors = embed_pictures(model, unseen.images, batch_size)
    genuine, impostor = pair_distances(vectors, unseen.labels, "cosine")
    rates = roc(genuine, impostor)
    figures = {"val_eer": rates.equal_error_rate}
    for far in FARS:
        if far * len(impostor) >= _LEAST_PAIRS:
            figures[f"val_tar_at_far_{far:g}"] = rates.tar_at_far(far)[0]
    return figures


def _only(data: L, names: tuple[str, ...]) -> L:
    """The pictures of some classes, which are numbered anew."""
    number = {data.names.index(name): new for new, name in enumerate(names)}
    chosen = data.select(np.flatnonzero(np.isin(data.labels, list(number))))
    labels = np.array([number[int(label)] for label in chosen.labels], np.int64)
    renamed: Any = dataclasses.replace(chosen, labels=labels, names=names)
    return cast("L", renamed)
