"""Small nets that go through quantizers within a second: one has two inputs, one a bad layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Feed = dict[str, NDArray[Any]]

BAD = "bad"
"""Name of the layer whose output no 8 bits can hold."""


def two_sided_net() -> Any:
    """A picture and five numbers in, shares and scores out; hard-swish, squeeze-excite, depthwise.

    Two convolutions have no bias, so that the file gives them one in common.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(5)
    picture = keras.Input((12, 12, 3), name="picture")
    numbers = keras.Input((5,), name="numbers")
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="stem")(picture)
    x = layers.Activation("hard_swish")(x)
    x = layers.DepthwiseConv2D(3, use_bias=False, activation="relu", name="depthwise")(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(8, 1, activation="hard_sigmoid", name="gate")(gate)
    x = layers.GlobalAveragePooling2D()(layers.Multiply()([x, gate]))
    x = layers.Concatenate()([x, layers.Dense(4, name="side")(numbers)])
    shares = layers.Dense(3, activation="softmax", name="shares")(x)
    scores = layers.Dense(2, name="scores")(x)
    return keras.Model([picture, numbers], {"shares": shares, "scores": scores})


def two_sided_feeds(count: int, *, seed: int = 3) -> list[Feed]:
    """Inputs for `two_sided_net`."""
    rng = np.random.default_rng(seed)
    return [
        {
            "picture": rng.uniform(-1, 1, (1, 12, 12, 3)).astype(np.float32),
            "numbers": rng.normal(size=(1, 5)).astype(np.float32),
        }
        for _ in range(count)
    ]


def net_with_a_bad_layer(times: float = 500.0, activation: str = "relu") -> Any:
    """Seven convolutions; the second makes a channel that is many times larger than the others.

    The third takes it back, so that in float nothing is wrong with the net. With ReLU between them
    channels may be made alike again, with ReLU6 only float helps.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(7)
    image = keras.Input((10, 10, 2), name="image")
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="first")(image)
    x = layers.Conv2D(6, 3, padding="same", activation=activation, name=BAD)(x)
    x = layers.Conv2D(6, 1, activation="relu", name="after")(x)
    for name in ("fourth", "fifth", "sixth"):
        x = layers.Conv2D(6, 1, kernel_initializer="orthogonal", name=name)(x)
    x = layers.Conv2D(4, 3, name="last")(x)
    model = keras.Model(image, {"answer": layers.GlobalAveragePooling2D()(x)})
    kernel, bias = model.get_layer(BAD).get_weights()
    kernel[..., 1:] /= times  # and not the first channel larger: ReLU6 would cut it
    model.get_layer(BAD).set_weights([kernel, bias])
    kernel, bias = model.get_layer("after").get_weights()
    kernel[:, :, 1:] *= times
    model.get_layer("after").set_weights([kernel, bias])
    return model


def image_feeds(count: int, *, seed: int = 4) -> list[Feed]:
    """Inputs for `net_with_a_bad_layer`."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(-1, 1, (count, 1, 10, 10, 2)).astype(np.float32)
    return [{"image": image} for image in values]


def passes(feeds: list[Feed]) -> Callable[[], Iterator[Feed]]:
    """A fresh pass over inputs at each call."""
    return lambda: iter(feeds)
