"""TensorFlow: batch norm in one operation.

Keras 3 computes batch norm from a dozen operations, each of which walks through memory again; the
fused kernel walks twice. Weights, saved files and results stay the same.

Reference:
    Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
    Covariate Shift", ICML 2015.
"""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf


@contextlib.contextmanager
def fused_batch_norm(model: Any) -> Iterator[None]:
    """Let the batch norms of maps use the fused kernel while they train.

    Inference is left as it is: there the operations fold into a multiplication and an addition.

    Args:
        model: Its layers get another ``call`` meanwhile; functions that Keras compiled before are
            not affected, so enter this before the first step.
    """
    layers = [
        layer
        for layer in model._flatten_layers()
        if type(layer) is keras.layers.BatchNormalization and _can_be_fused(layer)
    ]
    for layer in layers:
        layer.call = types.MethodType(_call, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def _can_be_fused(layer: Any) -> bool:
    rank = len(layer.input.shape) if layer._inbound_nodes else 0
    affine = layer.scale and layer.center and not layer.synchronized
    # The kernel refuses smaller epsilons.
    return rank == 4 and layer.axis in (3, -1) and affine and layer.epsilon >= 1.001e-5


def _call(self: Any, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
    """`BatchNormalization.call` for (B, H, W, C), by the fused kernel."""
    if not training or not self.trainable or mask is not None:
        plain = keras.layers.BatchNormalization.call
        return plain(self, inputs, training=training, mask=mask)
    half = inputs.dtype in (tf.float16, tf.bfloat16)
    # As in Keras, half precision is normalised in float32.
    x = tf.cast(inputs, tf.float32) if half else tf.convert_to_tensor(inputs)
    y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        x,
        tf.cast(self.gamma.value, x.dtype),
        tf.cast(self.beta.value, x.dtype),
        epsilon=self.epsilon,
        is_training=True,
    )
    shape = tf.shape(x)
    count = tf.cast(shape[0] * shape[1] * shape[2], mean.dtype)
    # The kernel gives the unbiased variance (n - 1), Keras keeps the biased one (n).
    variance *= (count - 1) / count
    momentum = self.momentum
    self.moving_mean.assign(self.moving_mean * momentum + mean * (1.0 - momentum))
    self.moving_variance.assign(self.moving_variance * momentum + variance * (1.0 - momentum))
    return tf.cast(y, inputs.dtype) if half else y
