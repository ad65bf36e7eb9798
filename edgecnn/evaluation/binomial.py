"""How sure a counted rate is: exact intervals, and how many trials a claim takes.

References: C. J. Clopper and E. S. Pearson, "The Use of Confidence or Fiducial Limits Illustrated
in the Case of the Binomial", 1934; A. J. Mansfield and J. L. Wayman, "Best Practices in Testing and
Reporting Performance of Biometric Devices", 2002 (the "rule of three": no error in n trials means a
rate below 3/n with 95 % confidence).
"""

from __future__ import annotations

import math

import numpy as np

from edgecnn.errors import OptionError

CONFIDENCE = 0.95
_HALVINGS = 60
"""Of the interval 0..1: finer than a float of that size can be."""


def clopper_pearson(
    events: int, trials: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """The two-sided exact interval of a probability; (0, 1) without trials.

    It never covers less than it promises, so it is a little wide.

    Args:
        events: How often it happened.
        trials: Out of how many, independent of each other.
        confidence: That the true rate lies inside, 0..1.

    Raises:
        OptionError: More events than trials, or fewer than none.
    """
    if not 0 <= events <= trials:
        raise OptionError(f"{events} events cannot come out of {trials} trials.")
    if trials == 0:
        return 0.0, 1.0
    tail = (1.0 - confidence) / 2
    low = 0.0 if events == 0 else 1.0 - _upper(trials - events, trials, tail)
    high = 1.0 if events == trials else _upper(events, trials, tail)
    return low, high


def at_most_with_confidence(events: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """The one-sided exact bound: the rate is at most this.

    Args:
        events: How often it happened, fewer than ``trials``.
        trials: Out of how many, independent of each other.
        confidence: That the true rate is no larger.

    Raises:
        OptionError: As many events as trials, or fewer than none.
    """
    if not 0 <= events < trials:
        raise OptionError(f"{events} events out of {trials} trials bound nothing from above.")
    return _upper(events, trials, 1.0 - confidence)


def trials_needed(rate: float, confidence: float = CONFIDENCE) -> int:
    """The fewest trials that can support a rate: those in which not one event may happen.

    Args:
        rate: To be claimed, above 0 and below 1.
        confidence: Of the claim.

    Raises:
        OptionError: Not a rate.
    """
    if not 0.0 < rate < 1.0:
        raise OptionError(
            f"A rate to be supported lies between 0 and 1, for example 0.001 (1 in 1,000), but "
            f"got {rate!r}."
        )
    return math.ceil(math.log(1.0 - confidence) / math.log1p(-rate))


def _upper(events: int, trials: int, tail: float) -> float:
    """The rate at which so few events or fewer have a probability of ``tail``."""
    low, high = events / trials, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _at_most(events, trials, middle) > tail:
            low = middle
        else:
            high = middle
    return high


def _at_most(events: int, trials: int, rate: float) -> float:
    """Probability of so many events or fewer, summed in logarithms so that nothing underflows."""
    if rate >= 1.0:
        return 0.0
    counts = np.arange(1, events + 1, dtype=np.float64)
    ratios = np.log(trials - counts + 1) - np.log(counts) + math.log(rate) - math.log1p(-rate)
    terms = np.concatenate([[0.0], np.cumsum(ratios)]) + trials * math.log1p(-rate)
    largest = float(terms.max())
    return float(np.exp(terms - largest).sum()) * math.exp(largest)
