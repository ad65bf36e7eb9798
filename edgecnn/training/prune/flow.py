"""Where channels come from and where they go: one walk through a graph, at given widths.

Every layer that makes channels (a convolution, a dense layer, an input) gets a number for each of
them, its *elements*. A tensor carries an array of such numbers; the other layers hand them on:
concatenation puts them side by side, flattening repeats them, a shuffle permutes them. An addition
joins the elements of its inputs, place by place: they live and die together, as one *class*.

Some layers want more than whole classes: a grouped convolution needs as many channels in each
group, a shuffle and a slice as well. They note the *route* of each element (which group, which side
of the cut). The same walk at smaller widths then tells how many channels of each route a smaller
net has, and that is how many may be kept. So the rule for "equal counts per group", at any depth of
shuffles behind shuffles, is the network itself and not a second description of it.

Reference:
    Fang et al., "DepGraph: Towards Any Structural Pruning", CVPR 2023, for the grouping of what
    depends on each other. Routes through shuffles are our own.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from edgecnn.core.components import connected

Elements = npt.NDArray[np.int64]
Tags = npt.NDArray[np.uint64]
Array = npt.NDArray[Any]


class UnevenError(Exception):
    """These widths do not fit a grouped convolution, shuffle, slice or reshape."""


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """The elements in one tensor.

    An element may be in a tensor more than once: behind a flattening, behind a depthwise
    convolution that makes several channels of one, or where x stands beside f(x) + x. Its copies
    are told apart by tags, which only depend on the way that they took.

    Attributes:
        elements: As many axes as the tensor without its batch axis; an axis along which the
            elements do not change has length 1.
        tags: uint64 in the same shape.
        shape: Of the tensor, without the batch axis.
    """

    elements: Elements
    tags: Tags
    shape: tuple[int, ...]

    @property
    def row(self) -> Carried:
        """The channels of a tensor that only has them on its last axis, as one axis.

        Raises:
            UnevenError: Another axis carries channels as well.
        """
        if self.elements.size != self.elements.shape[-1]:
            raise UnevenError("channels lie on an axis that is not the last one")
        shape = (self.shape[-1],)
        elements, tags = self.elements.reshape(-1), self.tags.reshape(-1)
        return Carried(np.broadcast_to(elements, shape), np.broadcast_to(tags, shape), shape)

    def moved(self, move: Callable[[Array], Array], shape: tuple[int, ...]) -> Carried:
        """The same movement of elements and tags."""
        return Carried(move(self.elements), move(self.tags), shape)

    def part(self, low: int, high: int | None) -> Carried:
        """Some of a row of channels."""
        elements = self.elements[low:high]
        return Carried(elements, self.tags[low:high], elements.shape)

    def at(self, axis: int, places: Sequence[int]) -> Carried:
        """What is at some places of an axis; the tensor's shape stays."""
        return self.moved(lambda values: values.take(places, axis=axis), self.shape)

    def stretched(self, shape: tuple[int, ...]) -> Carried:
        """Copied along the axes along which nothing changes."""
        return self.moved(lambda values: np.broadcast_to(values, shape), shape)

    def reshaped(self, shape: tuple[int, ...]) -> Carried:
        """In another shape; nothing may lie folded in axes of length 1."""
        return self.moved(lambda values: values.reshape(shape), shape)

    def on_last_axis(self, shape: tuple[int, ...]) -> Carried:
        """A row of channels as the last axis of a tensor that else has the given shape."""
        axes = (1,) * (len(shape) - 1) + (-1,)
        return self.moved(lambda row: row.reshape(axes), (*shape[:-1], self.elements.size))

    def tagged(self, step: str, parts: Array) -> Carried:
        """Tell copies apart by the part of a step that they come from, int (broadcast)."""
        code = _scattered(parts.astype(np.uint64) + np.uint64(zlib.crc32(step.encode())))
        tags = _scattered(self.tags ^ code)
        return Carried(np.broadcast_to(self.elements, tags.shape), tags, self.shape)


def fresh(elements: Elements, shape: tuple[int, ...]) -> Carried:
    """New elements (n,) on the last axis of a tensor."""
    row = Carried(elements, np.zeros(elements.shape, np.uint64), elements.shape)
    return row.on_last_axis(shape)


