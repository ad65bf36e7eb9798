"""What one backend of Keras can do better than the neutral way; one file a backend."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from typing import Any

import keras

from edgecnn.registry import Registry

FUSED_BATCH_NORM = Registry(
    "backend with fused batch norm",
    {"tensorflow": "edgecnn.training.backends.tensorflow:fused_batch_norm"},
)
"""Name of a Keras backend -> context manager that takes a model."""


def fused_batch_norm(model: Any) -> AbstractContextManager[None]:
    """Batch norm in one operation meanwhile, where the backend has one; elsewhere nothing changes.

    Args:
        model: A Keras model; it is as before when the ``with`` ends.
    """
    backend = keras.backend.backend()
    if backend not in FUSED_BATCH_NORM:
        return contextlib.nullcontext()
    context: AbstractContextManager[None] = FUSED_BATCH_NORM[backend](model)
    return context
