"""Which channels stay: one ranking over the whole net, cut at a number, a cost or a latency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgecnn.errors import OptionError
from edgecnn.training.prune.flow import Elements
from edgecnn.training.prune.scores import Scores
from edgecnn.training.prune.spaces import Network, Space

Kept = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a space keeps in any case.

    Attributes:
        multiple_of: Channels of a cell stay a multiple of this; kernels of LiteRT and OpenVINO
            work on 8 at a time, so fewer would not be faster. 1 for no such rule. Tied spaces keep
            it where any of their widths allows it.
        minimum: Smallest fraction of a cell's channels that stays, 0..1; at least one block of
            ``multiple_of``, or the whole cell if it is smaller.
    """

    multiple_of: int = 8
    minimum: float = 0.1

    def __post_init__(self) -> None:
        if self.multiple_of < 1:
            raise OptionError(f"multiple_of is {self.multiple_of}; give 1 or more, such as 8.")
        if not 0 <= self.minimum <= 1:
            raise OptionError(f"minimum is {self.minimum}; give a fraction from 0 to 1.")

    def rounded(self, wanted: int, size: int) -> int:
        """Channels to keep of a cell of some size when ``wanted`` of them are good enough."""
        least = max(1, wanted, int(np.ceil(self.minimum * size)))
        return min(size, -(-least // self.multiple_of) * self.multiple_of)


class Ranking:
    """Choices of channels, from all of them to the least that is allowed.

    Choice n leaves out the n channels of the lowest score, as far as limits and groups allow; so
    cost falls with n.

    Args:
        network: The net.
        scores: (classes,) float64; ties are broken by the order in the net.
        limits: What stays in any case.
    """

    def __init__(self, network: Network, scores: Scores, limits: Limits) -> None:
        self._network, self._limits = network, limits
        self._free = [space for space in network.spaces if not space.fixed]
        open_classes = np.concatenate(
            [np.empty(0, np.int64), *[space.classes for space in self._free]]
        )
        order = open_classes[np.lexsort((open_classes, scores[open_classes]))]
        # The place in the ranking; what is in no free space is never left out.
        self._place = np.full(len(scores), len(order), np.int64)
        self._place[order] = np.arange(len(order))
        self.last = len(order)

    def choice(self, left_out: int) -> Kept:
        """The classes (bool for each) that stay when so many of the lowest are left out."""
        kept = np.ones(len(self._place), bool)
        for space in self._free:
            kept = self._with(kept, space, left_out)
        return kept

    def filled(self, left_out: int, fits: Callable[[Kept], bool]) -> Kept:
        """A choice with channels given back, the best first, for as long as it fits.

        A space loses whole blocks, and one block of a space that many layers share is dear: the
        first choice that fits may be far below what was asked for.

        Args:
            left_out: Number of a choice that fits.
            fits: Of a choice with more channels.
        """
        kept = self.choice(left_out)
        wider = [self._wider(space, left_out, kept) for space in self._free]
        while max(wider, default=-1) >= 0:
            number = int(np.argmax(wider))
            space, below = self._free[number], wider[number]
            larger = self._with(kept, space, below)
            fitting = fits(larger)
            kept = larger if fitting else kept
            wider[number] = self._wider(space, below, kept) if fitting else -1
        return kept

    def _with(self, kept: Kept, space: Space, left_out: int) -> Kept:
        """A choice, but for one space."""
        chosen = self._tied(space, left_out) if space.tied else self._loose(space, left_out)
        changed = kept.copy()
        changed[space.classes] = False
        changed[chosen] = True
        return changed

    def _wider(self, space: Space, left_out: int, kept: Kept) -> int:
        """The largest number below one for which a space has more channels; -1 if it has all."""
        now = np.count_nonzero(kept[space.classes])
        places = np.sort(self._place[space.classes])
        for below in places[places < left_out][::-1].tolist():
            if np.count_nonzero(self._with(kept, space, below)[space.classes]) > now:
                return int(below)
        return -1

    def macs(self, left_out: int) -> int:
        """Multiply-adds of that choice."""
        return self._network.walk(self._network.widths(self.choice(left_out))).macs

    def first(self, fits: Callable[[int], bool], *, resolution: int = 1) -> int | None:
        """The smallest n for which ``fits(n)``, by halving.

        Args:
            fits: False up to some n, True from there.
            resolution: Stop when no more than so many are left to choose from.

        Returns:
            An n that fits; None if not even the last does.
        """
        if fits(0):
            return 0
        if not fits(self.last):
            return None
        low, high = 0, self.last
        while high - low > resolution:
            middle = (low + high) // 2
            low, high = (low, middle) if fits(middle) else (middle, high)
        return high

    def _loose(self, space: Space, left_out: int) -> Elements:
        chosen = []
        fixed = self._network.classes.fixed
        for cell in self._network.cells(space):
            place = self._place[cell]
            wanted = int(np.count_nonzero(place >= left_out))
            count = self._limits.rounded(wanted, len(cell))
            if fixed[cell].any():
                count = len(cell)
            chosen.append(_best(cell, place, count))
        return np.concatenate(chosen)

    def _tied(self, space: Space, left_out: int) -> Elements:
        place = self._place[space.classes]
        wanted = np.count_nonzero(place >= left_out) / len(place)
        quotas = self._quotas(space, max(float(wanted), self._limits.minimum))
        signatures = self._network.classes.signatures
        return np.concatenate(
            [
                _best(cell, self._place[cell], quotas.get(int(signatures[cell[0]]), 0))
                for cell in self._network.cells(space)
            ]
        )

    def _quotas(self, space: Space, fraction: float) -> dict[int, int]:
        """Quotas of the narrowest fitting widths that hold at least a fraction of the space."""
        steps = self._network.steps_of(space)
        widths = [self._network.own.flow.widths[name] for name in space.layers]
        even = [
            step
            for step in steps
            if all(int(width * step) % self._limits.multiple_of == 0 for width in widths)
        ]
        # Whether any even step but 1 fits is the same for all choices, so cost falls with n.
        if not any(self._network.quotas(space, step) for step in even if step != 1):
            even = steps
        for step in [*even, steps[-1]]:
            if step >= fraction:
                quotas = self._network.quotas(space, step)
                if quotas is not None:
                    return quotas
        raise AssertionError("all channels of a space always fit")  # pragma: no cover


def _best(cell: Elements, place: Elements, count: int) -> Elements:
    return cell[np.argsort(place, kind="stable")[len(cell) - count :]]
