"""Thresholds from statistics: a rate of false matches that the sample can support, or none.

The sample is one number for each pair of different people: the smallest distance between their
templates. Taken over all their templates it is pessimistic, and it counts a pair of people once,
however many photographs there are of them. With n such numbers in rising order, the threshold for a
target rate is the (k + 1)-th, exclusive, with the largest k for which k or fewer of n would come at
the target rate with a probability of at most 5 %. Which k depends on n and the target alone, so
choosing the threshold from the same sample does not spoil the bound. With n too small for k = 0,
nothing can be claimed: 1 in 100 takes 299 pairs, 1 in 1,000 takes 2,995 (the "rule of three").

What the bound assumes: pairs drawn independently from the people whom the camera will see. Pairs
that share a person are not quite independent, and a family, a school class or one ethnic group
resembles itself more than photographs of public figures do. Calibrate on people like those who will
be seen. One comparison with many people errs more often: see `at_least_one`.

References: S. S. Wilks, "Determination of Sample Sizes for Setting Tolerance Limits", 1941;
C. J. Clopper and E. S. Pearson, "The Use of Confidence or Fiducial Limits", 1934; A. J. Mansfield
and J. L. Wayman, "Best Practices in Testing and Reporting Performance of Biometric Devices", 2002.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgecnn.errors import GalleryError, OptionError
from edgecnn.evaluation.binomial import at_most_with_confidence, clopper_pearson, trials_needed

TARGETS = (0.01, 0.001, 0.0001)
"""Rates that are offered: 1 in 100, in 1,000, in 10,000."""


@dataclass(frozen=True, slots=True)
class Operating:
    """A threshold with what can be said about it.

    Attributes:
        target: False-match rate that was asked for, 0..1.
        threshold: Distances below it are matches.
        pairs: Pairs of people in the sample.
        false_matches: How many of them lie below the threshold.
        upper_bound: 95 % bound of the false-match rate at this threshold; at most ``target``.
    """

    target: float
    threshold: float
    pairs: int
    false_matches: int
    upper_bound: float


@dataclass(frozen=True, slots=True)
class Misses:
    """How often a genuine attempt fails at a threshold.

    Attributes:
        attempts: Templates that were compared with the others of their person.
        missed: How many were not below the threshold.
        rate: Their share; NaN without attempts.
        low, high: 95 % interval.
    """

    attempts: int
    missed: int
    rate: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers; None where nothing was measured."""
        known = self.attempts > 0
        return {
            "attempts": self.attempts,
            "missed": self.missed,
            "rate": round(self.rate, 4) if known else None,
            "interval": [round(self.low, 4), round(self.high, 4)] if known else None,
        }


def threshold_for(target: float, impostors: ArrayLike, pairs: int | None = None) -> Operating:
    """The largest threshold whose false-match rate is at most a target, with 95 % confidence.

    Args:
        target: Rate, above 0 and below 1.
        impostors: (n,) smallest distances of pairs of different people.
        pairs: How many there are, when only those with the smallest distances are given.

    Raises:
        OptionError: Not a rate.
        GalleryError: Too few pairs for this target; says how many it takes.
    """
    needed = pairs_needed(target)
    ordered = np.sort(np.asarray(impostors, np.float64).reshape(-1))
    if not np.isfinite(ordered).all():
        raise OptionError("Some distances are NaN or infinite: an embedding is broken.")
    if pairs is None:
        pairs = len(ordered)
    if pairs < needed:
        people = people_needed(needed)
        supported = [rate for rate in TARGETS if pairs_needed(rate) <= pairs]
        instead = (
            f"The strictest usual rate that they support is {in_words(min(supported))}."
            if supported
            else "They support none of the usual rates."
        )
        raise GalleryError(
            f"{pairs} pairs of people do not support a false-match rate of {in_words(target)}: "
            f"that takes {needed:,} pairs, for example {people:,} people. {instead}"
        )
    allowed = min(_most_allowed(pairs, target), len(ordered) - 1)
    # Distances below the threshold are matches, so equal ones beside it do not count.
    threshold = float(ordered[allowed])
    below = int(np.searchsorted(ordered, threshold, side="left"))
    return Operating(target, threshold, pairs, below, upper_bound(allowed, pairs))


def pairs_needed(target: float) -> int:
    """Pairs that support a rate when not one of them is a false match.

    Raises:
        OptionError: Not above 0 and below 1.
    """
    return trials_needed(target)


def people_needed(pairs: int) -> int:
    """The fewest people who make so many pairs."""
    people = math.ceil((1 + math.sqrt(1 + 8 * pairs)) / 2)
    return people if people * (people - 1) // 2 >= pairs else people + 1


@functools.lru_cache(maxsize=1024)
def upper_bound(events: int, trials: int) -> float:
    """One-sided 95 % bound of a probability (the upper end of the two-sided 90 % interval)."""
    return at_most_with_confidence(events, trials) if events < trials else 1.0


def misses_at(threshold: float, genuine: NDArray[np.float64]) -> Misses:
    """How often people are not recognized: what the false-match rate is paid with."""
    attempts, missed = len(genuine), int((genuine >= threshold).sum())
    low, high = clopper_pearson(missed, attempts)
    return Misses(attempts, missed, missed / attempts if attempts else math.nan, low, high)


def at_least_one(rate: float, people: int) -> float:
    """Probability that a stranger matches at least one of so many people, if they are independent.

    Identification is as many comparisons as there are people: a rate of 1 in 1,000 against 50
    people lets 1 stranger in 20 through.
    """
    return -math.expm1(people * math.log1p(-rate)) if rate < 1.0 else 1.0


def in_words(rate: float) -> str:
    """``1 in 1,000``; rounded where it is not a whole number."""
    return f"1 in {round(1 / rate):,}"


@functools.lru_cache(maxsize=64)
def _most_allowed(trials: int, target: float) -> int:
    """The largest k whose upper bound is at most the target; the caller knows that 0 is one."""
    low, high = 0, max(1, math.ceil(trials * target))
    while high - low > 1:  # the bound grows with k
        middle = (low + high) // 2
        if upper_bound(middle, trials) <= target:
            low = middle
        else:
            high = middle
    return low
