"""The channels of a network, sorted into spaces whose channels compete for their place.

A *space* is a set of layers whose channels depend on each other; a *cell* is a part of it in which
channels are alike to all layers around, so that any of them may go. Spaces behind shuffles, slices
and grouped convolutions are *tied*: they shrink as a whole, to the widths that fit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import gcd

import numpy as np
import numpy.typing as npt

from edgecnn.core.components import connected
from edgecnn.errors import OptionError
from edgecnn.training.prune.flow import (
    Carried,
    Classes,
    Elements,
    Flow,
    UnevenError,
    classify,
    fresh,
)
from edgecnn.training.prune.graph import Graph
from edgecnn.training.prune.rules import Call, Rule, check_excluded, rule_of

Widths = Mapping[str, int]


@dataclass(slots=True, eq=False)
class Walk:
    """One walk through a graph: the flow of its channels, every call as it was then, and its cost.

    Attributes:
        flow: Where channels come from and go.
        calls: By step, what its rule saw.
        macs: Multiply-adds of the whole net at these widths, for one picture.
    """

    flow: Flow = field(default_factory=Flow)
    calls: dict[str, Call] = field(default_factory=dict)
    macs: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """Classes of channels that depend on each other.

    Attributes:
        layers: Names of the layers that make the channels.
        classes: (n,) places of the classes in `Classes.ids`.
        fixed: Whether all of them have to stay.
        tied: Whether the space shrinks as a whole.
    """

    layers: tuple[str, ...]
    classes: Elements
    fixed: bool
    tied: bool


class Network:
    """A traced model with what depends on what in it.

    Args:
        graph: The traced model.
        exclude: Names of layers that keep all channels that go in and out.

    Raises:
        OptionError: A layer is not known to pruning, or an excluded name not to the graph.
    """

    def __init__(self, graph: Graph, exclude: frozenset[str] = frozenset()) -> None:
        check_excluded(graph, exclude)
        self.graph = graph
        self.rules: list[Rule] = [rule_of(step, exclude) for step in graph.steps]
        self.own = self.walk({})
        self.classes = classify(self.own.flow)
        self._feasible: dict[tuple[tuple[str, ...], Fraction], Counter[int] | None] = {}

    def walk(self, widths: Widths) -> Walk:
        """Send channels through the net; layers that ``widths`` does not name keep theirs.

        Raises:
            UnevenError: The widths do not fit a grouped convolution, shuffle, slice or reshape.
            OptionError: Not even the layer's own width can be followed; the layer is named.
        """
        walk, graph = Walk(), self.graph
        carried: dict[int, Carried] = {}
        for number, name, _ in graph.inputs:
            shape = graph.shapes[number]
            made = walk.flow.make(f"input:{name}", shape[-1] if shape else 1)
            carried[number] = fresh(made, shape or (1,))
            walk.flow.keep(carried[number], "input")
        for step, rule in zip(graph.steps, self.rules, strict=True):
            width = 0
            if rule.width is not None:
                width = widths.get(step.name, rule.width(step))
            call = Call(
                step=step,
                inputs=tuple(carried[number] for number in step.inputs),
                in_shapes=tuple(graph.shapes[number] for number in step.inputs),
                out_shapes=tuple(graph.shapes[number] for number in step.outputs),
                width=width,
            )
            walk.calls[step.name] = call
            try:
                results = rule.flow(walk.flow, call)
            except UnevenError as error:
                if widths:
                    raise
                raise OptionError(
                    f"Pruning cannot follow the channels through {step.name!r} ({step.kind}): "
                    f"{error}. Give its name in exclude=({step.name!r},)."
                ) from error
            carried.update(zip(step.outputs, results, strict=True))
            if rule.macs is not None:
                coming, going = call.inputs[0].shape, results[0].shape
                walk.macs += rule.macs(step, coming[-1], going[-1], coming, going)
        for number in graph.outputs:
            walk.flow.keep(carried[number], "output")
        return walk

    @cached_property
    def spaces(self) -> tuple[Space, ...]:
        """All spaces, in the order of their first layer."""
        flow, classes = self.own.flow, self.classes
        producer = np.repeat(np.arange(len(flow.producers)), np.diff(flow.starts))
        tied_edges = [(producer[row], np.full(row.shape, producer[row[0]])) for row in flow.tied]
        edges = [(producer, producer[classes.of]), *tied_edges]
        root = connected(len(flow.producers), edges)
        tied = {int(root[producer[row[0]]]) for row in flow.tied}
        doubled = classes.doubled
        of_class = root[producer[classes.ids]]
        spaces = []
        for first in np.unique(root).tolist():
            members = np.flatnonzero(of_class == first)
            if not len(members):
                continue
            fixed = bool(classes.fixed[members].all())
            if first in tied or doubled[members].any():
                fixed = bool(classes.fixed[members].any())
            names = [name for name, at in zip(flow.producers, root, strict=True) if at == first]
            spaces.append(Space(tuple(names), members, fixed, first in tied))
        return tuple(spaces)

    def cells(self, space: Space) -> list[Elements]:
        """The classes of a space by cell, as places in `Classes.ids`."""
        signatures = self.classes.signatures[space.classes]
        order = np.argsort(signatures, kind="stable")
        cuts = np.flatnonzero(np.diff(signatures[order])) + 1
        return [np.sort(space.classes[part]) for part in np.split(order, cuts)]

    def steps_of(self, space: Space) -> list[Fraction]:
        """Fractions to which all layers of a tied space can be brought alike, ascending, with 1."""
        widths = [self.own.flow.widths[name] for name in space.layers]
        common = gcd(*widths)
        return [Fraction(part, common) for part in range(1, common + 1)]

    def quotas(self, space: Space, fraction: Fraction) -> Counter[int] | None:
        """Channels of each cell (by signature) that a tied space has at a fraction of its widths.

        Returns:
            None where this fraction does not fit the network.
        """
        key = (space.layers, fraction)
        if key not in self._feasible:
            self._feasible[key] = self._quotas(space, fraction)
        return self._feasible[key]

    def _quotas(self, space: Space, fraction: Fraction) -> Counter[int] | None:
        have = Counter(self.classes.signatures[space.classes].tolist())
        if fraction == 1:
            return have
        own = self.own.flow.widths
        try:
            walk = self.walk({name: int(own[name] * fraction) for name in space.layers})
        except UnevenError:
            return None
        smaller = classify(walk.flow)
        wanted = Counter(smaller.signatures.tolist())
        rest = Counter(np.delete(self.classes.signatures, space.classes).tolist())
        wanted.subtract(rest)
        if any(count < 0 or count > have[code] for code, count in wanted.items()):
            return None
        return Counter({code: count for code, count in wanted.items() if count})

    def widths(self, kept: npt.NDArray[np.bool_]) -> dict[str, int]:
        """Channels of each producer when only some classes (bool for each of them) are kept."""
        flow, classes = self.own.flow, self.classes
        stays = kept[classes.index(classes.of)].astype(np.int64)
        sums = np.concatenate([[0], np.cumsum(stays)])[np.asarray(flow.starts)]
        return dict(zip(flow.producers, np.diff(sums).tolist(), strict=True))


def correspondence(classes: Classes, kept: npt.NDArray[np.bool_], smaller: Classes) -> Elements:
    """Class of the large net for each element of the small one.

    Args:
        classes: Of the large net.
        kept: (classes,) bool, those that the small net has.
        smaller: Of the small net.

    Returns:
        (elements of the small net,) int64 ids of classes of the large net.

    Raises:
        UnevenError: The small net has other numbers of channels in a cell than are kept.
    """
    ids, signatures = classes.ids[kept], classes.signatures[kept]
    ours = np.argsort(signatures, kind="stable")
    theirs = np.argsort(smaller.signatures, kind="stable")
    if not np.array_equal(signatures[ours], smaller.signatures[theirs]):
        raise UnevenError("the kept channels do not fit the groups of the smaller net")
    origin = np.empty(len(smaller.ids), np.int64)
    origin[theirs] = ids[ours]
    return np.asarray(origin[smaller.index(smaller.of)], np.int64)
