"""A pruned net converts like any other, and both files give its answers."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras
from keras import layers

from converters.sources import open_source
from edgecnn.training.prune import MacsTarget, PruneOptions, prune
from tests.helpers import nets
from tests.training.prune import proving


def test_the_converted_files_give_the_answers_of_the_pruned_net() -> None:
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(24, 3, strides=2, padding="same", name="stem")(image)
    x = layers.ReLU(name="relu")(layers.BatchNormalization(name="bn")(x))
    y = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    y = layers.Conv2D(24, 1, name="pointwise")(y)
    x = layers.Add(name="add")([x, y])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(image, layers.Dense(4, name="logits")(x), name="small")
    pruned = prune(proving.randomise(model), MacsTarget(0.5), PruneOptions()).model
    with open_source(pruned) as source:
        given = nets.feeds(source)
        expected = source.answer(given)["logits"]
        content = source.tflite()
        limit = 1e-4 * float(np.abs(expected).max())
        found = nets.run_tflite(content, given)["logits"]
        np.testing.assert_allclose(found, expected, atol=limit, rtol=0)
        found = nets.run_openvino(source.openvino(), given)["logits"]
        np.testing.assert_allclose(found, expected, atol=limit, rtol=0)
    with open_source(model) as source:
        assert len(content) < len(source.tflite())
