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
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Elements = npt.NDArray[np.int64]


class UnevenError(Exception):
    """These widths do not fit a grouped convolution, shuffle, slice or reshape."""


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """The elements in one tensor.

    Attributes:
        elements: As many axes as the tensor without its batch axis; an axis along which the
            elements do not change has length 1.
        shape: Of the tensor, without the batch axis.
    """

    elements: Elements
    shape: tuple[int, ...]

    @property
    def channels(self) -> Elements:
        """Elements along the last axis, one for each channel.

        Raises:
            UnevenError: Another axis carries channels as well.
        """
        if self.elements.size != self.elements.shape[-1]:
            raise UnevenError("channels lie on an axis that is not the last one")
        return np.broadcast_to(self.elements.reshape(-1), (self.shape[-1],))


@dataclass(slots=True, eq=False)
class Flow:
    """What one walk found.

    Attributes:
        producers: Names of the inputs and layers that make channels, in order.
        starts: First element of each producer, and behind them the number of all elements.
        taken: By step, the elements of the channels that go into a layer with weights.
        joins: Pairs of arrays of elements that live and die together.
        routes: (elements, hash) of what demands even counts.
        fixed: Arrays of elements that have to stay.
        tied: Arrays of elements whose producers can only shrink together.
    """

    producers: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    taken: dict[str, Elements] = field(default_factory=dict)
    joins: list[tuple[Elements, Elements]] = field(default_factory=list)
    routes: list[tuple[Elements, int]] = field(default_factory=list)
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

    def keep(self, elements: Elements, step: str) -> None:
        """Note that elements cannot be removed."""
        elements = elements.reshape(-1)
        self.fixed.append(elements)
        self.route(elements, step, "fixed")

    def route(self, elements: Elements, step: str, part: object) -> None:
        """Note which part of a step the elements pass."""
        # zlib's sum is the same in every process, unlike Python's own hash of a text.
        self.routes.append((elements.reshape(-1), zlib.crc32(f"{step}|{part}".encode())))

    def parts(self, elements: Elements, step: str, count: int, side: str) -> None:
        """Note that consecutive parts of a row of elements have to be of one size.

        Raises:
            UnevenError: The row cannot be divided so.
        """
        row = elements.reshape(-1)
        if len(row) % count:
            raise UnevenError(f"{len(row)} channels cannot be divided by {count} in {step}")
        self.tied.append(row)
        for number, part in enumerate(row.reshape(count, -1)):
            self.route(part, step, (side, number))


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """Elements sorted into classes that live and die together.

    Attributes:
        of: (elements,) the class of each element, named by its smallest element.
        ids: (classes,) all classes, ascending.
        signatures: (classes,) uint64; equal where the same layers make and use the class.
        fixed: (classes,) bool, whether it has to stay.
    """

    of: Elements
    ids: Elements
    signatures: npt.NDArray[np.uint64]
    fixed: npt.NDArray[np.bool_]

    def index(self, classes: Elements) -> Elements:
        """Places of classes in `ids`."""
        return np.searchsorted(self.ids, classes).astype(np.int64)


def connected(count: int, edges: Sequence[tuple[Elements, Elements]]) -> Elements:
    """Smallest member of the component of each of ``count`` nodes, int64 (count,)."""
    parent = np.arange(count)
    if not edges:
        return parent
    one = np.concatenate([edge[0] for edge in edges])
    other = np.concatenate([edge[1] for edge in edges])
    while True:
        before = parent
        low = np.minimum(parent[one], parent[other])
        parent = parent.copy()
        for ends in (one, other):
            np.minimum.at(parent, before[ends], low)
            np.minimum.at(parent, ends, low)
        parent = parent[parent]
        if np.array_equal(parent, before):
            return parent


def classify(flow: Flow) -> Classes:
    """Sort the elements of a flow into classes."""
    count = flow.starts[-1]
    of = connected(count, flow.joins)
    ids, index = np.unique(of, return_inverse=True)

    producer = np.repeat(np.arange(len(flow.producers)), np.diff(flow.starts)).astype(np.uint64)
    passed = np.zeros(count, np.uint64)
    for elements, code in flow.routes:
        np.add.at(passed, elements, _scattered(np.array([code], np.uint64))[0])
    signatures = np.zeros(len(ids), np.uint64)
    np.add.at(signatures, index, _scattered(passed ^ _scattered(producer + np.uint64(1))))

    fixed = np.zeros(len(ids), bool)
    for elements in flow.fixed:
        fixed[index[elements]] = True
    return Classes(of, ids, signatures, fixed)


def _scattered(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Spread numbers over 64 bits (the finaliser of splitmix64), so that sums hardly collide."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def positions(before: Elements, after: Elements) -> Elements:
    """Where each class of a smaller tensor stood in the larger one.

    A class may occur more than once (behind a flattening, or x beside f(x) + x); its n-th
    occurrence in the small tensor is then the n-th in the large one.

    Args:
        before: (n,) classes in the order of the large tensor.
        after: (m,) classes in the order of the small tensor, all of them in ``before``.

    Returns:
        (m,) int64 places in ``before``.
    """
    order = np.argsort(before, kind="stable")
    ranked = before[order]
    own = np.argsort(after, kind="stable")
    nth = np.empty(len(after), np.int64)
    nth[own] = np.arange(len(after)) - np.searchsorted(after[own], after[own])
    places = np.searchsorted(ranked, after) + nth
    if len(after) and (places.max() >= len(before) or not np.array_equal(ranked[places], after)):
        raise UnevenError("a channel is used at a place that it did not have before")
    return np.asarray(order[places], np.int64)
