"""What sets of inputs have in common: an origin to report, warnings, and seeded choices."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from converters.report.schema import Inputs
from edgecnn.errors import OptionError

Role = Literal["calibration", "validation"]
Ints = NDArray[np.int64]

FEW = 100
"""Fewer inputs than this leave ranges, or a metric, to chance."""
MAX_ITEMS = 10_000
"""Inputs that are taken from an iterable, which may never end."""
MAX_HELD_BYTES = 2**30
"""Bytes of inputs that are taken from an iterable."""


@dataclass(frozen=True, kw_only=True, eq=False)
class InputSet:
    """Inputs in a fixed order, some of which may be chosen.

    Attributes:
        origin: Where they came from, in words that name no place on this machine.
        names: Of each input: a file name, or "#17".
        rows: (N,) int64, where each input lies in what was opened.
        truth: What is right about each of them; None when that is not known.
        warnings: What looks wrong with them.
    """

    origin: str
    names: tuple[str, ...]
    rows: Ints
    truth: tuple[Any, ...] | None = None
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def subset(self, indices: Sequence[int] | Ints) -> Self:
        """Some of the inputs, in the order given.

        Raises:
            OptionError: An index is not below the number of inputs.
        """
        chosen = np.asarray(indices, np.int64).reshape(-1)
        if len(chosen) and not 0 <= chosen.min() <= chosen.max() < len(self):
            raise OptionError(
                f"Indices run from {chosen.min()} to {chosen.max()}, but there are {len(self)} "
                f"inputs of {self.origin}."
            )
        truth = self.truth
        return dataclasses.replace(
            self,
            names=tuple(self.names[index] for index in chosen),
            rows=self.rows[chosen],
            truth=None if truth is None else tuple(truth[index] for index in chosen),
        )

    def sample(self, count: int | None, seed: int) -> Self:
        """A seeded choice in random order; a larger one begins with the smaller one.

        Args:
            count: At most this many; None for all of them.
            seed: Of the order.
        """
        order = np.random.default_rng(seed).permutation(len(self))
        return self.subset(order[:count])

    def split(self, fraction: float, seed: int) -> tuple[Self, Self]:
        """Two parts without a common input, each with at least one.

        Args:
            fraction: Share of the first part, between 0 and 1.
            seed: Of the choice; both parts keep the order of this set.

        Raises:
            OptionError: A fraction outside 0..1, or fewer than two inputs.
        """
        if not 0.0 < fraction < 1.0:
            raise OptionError(f"A fraction between 0 and 1 splits a set, but got {fraction!r}.")
        if len(self) < 2:
            raise OptionError(f"{self.origin} has {len(self)} inputs: too few to split.")
        count = min(max(round(len(self) * fraction), 1), len(self) - 1)
        order = np.random.default_rng(seed).permutation(len(self))
        return self.subset(np.sort(order[:count])), self.subset(np.sort(order[count:]))

    def as_inputs(self, used: int | None = None, seed: int = 0) -> Inputs:
        """For the report.

        Args:
            used: How many were used; None for all of them.
            seed: Of the choice.
        """
        count = len(self) if used is None else used
        return Inputs(origin=self.origin, used=count, seed=seed, warnings=self.warnings)


def iterate(what: Any) -> tuple[Iterator[Any], str] | None:
    """A pass over whatever gives items one after the other, and what it is, in a word.

    ``tf.data`` is known by its methods, so that TensorFlow need not be there. What has a length and
    is indexed by numbers (a Keras or PyTorch data set) is read by number, because iterating over it
    may never end.

    Returns:
        None when it is nothing to iterate over.
    """
    if isinstance(what, Mapping | str | bytes):
        return None
    if callable(what) and not hasattr(what, "__iter__") and not hasattr(what, "__getitem__"):
        what = what()
    if hasattr(what, "as_numpy_iterator"):
        return iter(what.as_numpy_iterator()), "tf.data"
    if isinstance(what, list | tuple):
        return iter(what), "list"
    if hasattr(what, "__getitem__") and hasattr(what, "__len__"):
        return (what[index] for index in range(len(what))), type(what).__name__
    if hasattr(what, "__iter__"):
        return iter(what), "generator" if hasattr(what, "__next__") else type(what).__name__
    return None


def few_warning(count: int, role: Role) -> list[str]:
    """What to say of a small set."""
    if count >= FEW:
        return []
    if role == "calibration":
        consequence = "ranges of activations may be cut; give some 300 varied ones"
    else:
        consequence = f"one of them alone moves a metric by {100 / count:.1f} points"
    return [f"Only {count} {role} inputs: {consequence}."]
