"""From an array of real values to what an input tensor stores."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgecnn.errors import OptionError
from edgecnn.runtime.backend import Array, TensorInfo

_NUMBERS = frozenset("biuf")


def stored_values(values: Any, info: TensorInfo, *, copy: bool = False) -> Array:
    """Real values as the tensor stores them.

    A quantized tensor gets ``round(value / scale) + zero_point``, limited to its range. A float
    tensor gets the values in its own type. A tensor of whole numbers or truth values gets them
    only when nothing is lost.

    Args:
        values: Array (or nested lists) of numbers, of the tensor's shape with the batch axis.
        info: The tensor.
        copy: Never hand back ``values`` itself.

    Returns:
        An array of the tensor's shape and type; it may be ``values`` itself.

    Raises:
        OptionError: Other shape, no numbers, NaN, or values that the tensor cannot hold.
    """
    array = _numbers(values, info)
    if array.dtype.kind == "f" and bool(np.isnan(array).any()):
        raise OptionError(f"The input {info.name!r} holds NaN, {int(np.isnan(array).sum())} times.")
    if info.scale != 0.0:
        return _quantized(array, info)
    if info.dtype == array.dtype:
        return array.astype(info.dtype, order="C", copy=copy)
    return _converted(array, info)


def describe_input(info: TensorInfo) -> str:
    """``name (1, 8, 8, 3)``, and the type where it takes whole numbers only."""
    exact = info.scale == 0.0 and info.dtype.kind != "f"
    return f"{info.name} {info.shape}{f' {info.dtype}' if exact else ''}"


def _numbers(values: Any, info: TensorInfo) -> Array:
    try:
        array = np.asarray(values)
    except ValueError as error:  # lists of different lengths
        raise OptionError(f"The input {info.name!r} is no array: {error}.") from error
    if array.dtype.kind not in _NUMBERS:
        raise OptionError(
            f"The input {info.name!r} takes numbers, but got "
            f"{type(values).__name__ if array.dtype.kind == 'O' else array.dtype}."
        )
    if array.shape != info.shape:
        batch = array.shape == info.shape[1:] and info.shape[:1] == (1,)
        advice = "Add the batch axis: array[None]" if batch else "Resize or transpose it"
        raise OptionError(
            f"The input {info.name!r} takes an array of shape {info.shape}, but got "
            f"{array.shape}. {advice}."
        )
    return array


def _quantized(array: Array, info: TensorInfo) -> Array:
    limits = np.iinfo(info.dtype)
    steps = np.rint(array.astype(np.float64) / info.scale) + info.zero_point
    stored: Array = np.clip(steps, limits.min, limits.max).astype(info.dtype)
    return stored


def _converted(array: Array, info: TensorInfo) -> Array:
    """The tensor's type; floats are rounded to it, whole numbers have to be whole and in range."""
    with np.errstate(invalid="ignore", over="ignore"):
        stored = array.astype(info.dtype, order="C")
    if info.dtype.kind == "f":
        fits = not np.isinf(stored[np.isfinite(array)]).any()
    else:
        fits = np.array_equal(stored.astype(array.dtype), array) and _in_range(array, info.dtype)
    if not fits:
        raise OptionError(
            f"The input {info.name!r} stores {info.dtype}, which cannot hold what came: "
            f"{array.dtype} from {array.min():g} to {array.max():g}. Round or limit the values."
        )
    return stored


def _in_range(array: Array, dtype: np.dtype[Any]) -> bool:
    """Whole numbers that are too large may wrap around and back, so the limits are looked at."""
    if dtype.kind == "b":
        return True
    limits = np.iinfo(dtype)
    return bool(limits.min <= array.min() and array.max() <= limits.max)
