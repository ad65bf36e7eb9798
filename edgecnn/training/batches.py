"""The pictures of one epoch in an order that depends on the seed and the epoch alone.

That is what lets a resumed run see what an uninterrupted one would have seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import InputSpec
from edgecnn.data.balance import class_counts, class_weights
from edgecnn.data.image_data import ImageData
from edgecnn.data.lazy_pictures import Images, ReadAhead, pictures_of
from edgecnn.data.parting import Labelled, at_most, hold_back, resampled
from edgecnn.errors import OptionError, SourceError

__all__ = [
    "Augment",
    "EpochBatches",
    "Floats",
    "Labelled",
    "Samples",
    "Targets",
    "as_held_back",
    "as_samples",
    "at_most",
    "hold_back",
    "resampled",
]

Floats = NDArray[np.float32]
Augment = Callable[[Floats, Floats, int], tuple[Floats, Floats]]
"""From pixels (B, H, W, C) 0..255, targets (B, classes) and a seed to both, changed."""
Targets = Callable[[Floats, Floats], Floats]
"""From pixels and targets of a batch to what the loss is given."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Pictures as a net takes them.

    Attributes:
        images: (N, H, W, C) uint8, in memory or on disk.
        labels: (N,) int64.
        names: Of the classes.
        weights: (N,) float32 in the loss, 1 on average; None where all count the same.
    """

    images: Images
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    weights: Floats | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def one_hot(self) -> Floats:
        """(N, classes) float32."""
        return np.eye(len(self.names), dtype=np.float32)[self.labels]


def as_samples(
    data: Labelled,
    *,
    balance: str | float = "none",
    spec: InputSpec | None = None,
) -> Samples:
    """Give grey pictures their channel, files their size, and each picture its weight.

    Args:
        data: What a data set gives.
        balance: ``weights``: every class weighs the same, however many pictures it has; a number is
            the ``beta`` of `edgecnn.data.balance.class_weights`.
        spec: The net's input; files need it.

    Raises:
        OptionError: No pictures, or fewer than two classes that have some.
        SourceError: Files that cannot be read, where they are read into memory.
    """
    counts = class_counts(data.labels, len(data.names)) if len(data) else np.zeros(0, np.int64)
    having = [name for name, count in zip(data.names, counts, strict=False) if count]
    if len(having) < 2:
        raise OptionError(
            f"There are {len(data)} pictures of {len(having)} classes ({', '.join(having)}); "
            "at least two classes with pictures are needed to learn a difference."
        )
    weights = None
    if balance == "weights" or isinstance(balance, float):
        beta = balance if isinstance(balance, float) else None
        each = class_weights(data.labels, len(data.names), beta=beta).astype(np.float32)
        weights = each[data.labels]
    return Samples(_images(data, spec), data.labels, data.names, weights)


def as_held_back(data: Labelled, spec: InputSpec | None = None) -> Samples:
    """The same of pictures that are judged by, of which a class may have none."""
    return Samples(_images(data, spec), data.labels, data.names)


def _images(data: Labelled, spec: InputSpec | None) -> Images:
    if isinstance(data, ImageData):
        return data.pixels
    if spec is None:
        raise OptionError("Pictures of files come in many sizes; say which the net takes.")
    return pictures_of(data, spec)


class EpochBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of one epoch.

    Args:
        samples: What is shown.
        batch_size: Pictures a batch; the last may have fewer.
        seed: Of the run.
        epoch: From 0.
        augment: Changes pictures and targets; gets a seed of its own for each batch.
        targets: Makes what the loss is given; None for the targets as they are.
    """

    def __init__(
        self,
        samples: Samples,
        batch_size: int,
        *,
        seed: int,
        epoch: int,
        augment: Augment | None = None,
        targets: Targets | None = None,
    ) -> None:
        super().__init__()
        self._samples, self._batch_size = samples, batch_size
        self._seed, self._epoch = seed, epoch
        self._augment, self._targets = augment, targets
        self._order = np.random.default_rng([seed, epoch]).permutation(len(samples))
        self._one_hot = samples.one_hot
        self._pixels = ReadAhead(samples.images, self._rows, len(self))
        self.error: SourceError | None = None
        """Why pictures could not be read; some backends wrap errors beyond recognition."""

    def __len__(self) -> int:
        return -(-len(self._samples) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """Pixels (B, H, W, C) float32 0..255, targets (B, ...) and, where there are, weights."""
        chosen = self._rows(index)
        try:
            pixels = self._pixels[index].astype(np.float32)
        except SourceError as error:
            self.error = error
            raise
        wanted = self._one_hot[chosen]
        if self._augment is not None:
            # Seeded by what the batch is, not by what came before: batches may be read ahead.
            seed = np.random.SeedSequence([self._seed, self._epoch, index]).generate_state(1)[0]
            pixels, wanted = self._augment(pixels, wanted, int(seed) >> 1)
        if self._targets is not None:
            wanted = self._targets(pixels, wanted)
        if self._samples.weights is None:
            return pixels, wanted
        return pixels, wanted, self._samples.weights[chosen]

    def _rows(self, index: int) -> NDArray[np.int64]:
        return self._order[index * self._batch_size : (index + 1) * self._batch_size]
