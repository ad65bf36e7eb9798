"""From Keras to numpy without the warning that the two give about each other."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


@contextlib.contextmanager
def keras_noise() -> Iterator[None]:
    """Drop numpy's warning that a tensor cannot say whether it was copied, and no other."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=".*__array__.*copy.*", category=DeprecationWarning
        )
        yield


def to_numpy(x: Any) -> NDArray[Any]:
    """A copy of a tensor or variable of any backend."""
    with keras_noise():
        return np.array(keras.ops.convert_to_numpy(getattr(x, "value", x)))
