"""Augmentation as a function of a batch and a seed, for a training loop of numpy batches."""

from __future__ import annotations

import threading
from typing import Any, Literal

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from edgecnn.data.augmentation.mixing import CutMix, MixUp
from edgecnn.errors import OptionError

Floats = NDArray[np.float32]
Mix = Literal["mixup", "cutmix", "both"]
MIXES: tuple[str, ...] = ("mixup", "cutmix", "both")


class _InTraining(keras.Model):  # type: ignore[misc]
    """Calls layers as in training, so that prediction compiles them: up to 8 times faster."""

    def __init__(self, layers: Any) -> None:
        super().__init__(dtype="float32", name="augmentation_in_training")
        self.inside = layers

    def call(self, images: Any) -> Any:
        """Change pictures."""
        return self.inside(images, training=True)


class Augmenter:
    """Changes pictures, and their targets where pictures are mixed.

    The same batch and seed give the same result, whatever was called before: batches may be made
    ahead, in any order, by several threads, and a resumed run sees what it would have seen.

    Args:
        layers: A layer or model as `edgecnn.data.augmentation.presets.augment` gives it.
        mix: None, ``mixup``, ``cutmix``, or ``both``: one of the two for each batch.
        alpha: Of the Beta distribution of mixup; CutMix takes 1, as its paper does.

    Raises:
        OptionError: No such way of mixing.
    """

    def __init__(self, layers: Any, *, mix: Mix | None = None, alpha: float = 0.2) -> None:
        if mix is not None and mix not in MIXES:
            raise OptionError(f"mix must be None, {', '.join(MIXES)}, but got {mix!r}.")
        self.layers = layers
        self._compiled = _InTraining(layers)
        self._mixers: list[Any] = []
        if mix in ("mixup", "both"):
            self._mixers.append(MixUp(alpha, seed=0, dtype="float32"))
        if mix in ("cutmix", "both"):
            self._mixers.append(CutMix(seed=0, dtype="float32"))
        self._lock = threading.Lock()

    def __call__(self, pixels: Any, targets: Any, seed: int) -> tuple[Floats, Floats]:
        """Change a batch.

        Args:
            pixels: (B, H, W, C), pixel values 0..255.
            targets: (B, classes) one-hot or soft.
            seed: Of all that happens to this batch.

        Returns:
            Both as float32, in new memory; rows of the targets keep their sums.
        """
        images, labels = np.asarray(pixels, np.float32), np.asarray(targets, np.float32)
        with self._lock:  # the seeds are state of the layers
            reseed(self.layers, seed)
            changed = self._compiled.predict_on_batch(images)
            if self._mixers:
                mixer = self._mixers[seed % len(self._mixers)]
                reseed(mixer, seed + 1)
                pair = mixer({"images": changed, "labels": labels}, training=True)
                changed, labels = pair["images"], pair["labels"]
            return as_floats(changed), as_floats(labels)


def reseed(layers: Any, seed: int) -> None:
    """Let all random layers begin anew, each with a sequence of its own.

    Args:
        layers: A layer or a model of layers.
        seed: 0 or more.
    """
    inside = layers._flatten_layers() if isinstance(layers, keras.Model) else [layers]
    random = [layer.generator for layer in inside if hasattr(layer, "generator")]
    children = np.random.SeedSequence(seed).spawn(len(random))
    for generator, child in zip(random, children, strict=True):
        generator.state.assign([int(child.generate_state(1)[0] >> 1), 0])


def as_floats(tensor: Any) -> Floats:
    """A tensor as a float32 array in memory of its own."""
    return np.array(ops.convert_to_numpy(tensor), np.float32)
