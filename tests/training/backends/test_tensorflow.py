"""Fused batch norm: the same outputs, gradients and moving statistics as Keras's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras
import tensorflow as tf

from edgecnn.training.backends import fused_batch_norm
from edgecnn.training.run import load_model, save


def net(policy: str = "float32") -> keras.Model:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6, 6, 3), name="pixels")
    x = keras.layers.Conv2D(4, 3, name="conv", dtype=policy)(inputs)
    x = keras.layers.BatchNormalization(momentum=0.7, name="bn", dtype=policy)(x)
    x = keras.layers.ReLU(name="relu", dtype=policy)(x)
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(5, name="dense")(x)
    # Of vectors: the fused kernel is for maps, so this one stays as it is.
    return keras.Model(inputs, keras.layers.BatchNormalization(name="flat_bn")(x))


def step(model: keras.Model, *, fused: bool) -> dict[str, Any]:
    """What one training step computes, and what it leaves in the batch norms."""
    x = np.random.default_rng(0).normal(2.0, 3.0, (5, 6, 6, 3)).astype(np.float32)

    @tf.function
    def run(pixels: Any) -> Any:
        with tf.GradientTape() as tape:
            output = model(pixels, training=True)
            loss = tf.reduce_sum(tf.square(output) * tf.cast(tf.range(1, 6), output.dtype))
        weights = [variable.value for variable in model.trainable_variables]
        return output, tape.gradient(loss, weights)

    if fused:
        with fused_batch_norm(model):
            output, gradients = run(x)
    else:
        output, gradients = run(x)
    return {
        "output": output.numpy(),
        "gradients": [gradient.numpy() for gradient in gradients],
        "moving": [w.numpy() for w in model.get_layer("bn").non_trainable_weights],
    }


def count_fused(model: keras.Model, *, training: bool = True) -> int:
    graph = tf.function(lambda x: model(x, training=training)).get_concrete_function(
        tf.TensorSpec((None, 6, 6, 3))
    )
    return sum("FusedBatchNorm" in operation.type for operation in graph.graph.get_operations())


def test_outputs_gradients_and_statistics_are_the_same() -> None:
    plain, fused = step(net(), fused=False), step(net(), fused=True)
    np.testing.assert_allclose(fused["output"], plain["output"], rtol=1e-4, atol=1e-5)
    for a, b in zip(fused["gradients"], plain["gradients"], strict=True):
        # Of the bias in front of batch norm it is 0 but for rounding.
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=1e-4 + 1e-3 * np.abs(b).max())
    for a, b in zip(fused["moving"], plain["moving"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_half_precision_goes_through_the_fused_kernel_as_well() -> None:
    plain, fused = step(net("mixed_bfloat16"), fused=False), step(net("mixed_bfloat16"), fused=True)
    np.testing.assert_allclose(fused["moving"][0], plain["moving"][0], rtol=2e-2)
    np.testing.assert_allclose(fused["output"], plain["output"], atol=0.1)


def test_the_kernel_is_used_only_inside_and_only_for_maps_that_train() -> None:
    model = net()
    assert count_fused(model) == 0
    with fused_batch_norm(model):
        assert count_fused(model) == 1
        assert count_fused(model, training=False) == 0
        model.get_layer("bn").trainable = False
        assert count_fused(model) == 0
        model.get_layer("bn").trainable = True
    assert count_fused(model) == 0


def test_what_is_saved_inside_is_an_ordinary_model(tmp_path: Path) -> None:
    model = net()
    with fused_batch_norm(model):
        save(model, tmp_path / "inside.keras")
    loaded = load_model(tmp_path / "inside.keras")
    assert type(loaded.get_layer("bn")) is keras.layers.BatchNormalization
    x = np.random.default_rng(0).random((2, 6, 6, 3), np.float32)
    np.testing.assert_array_equal(loaded(x).numpy(), model(x).numpy())


def test_an_exception_leaves_the_model_as_it_was() -> None:
    model = net()
    with pytest.raises(RuntimeError), fused_batch_norm(model):
        raise RuntimeError
    assert "call" not in vars(model.get_layer("bn"))
