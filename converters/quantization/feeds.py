"""Calibration inputs on their way into a quantizer: named and shaped as the network wants them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from converters.options import Progress, no_progress
from converters.sources.base import Array, Feeds, Tensors
from edgecnn.errors import ConversionError

Shapes = Mapping[str, tuple[tuple[int, ...], np.dtype[np.generic]]]
"""Name of an input -> its static shape and type."""


def fitting(
    feeds: Feeds, shapes: Shapes, samples: int, *, what: str = "", progress: Progress = no_progress
) -> Iterator[Tensors]:
    """A pass over inputs, each checked before it is used.

    Args:
        feeds: What the caller gave.
        shapes: What the network takes.
        samples: Give no more than these.
        what: What `progress` is told.
        progress: Told the share of ``samples``, after each.

    Yields:
        Arrays of exactly the network's names, shapes and types.

    Raises:
        ConversionError: There was not one input, or one has a wrong name, shape, or values that
            are no numbers.
    """
    number = 0
    for number, item in enumerate(feeds(), start=1):
        yield _checked(item, shapes, number)
        progress(what, min(number / samples, 1.0))
        if number == samples:
            break
    if number == 0:
        raise ConversionError(
            "There is no calibration input: int8 needs some, about 300 like those that the model "
            "will see, to find the range of every activation."
        )


def _checked(item: Mapping[str, Array], shapes: Shapes, number: int) -> Tensors:
    if set(item) != set(shapes):
        raise ConversionError(
            f"Calibration input {number} has the tensors {sorted(item)}; the model takes "
            f"{sorted(shapes)}."
        )
    tensors = {}
    for name, (shape, dtype) in shapes.items():
        array = np.asarray(item[name])
        if array.shape != shape:
            raise ConversionError(
                f"Calibration input {number}: {name!r} has the shape {array.shape}; the model "
                f"takes {shape}, the batch axis included."
            )
        if not np.all(np.isfinite(array)):
            raise ConversionError(
                f"Calibration input {number}: {name!r} holds NaN or infinity. Check the "
                "preprocessing; a range cannot be found from such values."
            )
        tensors[name] = np.ascontiguousarray(array, dtype)
    return tensors
