"""What a model says about many pictures at once."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edgecnn.data.lazy_pictures import LazyPictures, in_parts
from edgecnn.training.learner import gives_probabilities, outputs_of
from edgecnn.training.quiet import keras_noise

TINY = 1e-12
"""Smallest probability that is taken a logarithm of."""


def predict(
    model: keras.Model, images: NDArray[Any] | LazyPictures, batch_size: int = 128
) -> NDArray[np.float32]:
    """Probabilities of the classes.

    Args:
        model: From pixels 0..255 to probabilities or logits.
        images: (N, H, W, C) uint8 or float, in memory or on disk.
        batch_size: Pictures at a time.

    Returns:
        (N, classes) float32, each row with sum 1.
    """
    softmax = not gives_probabilities(model)
    parts = []
    for part in in_parts(images, batch_size):
        pixels = np.asarray(part, np.float32)
        with keras_noise():
            answers = outputs_of(model.predict_on_batch(pixels))[0]
        answers = np.asarray(answers, np.float64)
        parts.append(_softmax(answers) if softmax else answers)
    return np.concatenate(parts).astype(np.float32)


def log_loss(truth: NDArray[np.int64], probabilities: NDArray[np.float32]) -> float:
    """Mean cross-entropy in nats, without smoothing.

    Args:
        truth: (N,) class ids.
        probabilities: (N, classes).
    """
    right = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    return float(-np.log(np.maximum(right, TINY)).mean())


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares
