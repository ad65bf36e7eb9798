"""Batches of P classes with K pictures each: triplets need both positives and negatives.

As everywhere in training, an epoch depends on the seed and its number alone.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edgecnn.data.lazy_pictures import ReadAhead
from edgecnn.errors import OptionError, SourceError
from edgecnn.training.batches import Augment, Samples

Ints = NDArray[np.int64]


class ClassBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of one epoch; every class comes about equally often.

    Args:
        samples: What is shown.
        classes: P; all where there are fewer.
        pictures: K.
        seed: Of the run.
        epoch: From 0.
        augment: Changes pictures; gets a seed of its own for each batch.
    """

    def __init__(
        self,
        samples: Samples,
        classes: int,
        pictures: int,
        *,
        seed: int,
        epoch: int,
        augment: Augment | None = None,
    ) -> None:
        super().__init__()
        self._samples, self._augment = samples, augment
        self._seed, self._epoch = seed, epoch
        self._rows = class_rows(samples.labels, classes, pictures, seed, epoch)
        self._one_hot = samples.one_hot
        self._pixels = ReadAhead(samples.images, self._rows.__getitem__, len(self._rows))
        self.error: SourceError | None = None
        """Why pictures could not be read; some backends wrap errors beyond recognition."""

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """Pixels (P K, H, W, C) float32 0..255 and one-hot classes (P K, classes)."""
        try:
            pixels = self._pixels[index].astype(np.float32)
        except SourceError as error:
            self.error = error
            raise
        wanted = self._one_hot[self._rows[index]]
        if self._augment is not None:
            seed = np.random.SeedSequence([self._seed, self._epoch, index]).generate_state(1)[0]
            pixels, wanted = self._augment(pixels, wanted, int(seed) >> 1)
        return pixels, wanted


def steps_of(samples: Samples, classes: int, pictures: int) -> int:
    """Batches an epoch: about as many pictures as there are."""
    present = len(np.unique(samples.labels))
    return max(1, len(samples) // (min(classes, present) * pictures))


def class_rows(labels: Ints, classes: int, pictures: int, seed: int, epoch: int) -> Ints:
    """Which pictures go together.

    Classes come in turns of a new order each, so that none comes twice in a batch; pictures of a
    class come in a new order whenever all of them were shown.

    Args:
        labels: (N,) class of each.
        classes: P; all where there are fewer.
        pictures: K.
        seed: Of the run.
        epoch: From 0.

    Returns:
        (steps, P K) rows, K of a class one after the other.

    Raises:
        OptionError: A class with one picture, or fewer than two classes.
    """
    names, counts = np.unique(labels, return_counts=True)
    if len(names) < 2 or counts.min() < 2:
        raise OptionError(
            f"There are {len(names)} classes to learn from, the smallest with {counts.min()} "
            "pictures; telling identities apart takes two classes with two pictures each."
        )
    rng = np.random.default_rng([seed, epoch])
    together = min(classes, len(names))
    steps = max(1, len(labels) // (together * pictures))
    members = {int(name): np.flatnonzero(labels == name) for name in names}
    waiting: dict[int, list[int]] = {name: [] for name in members}
    turn: list[int] = []
    batches = []
    for _ in range(steps):
        if len(turn) < together:
            # What is left of the old order first; of the new one, only those not among them.
            new = rng.permutation(names).tolist()
            rest = set(turn)
            turn = turn + [n for n in new if n not in rest] + [n for n in new if n in rest]
        chosen, turn = turn[:together], turn[together:]
        batch: list[int] = []
        for name in chosen:
            while len(waiting[name]) < pictures:
                waiting[name] += rng.permutation(members[name]).tolist()
            batch += waiting[name][:pictures]
            waiting[name] = waiting[name][pictures:]
        batches.append(batch)
    return np.array(batches, np.int64)
