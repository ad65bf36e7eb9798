"""Names and static shapes of a source's inputs and outputs.

Names come from the model, so they may hold anything ("serving_default_x:0", "mixed/relu"). What a
bundle's decoder looks for are plain words: letters, digits and underscores.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from converters.graphs.saved_model import INPUT_NAME
from converters.sources.base import Array, Port, Tensors
from edgecnn.errors import ConversionError, OptionError

Shape = Sequence[int | None]
Shapes = Mapping[str, Shape] | Sequence[Shape] | Shape
"""Shapes with the batch axis: by the model's own input name, in the model's order, or one alone."""


def name_inputs(own: Sequence[str], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Names for inputs: ``image`` for a single one, otherwise the model's own.

    Args:
        own: Names in the model, in its order.
        wanted: Names to give instead, in the same order.

    Raises:
        OptionError: Another number of names, or one occurs twice.
    """
    if wanted is None and len(own) == 1:
        return (INPUT_NAME,)
    return _names("input", own, wanted)


def name_outputs(own: Sequence[str], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Names for outputs: the model's own, unless others are wanted; errors as `name_inputs`."""
    return _names("output", own, wanted)


def plain(name: str) -> str:
    """A name of letters, digits and underscores: "dense/Relu:0" gives "dense_Relu"."""
    return re.sub(r"\W+", "_", re.sub(r":0$", "", name), flags=re.ASCII).strip("_") or "tensor"


def static_shape(
    title: str, name: str, shape: Shape | None, given: Shape | None, batch: int
) -> tuple[int, ...]:
    """The shape of a tensor with nothing left open.

    Args:
        title: The model, for messages.
        name: The tensor's own name.
        shape: As the model has it, None or a number below 1 where it is open; None if it does not
            say at all.
        given: What the caller gave for it, with the batch axis.
        batch: For an open batch axis.

    Raises:
        OptionError: What was given does not fit the model.
        ConversionError: The shape is open and none was given.
    """
    open_shape = [None if size is None or size < 1 else int(size) for size in shape or ()]
    chosen = open_shape
    if given is not None:
        chosen = [None if size is None or size < 1 else int(size) for size in given]
        if shape is not None:
            _check_fit(title, name, open_shape, chosen)
            chosen = [new or old for new, old in zip(chosen, open_shape, strict=True)]
    if chosen and chosen[0] is None:
        chosen = [batch, *chosen[1:]]
    fixed = tuple(size for size in chosen if size is not None)
    if len(fixed) != len(chosen) or (shape is None and given is None):
        what = "is unknown" if shape is None else f"is {_text(open_shape)}"
        raise ConversionError(
            f"The shape of the input {name!r} of {title} {what}; a file for devices has fixed "
            "sizes. Pass input_shapes=, with the batch axis, for example "
            f"{{{name!r}: (1, 224, 224, 3)}}; on the command line --input-shape 1,224,224,3."
        )
    return fixed


def shapes_by_name(title: str, own: Sequence[str], given: Shapes | None) -> dict[str, Shape]:
    """``input_shapes`` in any of its forms, by the model's own names.

    Raises:
        OptionError: A name that the model does not have, or another number of shapes.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        unknown = sorted(set(given) - set(own))
        if unknown:
            raise OptionError(
                f"input_shapes names {unknown[0]!r}, but {title} has the inputs {', '.join(own)}."
            )
        return dict(given)
    shapes = shape_list(given)
    if len(shapes) != len(own):
        raise OptionError(
            f"input_shapes holds {len(shapes)} shapes, but {title} has {len(own)} inputs: "
            f"{', '.join(own)}."
        )
    return dict(zip(own, shapes, strict=True))


def shape_list(given: Sequence[Shape] | Shape) -> list[Shape]:
    """One shape or several, as a list of shapes."""
    rows = list(given)
    if all(size is None or isinstance(size, int | np.integer) for size in rows):
        return [tuple(rows)]  # type: ignore[arg-type]
    return [tuple(row) for row in rows]  # type: ignore[arg-type]


def check_feeds(title: str, inputs: Sequence[Port], feeds: Mapping[str, Array]) -> Tensors:
    """Feeds as contiguous arrays, in the order of the inputs.

    Raises:
        OptionError: A feed is missing or unknown, or has another shape or type.
    """
    if feeds.keys() != {port.name for port in inputs}:
        raise OptionError(
            f"{title} takes the inputs {[port.name for port in inputs]}, but got {sorted(feeds)}."
        )
    for port in inputs:
        feed = feeds[port.name]
        if feed.shape != port.shape or feed.dtype != port.dtype:
            raise OptionError(
                f"The input {port.name!r} of {title} takes {port.dtype} of shape {port.shape}, "
                f"but got {feed.dtype} of shape {feed.shape}."
            )
    return {port.name: np.ascontiguousarray(feeds[port.name]) for port in inputs}


def _names(kind: str, own: Sequence[str], wanted: Sequence[str] | None) -> tuple[str, ...]:
    if wanted is None:
        return _unique([plain(name) for name in own])
    if len(wanted) != len(own) or isinstance(wanted, str):
        raise OptionError(
            f"{len(wanted)} {kind} names were given ({', '.join(wanted)}), but the model has "
            f"{len(own)} {kind}s: {', '.join(own)}. Give one name each, in that order."
        )
    bad = [name for name in wanted if plain(name) != name]
    if bad or len(set(wanted)) != len(wanted):
        raise OptionError(
            f"The {kind} names {', '.join(wanted)} have to differ and to be made of letters, "
            "digits and underscores."
        )
    return tuple(wanted)


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    taken: list[str] = []
    for name in names:
        free, count = name, 1
        while free in taken:
            count += 1
            free = f"{name}_{count}"
        taken.append(free)
    return tuple(taken)


def _check_fit(
    title: str, name: str, shape: Sequence[int | None], given: Sequence[int | None]
) -> None:
    fits = len(shape) == len(given) and all(
        old is None or new is None or old == new for old, new in zip(shape, given, strict=True)
    )
    if not fits:
        raise OptionError(
            f"input_shapes gives {_text(given)} for the input {name!r} of {title}, whose own shape "
            f"is {_text(shape)}. Give all axes, the batch first."
        )


def _text(shape: Sequence[int | None]) -> str:
    return "(" + ", ".join("?" if size is None else str(size) for size in shape) + ")"
