"""What makes a channel important."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

import keras
from keras import layers

from edgecnn.errors import OptionError
from edgecnn.training.prune.graph import same_weights, trace
from edgecnn.training.prune.scores import class_scores
from edgecnn.training.prune.spaces import Network
from tests.training.prune import proving

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def plain_net(*, norm: bool = False) -> Any:
    image = keras.Input((6, 6, 2))
    x = layers.Conv2D(6, 3, name="conv")(image)
    x = layers.BatchNormalization(name="bn")(x) if norm else x
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    return proving.randomise(keras.Model(image, layers.Dense(3, name="logits")(x)))


def scores_of(model: Any, layer: str, score: Any, **settings: Any) -> np.ndarray[Any, Any]:
    network = Network(trace(model))
    scores = class_scores(network, score, **settings)
    made = network.own.flow.made(layer)
    return np.asarray(scores[network.classes.index(network.classes.of[made])])


def unit(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(values / np.sqrt(np.mean(values**2)))


def batches(count: int = 2) -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(0)
    return [
        (rng.normal(size=(8, 6, 6, 2)).astype(np.float32), rng.integers(0, 3, 8))
        for _ in range(count)
    ]


@pytest.mark.parametrize(("score", "order"), [("l1", 1), ("l2", 2)])
def test_kernels_are_measured_by_their_norm(score: str, order: int) -> None:
    model = plain_net()
    kernel = proving.to_numpy(model.get_layer("conv").kernel).reshape(-1, 6)
    expected = unit(np.linalg.norm(kernel, ord=order, axis=0))
    np.testing.assert_allclose(scores_of(model, "conv", score), expected, rtol=1e-6)


def test_gamma_is_taken_from_the_batch_norm_behind_a_layer() -> None:
    model = plain_net(norm=True)
    gamma = model.get_layer("bn").gamma
    gamma.assign(np.array([0.5, -2.0, 0.0, 1.0, -0.1, 3.0], np.float32))
    expected = unit(np.abs(proving.to_numpy(gamma)))
    np.testing.assert_allclose(scores_of(model, "conv", "gamma"), expected, rtol=1e-6)


def test_without_batch_norm_gamma_falls_back_on_kernels() -> None:
    model = plain_net()
    np.testing.assert_allclose(scores_of(model, "conv", "gamma"), scores_of(model, "conv", "l2"))


def test_taylor_is_gradient_times_weight_of_a_channel() -> None:
    """Against differences: scaling the kernel of a channel by 1 + h changes the loss by h * sum."""
    model = plain_net()
    data = batches(1)
    x, y = data[0]
    kernel = model.get_layer("conv").kernel
    start = proving.to_numpy(kernel)
    changes = []
    for channel in range(6):
        losses = []
        for step in (1e-2, -1e-2):
            values = start.copy()
            values[..., channel] *= 1 + step
            kernel.assign(values)
            losses.append(float(proving.to_numpy(LOSS(y, model(x, training=True)))))
        changes.append((losses[0] - losses[1]) / 2e-2)
    kernel.assign(start)
    measured = scores_of(model, "conv", "taylor", batches=data, loss=LOSS)
    np.testing.assert_allclose(measured, unit(np.abs(np.array(changes))), rtol=0.02, atol=0.02)


def test_taylor_sees_batch_norm_and_leaves_the_model_alone() -> None:
    model = plain_net(norm=True)
    scale, shift, *_ = model.get_layer("bn").weights
    values = np.ones(6, np.float32)
    values[2] = 0  # a dead channel: neither of the two matters to the loss
    scale.assign(values)
    shift.assign(0.1 * values)
    twin = keras.models.clone_model(model)
    twin.set_weights([proving.to_numpy(weight) for weight in model.weights])
    model.get_layer("conv").trainable = False
    scores = scores_of(model, "conv", "taylor", batches=batches(), loss=LOSS)
    assert np.argmin(scores) == 2
    assert scores[2] == 0
    assert np.all(np.delete(scores, 2) > 0)
    assert same_weights(model, twin)
    assert not model.get_layer("conv").trainable


def test_joined_layers_share_the_mean_of_their_numbers() -> None:
    image = keras.Input((6, 6, 2))
    one, two = (layers.Conv2D(6, 3, name=name)(image) for name in ("one", "two"))
    x = layers.GlobalAveragePooling2D()(layers.Add()([one, two]))
    model = proving.randomise(keras.Model(image, layers.Dense(3)(x)))
    norms = [
        np.linalg.norm(proving.to_numpy(model.get_layer(name).kernel).reshape(-1, 6), axis=0)
        for name in ("one", "two")
    ]
    expected = unit((norms[0] + norms[1]) / 2)
    np.testing.assert_allclose(scores_of(model, "one", "l2"), expected, rtol=1e-6)


def test_every_space_has_the_same_size_of_scores() -> None:
    model = plain_net()
    model.get_layer("conv").kernel.assign(model.get_layer("conv").kernel * 1000)
    network = Network(trace(model))
    scores = class_scores(network, "l2")
    for space in network.spaces:
        own = scores[space.classes]
        assert not own.any() or np.sqrt(np.mean(own**2)) == pytest.approx(1.0)


def test_taylor_needs_data_and_a_score_a_known_name() -> None:
    network = Network(trace(plain_net()))
    with pytest.raises(OptionError, match="needs data"):
        class_scores(network, "taylor")
    with pytest.raises(OptionError, match="'gamma', 'l1', 'l2' and 'taylor'"):
        class_scores(network, "l3")  # type: ignore[arg-type]
