"""Small nets in the style of `keras.applications`, trained on Fashion-MNIST by a plain `fit`.

    python -m benchmarks.trained_nets        # train what is missing, and say how good each is

Rescaling and padding are inside the nets, so that they take pixels 0..255 as they are. Each is
kept under ``out/benchmarks`` and trained once; training is seeded. They are made to be converted,
not to be good: a few epochs on two cores.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from converters.quiet import tensorflow
from edgecnn.data import fashion_mnist
from edgecnn.optional import require

FOLDER = Path("out") / "benchmarks"
BATCH = 128
LEARNING_RATE = 2e-3


def _keras() -> Any:
    tensorflow()
    return require("keras", extra="convert")


def _around(keras: Any, body: Any, name: str, *, enlarge: int = 1) -> Any:
    """Pixels 0..255 of 28 x 28 in, ten probabilities out; the body sees 32 x 32, or a multiple."""
    pixels = keras.Input((28, 28, 1), name="pixels")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(pixels)
    x = keras.layers.ZeroPadding2D(2, name="pad")(x)
    if enlarge > 1:
        x = keras.layers.UpSampling2D(enlarge, name="enlarge")(x)
    return keras.Model(pixels, body(x), name=name)


def mobilenet_v1() -> Any:
    """MobileNetV1, width 0.25 (Howard et al., arXiv:1704.04861).

    It sees pictures of 64 pixels: its strides leave one pixel of 32, and 82 % top-1 at that.
    """
    keras = _keras()
    body = keras.applications.MobileNet(
        input_shape=(64, 64, 1), alpha=0.25, weights=None, classes=10, dropout=1e-3
    )
    return _around(keras, body, "mobilenet_v1_025_64", enlarge=2)


def mobilenet_v2() -> Any:
    """MobileNetV2, width 0.35 (Sandler et al., arXiv:1801.04381).

    Keras gives its batch norms a momentum of 0.999, made for a million steps; after the two
    thousand that it is trained for here, their statistics would still be those of the start, and
    the net would answer one class always.
    """
    keras = _keras()
    body = keras.applications.MobileNetV2(
        input_shape=(32, 32, 1), alpha=0.35, weights=None, classes=10
    )
    for layer in body.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.99
    return _around(keras, body, "mobilenet_v2_035")


def vgg_style() -> Any:
    """Stacks of 3 x 3 convolutions and pooling, as VGG has them (arXiv:1409.1556), far smaller."""
    keras = _keras()
    layers = keras.layers
    pixels = keras.Input((28, 28, 1), name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(pixels)
    for block, width in enumerate((16, 32, 64), start=1):
        for number in (1, 2):
            x = layers.Conv2D(
                width, 3, padding="same", activation="relu", name=f"block{block}_conv{number}"
            )(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(128, activation="relu", name="fc1")(x)
    probabilities = layers.Dense(10, activation="softmax", name="predictions")(x)
    return keras.Model(pixels, probabilities, name="vgg_style")


NETS: dict[str, tuple[Callable[[], Any], int]] = {
    "mobilenet_v1_025_64": (mobilenet_v1, 5),
    "mobilenet_v2_035": (mobilenet_v2, 5),
    "vgg_style": (vgg_style, 4),
}
"""Name -> builder and epochs."""


def trained(name: str) -> Path:
    """The ``.keras`` file of a trained net; trains it when it is not there yet.

    Args:
        name: Of `NETS`.

    Raises:
        SourceError: Fashion-MNIST is not installed.
    """
    file = FOLDER / f"{name}.keras"
    if file.is_file():
        return file
    keras = _keras()
    keras.utils.set_random_seed(0)
    build, epochs = NETS[name]
    data = fashion_mnist.load("train")
    net = build()
    steps = epochs * -(-len(data) // BATCH)
    net.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    net.fit(data.images[..., None], data.labels, batch_size=BATCH, epochs=epochs, verbose=2)
    FOLDER.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.keras")
    net.save(temporary)
    temporary.replace(file)
    return file


if __name__ == "__main__":
    test = fashion_mnist.load("test")
    for each in NETS:
        model = _keras().models.load_model(trained(each))
        answers = model.predict(test.images[..., None], batch_size=500, verbose=0).argmax(axis=1)
        print(f"{each}: {(answers == test.labels).mean():.4f} top-1 of 10,000 test pictures")
