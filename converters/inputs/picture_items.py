"""Pictures out of an iterable: a generator, ``tf.data``, a loader; batched or not, with labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.inputs.input_set import MAX_HELD_BYTES
from converters.inputs.picture_arrays import (
    Pixels,
    PixelValues,
    channels_of,
    check_one,
    check_stack,
)
from edgecnn.bundle.schema import InputSpec
from edgecnn.errors import OptionError


@dataclass(slots=True)
class Gathered:
    """What an iterable gave.

    Attributes:
        images: uint8 arrays, (H, W, 3) or (H, W), of any sizes.
        labels: What came with each of them; empty when nothing did.
        warnings: What was left out, and what looked wrong.
    """

    images: list[Pixels] = field(default_factory=list)
    labels: list[Any] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def gather(items: Iterator[Any], spec: InputSpec, role: str, most: int | None) -> Gathered:
    """Take pictures until the iterable ends, or enough are held.

    Args:
        items: Each a picture, a batch of pictures, or a pair of either and its labels.
        spec: The bundle's input.
        role: For messages.
        most: Pictures, and with them `MAX_HELD_BYTES`; None for all there are.

    Raises:
        ImageError: An item is no picture.
        OptionError: There was no item, or only some came with labels.
    """
    found, values = Gathered(), PixelValues(role)
    held = 0
    for number, item in enumerate(items):
        if most is not None and (len(found.images) >= most or held >= MAX_HELD_BYTES):
            found.warnings.append(
                f"Only the first {len(found.images)} pictures were taken (at most {most} pictures "
                f"and {MAX_HELD_BYTES >> 20} MiB); there are more."
            )
            break
        batch, labels = _batch(item, spec, role, number)
        batch = values.take(
            batch if most is None else batch[: most - len(found.images)], f"item {number}"
        )
        held += batch.nbytes
        found.images += list(batch)
        if labels is not None:
            found.labels += labels[: len(batch)]
    if not found.images:
        raise OptionError(f"The {role} set is empty: nothing was given by it. Was it used up?")
    if found.labels and len(found.labels) != len(found.images):
        raise OptionError(
            f"{len(found.images)} {role} pictures came with {len(found.labels)} labels: they do "
            "not belong together."
        )
    found.warnings += values.finish()
    return found


def _batch(
    item: Any, spec: InputSpec, role: str, number: int
) -> tuple[NDArray[Any], list[Any] | None]:
    """An item as a stack of pictures, and a label for each."""
    if isinstance(item, dict):
        raise OptionError(
            f"Item {number} of the {role} set is a dict with the keys {sorted(item)}. Give the "
            "picture alone or a pair: dataset.map(lambda d: (d['image'], d['label']))."
        )
    labels: Any = None
    if isinstance(item, tuple | list):
        if len(item) not in (1, 2):
            raise OptionError(
                f"Item {number} of the {role} set has {len(item)} parts; expected a picture, or a "
                "pair (picture, label)."
            )
        item, labels = item[0], item[1] if len(item) == 2 else None
    array = np.asarray(item)
    if _is_one(array, spec):
        stack = check_one(array, spec, role, f"#{number}")[None]
        return stack, None if labels is None else [labels]
    stack = check_stack(array, spec, role)
    if labels is None:
        return stack, None
    many = list(np.asarray(labels))
    if len(many) != len(stack):
        raise OptionError(
            f"Item {number} of the {role} set is a batch of {len(stack)} pictures with "
            f"{len(many)} labels."
        )
    return stack, many


def _is_one(array: NDArray[Any], spec: InputSpec) -> bool:
    """Whether an array is one picture and not a batch: (H, W, 1) has its channel last."""
    if channels_of(spec) == 1:
        return array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1)
    return array.ndim <= 3
