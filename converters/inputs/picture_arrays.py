"""Arrays that came as pictures, and as their classes: checked, and brought to one form.

The mistakes caught here are the ones that ruin a conversion without a word: pixels scaled to 0..1
where the bundle's own preprocessing does the scaling, channels first, labels of other pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.inputs.input_set import Ints
from edgecnn.bundle.schema import InputSpec
from edgecnn.errors import ImageError, OptionError

Pixels = NDArray[np.uint8]
_CHUNK = 2**22
"""Values converted at a time, so that a large array of floats is never copied whole."""


def channels_of(spec: InputSpec) -> int:
    """How many channels an array has to have."""
    return 1 if spec.color == "gray" else 3


def check_stack(array: NDArray[Any], spec: InputSpec, role: str) -> NDArray[Any]:
    """Make sure that an array is a stack of pictures with the channels of the input.

    Args:
        array: (N, H, W, 3), or (N, H, W) or (N, H, W, 1) for a gray input; any type.
        spec: The bundle's input.
        role: For messages.

    Returns:
        A view, (N, H, W, 3) or (N, H, W).

    Raises:
        ImageError: Another shape.
        OptionError: No pictures at all.
    """
    check_type(array, role)
    channels = channels_of(spec)
    expected = "(N, height, width)" if channels == 1 else "(N, height, width, 3)"
    if array.ndim == 4 and array.shape[3] == 1 and channels == 1:
        array = array[..., 0]
    fits = array.ndim == 3 if channels == 1 else array.ndim == 4 and array.shape[3] == 3
    if not fits:
        raise ImageError(
            f"The {role} pictures must have shape {expected} for this {spec.color} input, but got "
            f"{array.shape}.{_shape_hint(array.shape, channels)}"
        )
    if len(array) == 0:
        raise OptionError(f"The {role} set is empty: shape {array.shape}. Give some pictures.")
    if 0 in array.shape:
        raise ImageError(f"The {role} pictures have no pixels: shape {array.shape}.")
    return array


def check_one(array: NDArray[Any], spec: InputSpec, role: str, name: str) -> NDArray[Any]:
    """Make sure that an array is one picture, (H, W, 3), or (H, W) or (H, W, 1) for gray."""
    try:
        stack = check_stack(array[None], spec, role)
    except ImageError as error:
        raise ImageError(f"Picture {name}, with an axis of 1 in front: {error}") from error
    one: NDArray[Any] = stack[0]
    return one


def _shape_hint(shape: tuple[int, ...], channels: int) -> str:
    """What is probably meant, and what to type."""
    if len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3):
        return " Channels come last: x.transpose(0, 2, 3, 1)."
    if len(shape) == 4 and shape[3] == 4:
        return " Drop the alpha channel: x[..., :3]."
    if channels == 3 and (len(shape) == 3 and shape[2] == 3):
        return " One picture becomes a stack by x[None]."
    if channels == 3 and (len(shape) == 3 or (len(shape) == 4 and shape[3] == 1)):
        return (
            " Grey pictures for a colour network: repeat the channel as in training, or, if the "
            'network takes one channel, say color="gray" in input=.'
        )
    if channels == 1 and len(shape) == 4 and shape[3] == 3:
        return ' If the network takes colour, say color="rgb" in input=.'
    return " One picture becomes a stack by x[None]." if len(shape) == 2 else ""


def check_type(array: NDArray[Any], role: str) -> None:
    """Refuse types that hold no pixel values.

    Raises:
        ImageError: Objects, complex numbers, booleans, strings.
    """
    if array.dtype.kind in "iuf":
        return
    hints = {
        "O": "Pictures of different sizes are passed as a list of arrays.",
        "b": "If these are masks, multiply by 255.",
        "U": "Paths are passed as a list.",
    }
    hint = hints.get(array.dtype.kind, "Convert them to uint8.")
    raise ImageError(
        f"The {role} pictures must be uint8, or numbers with pixel values 0..255, but got "
        f"{array.dtype}. {hint}"
    )


@dataclass(slots=True)
class PixelValues:
    """Turns arrays of numbers into uint8, and remembers what they held.

    Attributes:
        role: For messages.
        low, high: Smallest and largest value of arrays that were not uint8.
        rounded: Whether some values lay between two whole numbers.
    """

    role: str
    low: float = np.inf
    high: float = -np.inf
    rounded: bool = False

    def take(self, values: NDArray[Any], name: str) -> Pixels:
        """The same values as uint8; uint8 arrays are given back as they are.

        Raises:
            ImageError: Values that are no pixel values 0..255.
        """
        if values.dtype == np.uint8:
            return values
        check_type(values, self.role)
        pixels = np.empty(values.shape, np.uint8)
        each = max(_CHUNK // max(int(np.prod(values.shape[1:])), 1), 1)
        for start in range(0, len(values), each):
            part = np.asarray(values[start : start + each], np.float64)
            self._look(part, name)
            whole = np.rint(part)
            self.rounded |= bool((np.abs(whole - part) > 1e-3).any())
            pixels[start : start + each] = whole
        return pixels

    def _look(self, part: NDArray[np.float64], name: str) -> None:
        low, high = float(part.min()), float(part.max())
        what = f"The {self.role} pictures ({name})"
        if not np.isfinite(low + high):
            raise ImageError(f"{what} hold NaN or infinite values. Mend or leave out those.")
        if low < 0:
            hint = " They look normalised already." if high <= 16 else ""
            raise ImageError(
                f"{what} hold values from {low:.4g} to {high:.4g}; expected pixel values 0..255."
                f"{hint} Pass the pixels as they were before normalisation, and say the "
                "normalisation in input= (mean and std)."
            )
        if high > 255:
            raise ImageError(
                f"{what} hold values up to {high:.4g}; expected pixel values 0..255. "
                "Reduce them to 8 bits first."
            )
        self.low, self.high = min(self.low, low), max(self.high, high)

    def finish(self) -> list[str]:
        """Warnings, once all was taken.

        Raises:
            ImageError: Nothing is above 1: the pixels were scaled to 0..1.
        """
        if self.high < self.low:
            return []
        if self.high <= 1:
            raise ImageError(
                f"The {self.role} pictures hold values from {self.low:.4g} to {self.high:.4g} "
                "where pixel values 0..255 are expected. Multiply by 255, and if the network wants "
                "0..1, say that in input= (mean 0, std 255)."
            )
        if self.rounded:
            return [f"The {self.role} pictures hold fractions; they were rounded to whole levels."]
        return []


def check_classes(given: Any, count: int, labels: Sequence[str], role: str) -> Ints:
    """Class ids from whatever came as labels.

    Args:
        given: (N,) or (N, 1) whole numbers, (N, C) one-hot, or names of ``labels``.
        count: How many pictures there are.
        labels: Names of the classes; empty when they are not known, then nothing is too large.
        role: For messages.

    Returns:
        (N,) int64.

    Raises:
        OptionError: Another shape or number, values that are no class ids, or unknown classes.
    """
    array = np.asarray(given)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2):
        raise OptionError(
            f"The {role} labels must be (N,) class ids or (N, classes) one-hot, but got an array "
            f"of shape {array.shape}."
        )
    if len(array) != count:
        raise OptionError(
            f"There are {count} {role} pictures but {len(array)} labels: they do not belong "
            "together."
        )
    if array.dtype.kind in "UO" and array.ndim == 1:
        return _by_name(array, labels, role)
    ids = _from_one_hot(array, role) if array.ndim == 2 else array
    if ids.dtype.kind not in "iufb" or not np.array_equal(ids, np.rint(ids.astype(np.float64))):
        raise OptionError(
            f"The {role} labels must be whole numbers, but got {ids.dtype} such as {ids[:3]!r}."
        )
    class_ids = ids.astype(np.int64)
    top = len(labels) - 1 if labels else None
    if len(class_ids) and (class_ids.min() < 0 or (top is not None and class_ids.max() > top)):
        known = f"0 to {top}" if top is not None else "0 or more"
        raise OptionError(
            f"The {role} labels run from {class_ids.min()} to {class_ids.max()}, but class ids are "
            f"{known}: labels= names {len(labels)} classes, counted from 0."
        )
    return class_ids


def _from_one_hot(array: NDArray[Any], role: str) -> Ints:
    if array.dtype.kind not in "iufb" or not (
        ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()
    ):
        raise OptionError(
            f"The {role} labels have shape {array.shape} but are not one-hot (a single 1 a row). "
            "Pass class ids (N,)."
        )
    return np.asarray(array.argmax(axis=1), np.int64)


def _by_name(array: NDArray[Any], labels: Sequence[str], role: str) -> Ints:
    numbers = {label: number for number, label in enumerate(labels)}
    unknown = sorted({str(name) for name in array if name not in numbers})
    if unknown:
        raise OptionError(
            f"The {role} labels name {', '.join(unknown[:5])}, which labels= does not: "
            f"{', '.join(labels) or 'it is empty'}."
        )
    return np.array([numbers[name] for name in array], np.int64)
