"""The network of the face embedder against a plain reading of its form, and the shipped bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgecnn
from edgecnn.bundle import io
from edgecnn.errors import ConversionError, OptionError
from edgecnn.runtime.policy import candidates

ROOT = Path(__file__).resolve().parents[3]
IMAGES = ROOT / "assets" / "images"
BUNDLE = ROOT / "assets" / "zoo" / "face_embed_dlib"
DETECTOR = ROOT / "assets" / "zoo" / "face_detect_blazeface_full"
WAYS = [(variant.precision, backend) for variant, backend in candidates(io.load(BUNDLE).manifest)]


@pytest.fixture(scope="module")
def recipe() -> Any:
    pytest.importorskip("tensorflow")
    from converters.zoo import face_embed_dlib

    return face_embed_dlib


def random_weights(recipe: Any) -> dict[str, np.ndarray]:
    """Weights as the package names them, for the whole network."""
    rng = np.random.default_rng(9)
    shapes = {"conv32_down": (7, 7, 3, 32)}
    channels = 32
    for block in recipe.BLOCKS:
        width = int(block.name.removeprefix("conv").split("_")[0])
        shapes[f"{block.name}/conv1"] = (3, 3, channels, width)
        shapes[f"{block.name}/conv2"] = (3, 3, width, width)
        channels = width
    weights = {"fc": rng.normal(0, 0.1, (256, 128))}
    for name, shape in shapes.items():
        fan_in = shape[0] * shape[1] * shape[2]
        weights[f"{name}/conv/filters"] = rng.normal(0, fan_in**-0.5, shape)
        weights[f"{name}/conv/bias"] = rng.normal(0, 0.1, shape[3])
        weights[f"{name}/scale/weights"] = rng.uniform(0.5, 1.5, shape[3])
        weights[f"{name}/scale/biases"] = rng.normal(0, 0.1, shape[3])
    return {name: value.astype(np.float32) for name, value in weights.items()}


def plain_embedding(weights: dict[str, np.ndarray], image: np.ndarray) -> np.ndarray:
    """The network as it is described: convolution, bias, scale, shift, one after the other."""
    import tensorflow as tf

    def convolution(x: Any, name: str, stride: int, padding: str) -> Any:
        y = tf.nn.conv2d(x, weights[f"{name}/conv/filters"], stride, padding)
        y = y + weights[f"{name}/conv/bias"]
        return y * weights[f"{name}/scale/weights"] + weights[f"{name}/scale/biases"]

    def residual(x: Any, name: str) -> Any:
        y = tf.nn.relu(convolution(x, f"{name}/conv1", 1, "SAME"))
        return tf.nn.relu(convolution(y, f"{name}/conv2", 1, "SAME") + x)

    def down(x: Any, name: str) -> Any:
        y = tf.nn.relu(convolution(x, f"{name}/conv1", 2, "VALID"))
        y = convolution(y, f"{name}/conv2", 1, "SAME")
        pooled = tf.nn.avg_pool2d(x, 2, 2, "VALID")
        if pooled.shape[3] < y.shape[3]:
            pooled = tf.concat([pooled, tf.zeros_like(pooled)], axis=3)
        if y.shape[1] < pooled.shape[1]:
            y = tf.concat([y, tf.zeros((1, 1, y.shape[2], y.shape[3]))], axis=1)
            y = tf.concat([y, tf.zeros((1, y.shape[1], 1, y.shape[3]))], axis=2)
        return tf.nn.relu(y + pooled)

    x = tf.nn.relu(convolution(image, "conv32_down", 2, "VALID"))
    x = tf.nn.max_pool2d(x, 3, 2, "VALID")
    for name in ("conv32_1", "conv32_2", "conv32_3"):
        x = residual(x, name)
    x = down(x, "conv64_down")
    for name in ("conv64_1", "conv64_2", "conv64_3"):
        x = residual(x, name)
    x = down(x, "conv128_down")
    for name in ("conv128_1", "conv128_2"):
        x = residual(x, name)
    x = down(x, "conv256_down")
    for name in ("conv256_1", "conv256_2"):
        x = residual(x, name)
    x = down(x, "conv256_down_out")
    return np.asarray(tf.reduce_mean(x, axis=(1, 2)) @ weights["fc"])


def test_the_folded_network_computes_what_the_form_says(recipe: Any) -> None:
    weights = random_weights(recipe)
    image = np.random.default_rng(2).uniform(-0.5, 0.5, (1, 150, 150, 3)).astype(np.float32)
    net = recipe.network(recipe.folded_weights(weights))
    expected = plain_embedding(weights, image)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(net.predict(image, verbose=0), expected, rtol=1e-3, atol=1e-4)


def test_refuses_weights_that_do_not_fit(recipe: Any) -> None:
    folded = recipe.folded_weights(random_weights(recipe))
    with pytest.raises(ConversionError, match="conv64_2_conv1"):
        recipe.network({**folded, "conv64_2_conv1x": folded["conv64_2_conv1"]})
    kernel, bias = folded["fc"]
    with pytest.raises(ConversionError, match="fc"):
        recipe.network({**folded, "fc": [kernel[:100], bias]})


@pytest.fixture(scope="module")
def found() -> dict[str, np.ndarray]:
    names = ("portrait_obama", "portrait_obama2", "portrait_biden", "astronaut", "portrait_hopper")
    with edgecnn.load(DETECTOR, backend="litert", threads=1) as detect:
        return {name: detect(IMAGES / f"{name}.jpg").points_xy[0] for name in names}


@pytest.mark.parametrize(("precision", "backend"), WAYS)
def test_one_man_is_near_himself_and_far_from_others(precision, backend, found):
    with edgecnn.load(BUNDLE, precision=precision, backend=backend, threads=1) as embed:
        one, *rest = (
            embed.embed_face(IMAGES / f"{name}.jpg", points) for name, points in found.items()
        )
        same, *others = (embed.distance(one, other) for other in rest)
    assert same < 0.45
    assert min(others) > 0.7


def test_all_variants_agree_on_a_face(found):
    vectors = []
    for precision, backend in WAYS:
        with edgecnn.load(BUNDLE, precision=precision, backend=backend, threads=1) as embed:
            points = found["portrait_hopper"]
            vectors.append(embed.embed_face(IMAGES / "portrait_hopper.jpg", points))
    for vector in vectors[1:]:
        assert vectors[0].distance(vector) < 0.06
    assert len(vectors[0]) == 128


def test_refuses_points_that_are_no_face():
    with (
        edgecnn.load(BUNDLE, backend="litert", threads=1) as embed,
        pytest.raises(OptionError, match="fall together"),
    ):
        embed.embed_face(IMAGES / "astronaut.jpg", np.zeros((6, 2), np.float32))