@dataclass(slots=True, eq=False)
class Flow:
    """What one walk found.

    Attributes:
        producers: Names of the inputs and layers that make channels, in order.
        starts: First element of each producer, and behind them the number of all elements.
        taken: By step, the row of channels that goes into a layer with weights.
        joins: Pairs of arrays of elements that live and die together.
        routes: (elements, codes) of what demands even counts.
        fixed: Arrays of elements that have to stay.
        tied: Arrays of elements whose producers can only shrink together.
    """

    producers: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    taken: dict[str, Carried] = field(default_factory=dict)
    joins: list[tuple[Elements, Elements]] = field(default_factory=list)
    routes: list[tuple[Elements, Tags]] = field(default_factory=list)
    fixed: list[Elements] = field(default_factory=list)
    tied: list[Elements] = field(default_factory=list)

    def make(self, name: str, width: int) -> Elements:
        """New elements (width,) of a producer."""
        first = self.starts[-1]
        self.producers.append(name)
        self.starts.append(first + width)
        return np.arange(first, first + width)

    def made(self, name: str) -> Elements:
        """The elements (width,) of a producer, in the order of its channels."""
        index = self.producers.index(name)
        return np.arange(self.starts[index], self.starts[index + 1])

    @property
    def widths(self) -> dict[str, int]:
        """Number of channels of each producer."""
        counts = np.diff(self.starts).tolist()
        return dict(zip(self.producers, counts, strict=True))

    def join(self, one: Elements, other: Elements) -> None:
        """Note that two arrays of elements, broadcast against each other, belong together."""
        left, right = np.broadcast_arrays(one, other)
        self.joins.append((left.reshape(-1), right.reshape(-1)))

    def keep(self, carried: Carried, step: str) -> None:
        """Note that elements cannot be removed."""
        self.fixed.append(carried.elements.reshape(-1))
        self.route(carried, step, "fixed")

    def route(self, carried: Carried, step: str, part: object) -> None:
        """Note which part of a step the elements pass."""
        # zlib's sum is the same in every process, unlike Python's own hash of a text.
        code = np.uint64(zlib.crc32(f"{step}|{part}".encode()))
        tags = carried.tags.reshape(-1)
        self.routes.append((carried.elements.reshape(-1), _scattered(_scattered(tags) + code)))

    def parts(self, row: Carried, step: str, count: int, side: str) -> None:
        """Note that consecutive parts of a row of channels have to be of one size.

        Raises:
            UnevenError: The row cannot be divided so.
        """
        channels = row.elements.size
        if channels % count:
            raise UnevenError(f"{channels} channels cannot be divided by {count} in {step}")
        self.tied.append(row.elements)
        size = channels // count
        for number in range(count):
            self.route(row.part(number * size, (number + 1) * size), step, (side, number))


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """Elements sorted into classes that live and die together.

    Attributes:
        of: (elements,) the class of each element, named by its smallest element.
        ids: (classes,) all classes, ascending.
        signatures: (classes,) uint64; equal where the same layers make and use the class.
        fixed: (classes,) bool, whether it has to stay.
        doubled: (classes,) bool, whether a layer has two channels in it (as in x + shuffle(x)):
            nothing says which is which in a smaller net, so they stay.
    """

    of: Elements
    ids: Elements
    signatures: npt.NDArray[np.uint64]
    fixed: npt.NDArray[np.bool_]
    doubled: npt.NDArray[np.bool_]

    def index(self, classes: Elements) -> Elements:
        """Places of classes in `ids`."""
        return np.searchsorted(self.ids, classes).astype(np.int64)


def classify(flow: Flow) -> Classes:
    """Sort the elements of a flow into classes."""
    count = flow.starts[-1]
    of = connected(count, flow.joins)
    ids, index = np.unique(of, return_inverse=True)

    producer = np.repeat(np.arange(len(flow.producers)), np.diff(flow.starts)).astype(np.uint64)
    passed = np.zeros(count, np.uint64)
    for elements, codes in flow.routes:
        np.add.at(passed, elements, codes)
    signatures = np.zeros(len(ids), np.uint64)
    np.add.at(signatures, index, _scattered(passed ^ _scattered(producer + np.uint64(1))))

    fixed = np.zeros(len(ids), bool)
    for elements in flow.fixed:
        fixed[index[elements]] = True
    pairs = index * len(flow.producers) + producer.astype(np.int64)
    pair, counts = np.unique(pairs, return_counts=True)
    doubled = np.zeros(len(ids), bool)
    doubled[pair[counts > 1] // len(flow.producers)] = True
    return Classes(of, ids, signatures, fixed | doubled, doubled)


def _scattered(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Spread numbers over 64 bits (the finaliser of splitmix64), so that sums hardly collide."""
    values = np.atleast_1d(values)  # numpy warns of the intended overflow for single numbers
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def keys(classes: Elements, tags: Tags) -> Tags:
    """One number for each channel of a tensor, from its class and its tag."""
    return _scattered(_scattered(classes.astype(np.uint64)) + tags)


def positions(before: Tags, after: Tags) -> Elements:
    """Where each channel of a smaller tensor stood in the larger one.

    Equal keys are taken in turn. Only channels that depend on another channel of the same layer
    (see `Classes.doubled`) have them, and those all stay, in one order.

    Args:
        before: (n,) `keys` in the order of the large tensor.
        after: (m,) `keys` in the order of the small tensor.

    Returns:
        (m,) int64 places in ``before``.

    Raises:
        UnevenError: A channel was not there before.
    """
    order = np.argsort(before, kind="stable")
    ranked = before[order]
    own = np.argsort(after, kind="stable")
    turn = np.empty(len(after), np.int64)
    turn[own] = np.arange(len(after)) - np.searchsorted(after[own], after[own])
    places = np.minimum(np.searchsorted(ranked, after) + turn, len(before) - 1)
    if not np.array_equal(ranked[places], after):
        raise UnevenError("a channel is used at a place that it did not have before")
    return np.asarray(order[places], np.int64)
