"""A net and pictures of 8 x 8 pixels that a step can be run on within seconds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from edgecnn.data.image_data import ImageData
from edgecnn.training import curves, run
from edgecnn.training.quiet import keras_noise, to_numpy
from edgecnn.training.steps.data import StepData

layers = keras.layers
NAMES = ("dark", "left", "right")
QUICK: dict[str, Any] = {
    "data": {"augment": {"name": "none"}},
    "fit": {"epochs": 2, "batch_size": 16, "seed": 4},
}
"""Groups of the training of a quick step."""


class Killed(Exception):  # noqa: N818 (it stands for a kill, not for an error)
    """What a test stops a step with."""


def pictures(count: int = 60, seed: int = 0, names: tuple[str, ...] = NAMES) -> ImageData:
    """Grey pictures: dark ones, and those that are brighter on one side."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = rng.integers(0, 130, (count, 8, 8))
    images[labels == 1, :, :4] += 60
    images[labels == 2, :, 4:] += 60
    return ImageData(images.astype(np.uint8), labels.astype(np.int64), names)


def data() -> StepData:
    """Parts for learning, for comparing epochs and for judging."""
    return StepData(pictures(), pictures(24, seed=1), pictures(36, seed=2))


def net(*extra: Any, side: int = 8, classes: int = 3, filters: int = 16) -> keras.Model:
    """Two convolutions with batch norm; ``extra`` layers come before the classifier."""
    keras.utils.set_random_seed(3)
    inputs = keras.Input((side, side, 1), name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(inputs)
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name="one")(x)
    x = layers.BatchNormalization(name="one_bn", momentum=0.8)(x)
    x = layers.ReLU(name="one_relu")(x)
    x = layers.Conv2D(2 * filters, 3, padding="same", use_bias=False, name="two")(x)
    x = layers.BatchNormalization(name="two_bn", momentum=0.8)(x)
    x = layers.ReLU(name="two_relu")(x)
    x = layers.MaxPooling2D(4, name="pool")(x)
    for layer in extra:
        x = layer(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(inputs, layers.Dense(classes, activation="softmax", name="classes")(x))


@cache
def _trained_weights() -> list[Any]:
    model = net()
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    learned = pictures()
    with keras_noise():
        model.fit(learned.pixels, learned.labels, batch_size=20, epochs=8, verbose=0)
    return [to_numpy(weight) for weight in model.weights]


def trained() -> keras.Model:
    """`net`, which has learned the pictures."""
    model = net()
    model.set_weights(_trained_weights())
    return model


def kill_at(stage: int, epoch: int) -> Callable[[str, float], None]:
    """Told the progress, it raises `Killed` in the middle of an epoch, counted from 1."""
    seen = []

    def told(what: str, share: float) -> None:
        if what.startswith(f"stage {stage}: epoch {epoch}/"):
            seen.append(share)
            if len(seen) == 2:
                raise Killed

    return told


def save(model: keras.Model, file: Path) -> Path:
    """Save without a warning of Keras and numpy about each other."""
    run.save(model, file)
    return file


def draw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Curves take longer than the training of a tiny net."""

    def draw(*arguments: Any) -> None:
        arguments[-1].write_bytes(b"")

    monkeypatch.setattr(curves, "draw_curves", draw)
    monkeypatch.setattr(curves, "draw_confusion", draw)


def weights(file: Path) -> list[Any]:
    return [to_numpy(weight) for weight in run.load_model(file).weights]


def assert_same(a: list[Any], b: list[Any]) -> None:
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)


def unknown_layer() -> Any:
    """A layer that neither pruning nor quantization knows."""

    @keras.saving.register_keras_serializable(package="tests")
    class Wobble(layers.Layer):
        def build(self, shape: Any) -> None:
            self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")

        def call(self, x: Any) -> Any:
            return keras.ops.sin(x) * self.scale

    return Wobble(name="wobble")
