"""Sets of inputs that are no pictures: arrays for one or several inputs, by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from converters.inputs.input_set import (
    MAX_HELD_BYTES,
    MAX_ITEMS,
    InputSet,
    Role,
    few_warning,
    iterate,
)
from converters.sources.base import Array, Feeds, Port, Tensors
from edgecnn.errors import OptionError


@dataclass(frozen=True, kw_only=True, eq=False)
class TensorSet(InputSet):
    """Inputs in a fixed order.

    Attributes:
        arrays: Input name -> (R, batch, ...) of the input's type; a row is one inference.
    """

    arrays: Mapping[str, Array]

    def tensors(self, index: int) -> Tensors:
        """What one inference is fed, as new arrays with the batch axis."""
        row = int(self.rows[index])
        return {name: array[row].copy() for name, array in self.arrays.items()}

    def feeds(self, count: int | None = None) -> Feeds:
        """A function that starts a pass over the first ``count`` inputs, or all of them."""
        number = len(self) if count is None else min(count, len(self))

        def fresh() -> Iterator[Tensors]:
            for index in range(number):
                yield self.tensors(index)

        return fresh


def open_tensors(
    what: Any,
    ports: Sequence[Port],
    *,
    seed: int = 0,
    limit: int | None = None,
    role: Role = "calibration",
) -> TensorSet:
    """Open a set of inputs.

    Args:
        what: A dict of arrays (N, ...), one an input; an iterable of dicts, each one inference with
            or without its batch axis; an array alone where there is one input; or a `TensorSet`.
        ports: The inputs of the source.
        seed: Of the choice when there are more than ``limit``.
        limit: Inputs, at most: a random choice, but the first of an iterable.
        role: What they are for: decides warnings and words.

    Raises:
        OptionError: An empty set, missing or unknown names, wrong shapes or types, NaN.
    """
    if limit is not None and limit < 1:
        raise OptionError(f"limit must be 1 or more, or None, but got {limit}.")
    opened = what if isinstance(what, TensorSet) else _open(what, ports, limit, role)
    if limit is not None and limit < len(opened):
        opened = opened.sample(limit, seed)
    looks = few_warning(len(opened), role) + _constant(opened, role)
    return dataclasses.replace(opened, warnings=tuple(dict.fromkeys([*opened.warnings, *looks])))


def _open(what: Any, ports: Sequence[Port], limit: int | None, role: Role) -> TensorSet:
    if isinstance(what, np.ndarray) or (hasattr(what, "__array__") and hasattr(what, "shape")):
        if len(ports) != 1:
            raise OptionError(
                f"The {role} set is one array, but the network has the inputs "
                f"{_names(ports)}: pass a dict of arrays by those names."
            )
        what = {ports[0].name: what}
    warnings: tuple[str, ...] = ()
    if isinstance(what, Mapping):
        _check_names(what, ports, f"The {role} set")
        rows = {port.name: _stacked(np.asarray(what[port.name]), port, role) for port in ports}
        kind = "arrays"
    else:
        passing = iterate(what)
        if passing is None:
            raise OptionError(
                f"The {role} set must be a dict of arrays (N, ...) or an iterable of dicts by the "
                f"names {_names(ports)}, but got {type(what).__name__}."
            )
        rows, warnings = _gather(passing[0], ports, limit, role)
        kind = passing[1]
    counts = {name: len(array) for name, array in rows.items()}
    if len(set(counts.values())) != 1:
        raise OptionError(f"The {role} arrays have different lengths: {counts}.")
    count = next(iter(counts.values()))
    if count == 0:
        raise OptionError(f"The {role} set is empty. Give some inputs.")
    return TensorSet(
        origin=f"{kind} ({count} inputs)",
        names=tuple(f"#{number}" for number in range(count)),
        rows=np.arange(count),
        warnings=warnings,
        arrays=rows,
    )


def _gather(
    items: Iterator[Any], ports: Sequence[Port], limit: int | None, role: Role
) -> tuple[dict[str, Array], tuple[str, ...]]:
    """Items of an iterable, one above the other."""
    most = limit or MAX_ITEMS
    taken: dict[str, list[Array]] = {port.name: [] for port in ports}
    held = 0
    warnings: tuple[str, ...] = ()
    for number, item in enumerate(items):
        if number >= most or held >= MAX_HELD_BYTES:
            warnings = (f"Only the first {number} {role} inputs were taken; there are more.",)
            break
        if not isinstance(item, Mapping):
            raise OptionError(
                f"Item {number} of the {role} set is {type(item).__name__}; expected a dict of "
                f"arrays by the names {_names(ports)}."
            )
        _check_names(item, ports, f"Item {number} of the {role} set")
        for port in ports:
            array = np.asarray(item[port.name])
            if array.shape == port.shape[1:] and port.shape[:1] == (1,):
                array = array[None]
            if array.shape != port.shape:
                raise OptionError(
                    f"Item {number} of the {role} set: {port.name!r} has shape {array.shape}; the "
                    f"input takes {port.shape}."
                )
            taken[port.name].append(_typed(array, port, role))
            held += array.nbytes
    empty = {port.name: np.empty((0, *port.shape), port.dtype) for port in ports}
    return {n: np.stack(arrays) if arrays else empty[n] for n, arrays in taken.items()}, warnings


def _stacked(array: Array, port: Port, role: Role) -> Array:
    """(N, ...) as (N / batch, batch, ...)."""
    batch, one = port.shape[0], port.shape[1:]
    if array.ndim != len(port.shape) or array.shape[1:] != one or len(array) % batch:
        expected = ", ".join(["N", *(str(size) for size in one)])
        raise OptionError(
            f"The {role} array {port.name!r} has shape {array.shape}; expected ({expected})"
            + (f" with N a multiple of {batch}." if batch > 1 else ".")
        )
    return _typed(array, port, role).reshape(-1, *port.shape)


def _typed(array: Array, port: Port, role: Role) -> Array:
    """In the input's type, if nothing is lost that matters."""
    what = f"The {role} values of {port.name!r}"
    kinds = "iufb" if port.dtype.kind == "f" else "iub"
    if array.dtype.kind not in kinds:
        raise OptionError(f"{what} are {array.dtype}; the input takes {port.dtype}.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise OptionError(f"{what} hold NaN or infinite values. Mend or leave out those.")
    with np.errstate(over="ignore"):
        typed = array.astype(port.dtype)
    lost = not np.array_equal(typed, array) if port.dtype.kind != "f" else False
    if lost or (port.dtype.kind == "f" and not np.isfinite(typed).all()):
        raise OptionError(f"{what} do not fit into {port.dtype}.")
    return typed


def _check_names(given: Mapping[Any, Any], ports: Sequence[Port], what: str) -> None:
    if set(given) != {port.name for port in ports}:
        raise OptionError(
            f"{what} has the names {', '.join(map(repr, given)) or 'none'}; the network's inputs "
            f"are {_names(ports)}."
        )


def _names(ports: Sequence[Port]) -> str:
    return ", ".join(repr(port.name) for port in ports)


def _constant(opened: TensorSet, role: Role) -> list[str]:
    """Inputs that never change, so that calibration learns nothing of them."""
    if len(opened) < 2:
        return []
    return [
        f"The {role} values of {name!r} are the same everywhere."
        for name, array in opened.arrays.items()
        if (array[opened.rows] == array[opened.rows[0]].flat[0]).all()
    ]
