"""A net that learned Fashion-MNIST within seconds, from the 2,000 pictures that are committed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from converters.quiet import captured_output
from edgecnn.data import fashion_mnist
from edgecnn.data.image_data import ImageData

FOLDER = Path(__file__).parents[1] / "data" / "fashion_mnist"
TRAINED_ON = 1_400
"""The first so many pictures; the rest is for validation."""


def pictures() -> ImageData:
    """The committed pictures, classes in turns."""
    data = fashion_mnist.load("test", FOLDER)
    order = np.random.default_rng(0).permutation(len(data))
    return ImageData(data.images[order], data.labels[order], data.names)


def held_out() -> tuple[Any, Any]:
    """(600, 28, 28) uint8 pictures and their classes, which training did not see."""
    data = pictures()
    return data.images[TRAINED_ON:], data.labels[TRAINED_ON:]


def seen() -> Any:
    """(1400, 28, 28) uint8, for calibration."""
    return pictures().images[:TRAINED_ON]


def train(file: Path) -> Path:
    """Train and save a small net of depthwise separable blocks; pixels 0..255 go in."""
    keras = pytest.importorskip("keras")
    layers = keras.layers
    keras.utils.set_random_seed(0)
    net = keras.Sequential(
        [
            layers.Input((28, 28, 1), name="pixels"),
            layers.Rescaling(1 / 255, name="rescale"),
            layers.Conv2D(16, 3, 2, "same", activation="relu", name="stem"),
            layers.DepthwiseConv2D(3, padding="same", activation="relu", name="depthwise"),
            layers.Conv2D(32, 1, activation="relu", name="pointwise"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Flatten(name="flatten"),
            layers.Dense(10, activation="softmax", name="classes"),
        ],
        name="tiny_fashion",
    )
    data = pictures()
    with captured_output():  # Keras and numpy warn about each other
        _fit_and_save(keras, net, data, file)
    return file


def _fit_and_save(keras: Any, net: Any, data: ImageData, file: Path) -> None:
    net.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    x, y = data.images[:TRAINED_ON, ..., None], data.labels[:TRAINED_ON]
    net.fit(x, y, batch_size=50, epochs=6, verbose=0)
    net.save(file)


def write_pictures(folder: Path, images: Any) -> Path:
    """Grey PNG files, numbered in order."""
    folder.mkdir(parents=True)
    for number, image in enumerate(images):
        cv2.imwrite(str(folder / f"{number:04d}.png"), image)
    return folder


def write_classes(folder: Path, images: Any, labels: Any, names: tuple[str, ...]) -> Path:
    """Grey PNG files, a folder for each class; names with a slash get an underscore."""
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        target = folder / names[int(label)].replace("/", "_")
        target.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(target / f"{number:04d}.png"), image)
    return folder
