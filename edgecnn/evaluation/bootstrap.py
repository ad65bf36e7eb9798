"""Intervals of error rates by drawing people, not pairs.

A test of 100 people with ten photographs each has half a million pairs, but it knows 100 people.
Whoever is hard to recognize is so in all of his pairs; drawing pairs as if they were independent
gives intervals that are many times too narrow. Here every replicate draws as many people as there
are, with replacement. A genuine pair then counts as often as its person was drawn, an impostor pair
as often as both were (the product); pairs of a person with his own copy are left out.

A bootstrap only repeats what it saw: a rate of 0 or 1 comes out as 0 or 1 every time. There the
exact interval of as many trials as there are people is given instead, and with fewer than
`MIN_PEOPLE` no interval at all.

References: B. Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979; T. A. B. Snijders
and S. P. Borgatti, "Non-Parametric Standard Errors and Tests for Network Statistics", 1999 (drawing
vertices for statistics of pairs); R. M. Bolle, N. K. Ratha and S. Pankanti, "Error Analysis of
Pattern Recognition Systems: the Subsets Bootstrap", 2004 (for biometrics).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError
from edgecnn.evaluation.binomial import CONFIDENCE, clopper_pearson
from edgecnn.evaluation.pairs import Doubles, Ints, ScoredPairs
from edgecnn.evaluation.verification import beyond

REPLICATES = 1000
MIN_PEOPLE = 10
"""Fewer have too few different draws for a tail of 2.5 %."""
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class WeightedRates:
    """Error rates of one draw; made by `Resampler`.

    Attributes:
        genuine, impostor: Sorted distances, those of the whole sample.
        steps: All thresholds at which a rate changes, rising.
        genuine_sums, impostor_sums: (G + 1,) and (I + 1,) weights below each place.
    """

    genuine: Doubles
    impostor: Doubles
    steps: Doubles
    genuine_sums: Doubles
    impostor_sums: Doubles

    @property
    def usable(self) -> bool:
        """Whether the draw has pairs of both kinds."""
        return bool(self.genuine_sums[-1] > 0 and self.impostor_sums[-1] > 0)

    def far(self, threshold: float) -> float:
        """Share of impostors below a distance."""
        place = int(np.searchsorted(self.impostor, threshold, side="left"))
        return float(self.impostor_sums[place] / self.impostor_sums[-1])

    def tar(self, threshold: float) -> float:
        """Share of genuine pairs below a distance."""
        place = int(np.searchsorted(self.genuine, threshold, side="left"))
        return float(self.genuine_sums[place] / self.genuine_sums[-1])

    def tar_at_far(self, far: float) -> float:
        """The most genuine pairs accepted while at most a share of impostors is."""
        allowed = far * self.impostor_sums[-1] * (1 + 1e-12)
        place = int(np.searchsorted(self.impostor_sums[1:], allowed, side="right"))
        # Everything below the first impostor that would be too many.
        end = np.inf if place == len(self.impostor) else self.impostor[place]
        accepted = int(np.searchsorted(self.genuine, end, side="left"))
        return float(self.genuine_sums[accepted] / self.genuine_sums[-1])

    def equal_error_rate(self) -> float:
        """Where both rates meet; straight lines between thresholds, as `Roc` has them."""
        low, high = -1, len(self.steps) - 1
        while high - low > 1:
            middle = (low + high) // 2
            if self._lead(middle) >= 0:
                high = middle
            else:
                low = middle
        before, after = self._lead(low), self._lead(high)
        far_before = 0.0 if low < 0 else self.far(self.steps[low])
        share = 1.0 if after == before else -before / (after - before)
        return far_before + share * (self.far(self.steps[high]) - far_before)

    def _lead(self, step: int) -> float:
        if step < 0:
            return -1.0
        threshold = float(self.steps[step])
        return self.far(threshold) - (1.0 - self.tar(threshold))


class Resampler:
    """Draws people again and again.

    Args:
        pairs: Of both kinds.

    Raises:
        OptionError: None of one kind.
    """

    def __init__(self, pairs: ScoredPairs) -> None:
        genuine = pairs.genuine
        if not genuine.any() or genuine.all():
            raise OptionError(
                f"There are {int(genuine.sum())} genuine and {int((~genuine).sum())} impostor "
                "pairs; at least one of each is needed."
            )
        same = np.flatnonzero(genuine)[np.argsort(pairs.distances[genuine], kind="stable")]
        other = np.flatnonzero(~genuine)[np.argsort(pairs.distances[~genuine], kind="stable")]
        self._genuine, self._impostor = pairs.distances[same], pairs.distances[other]
        steps = np.unique(pairs.distances)
        self._steps = np.append(steps, beyond(steps[-1]))
        # Only people who are in a pair are drawn.
        present, index = np.unique(
            np.concatenate([pairs.first[same], pairs.first[other], pairs.second[other]]),
            return_inverse=True,
        )
        self.people = len(present)
        parts = np.split(index, [len(same), len(same) + len(other)])
        self._of_genuine, self._of_first, self._of_second = parts

    def rates(self, counts: Ints | None = None) -> WeightedRates:
        """Rates when each person counts so many times; None for once.

        Args:
            counts: (people,) how often each was drawn.
        """
        times = np.ones(self.people) if counts is None else counts.astype(np.float64)
        return WeightedRates(
            self._genuine,
            self._impostor,
            self._steps,
            _sums(times[self._of_genuine]),
            _sums(times[self._of_first] * times[self._of_second]),
        )

    def draws(self, replicates: int = REPLICATES, seed: int = 0) -> Iterator[WeightedRates]:
        """Rates of seeded draws; those without pairs of both kinds are passed over."""
        for counts in draws(self.people, replicates, seed):
            rates = self.rates(counts)
            if rates.usable:
                yield rates


def draws(people: int, replicates: int, seed: int) -> Iterator[Ints]:
    """(people,) how often each person was drawn, again and again."""
    rng = np.random.default_rng(seed)
    chances = np.full(people, 1.0 / people)
    for _ in range(replicates):
        yield rng.multinomial(people, chances)


def interval_of(
    value: float,
    replicates: NDArray[np.float64],
    people: int,
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """The percentile interval of a rate, or what honesty allows.

    Args:
        value: On the whole sample, 0..1.
        replicates: (R,) on the draws; NaN where a draw could not say.
        people: Who were drawn.
        confidence: Of the interval.

    Returns:
        None with fewer than `MIN_PEOPLE` people; the exact interval of ``people`` trials at 0
        and 1.
    """
    known = replicates[np.isfinite(replicates)]
    if people < MIN_PEOPLE or not len(known):
        return None
    if value in (0.0, 1.0):
        return clopper_pearson(people if value else 0, people, confidence)
    tail = 50 * (1.0 - confidence)
    low, high = np.percentile(known, [tail, 100 - tail])
    return float(low), float(high)


def over_draws(
    resampler: Resampler,
    measure: Callable[[WeightedRates], list[float]],
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Doubles:
    """(R, M) figures of the draws."""
    rows = [measure(rates) for rates in resampler.draws(replicates, seed)]
    return np.array(rows, np.float64).reshape(len(rows), -1)


def _sums(weights: Doubles) -> Doubles:
    return np.concatenate([[0.0], np.cumsum(weights)])
