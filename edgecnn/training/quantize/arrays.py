"""Values of Keras variables as numpy arrays."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


@contextlib.contextmanager
def quiet_copies() -> Iterator[None]:
    """Drop numpy's one warning about how Keras's variables hand their values over."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning
        )
        yield


def to_numpy(value: Any) -> NDArray[np.float32]:
    """A tensor or variable of any backend as a float32 array."""
    with quiet_copies():
        return np.asarray(keras.ops.convert_to_numpy(value), np.float32)


def weights_of(layer: Any) -> list[NDArray[np.float32]]:
    """Weights of a layer, in Keras's order."""
    return [to_numpy(weight) for weight in layer.weights]
