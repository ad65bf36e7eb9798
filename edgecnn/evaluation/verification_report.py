"""What a verification test says, and no more than that: rates with their support and intervals.

A rate of 1 in 1,000 claimed from 500 comparisons is a guess. A false accept rate is reported here
only where the sample supports it: with so many pairs *of different people* that, had none of them
been accepted, the rate would be shown with 95 % confidence. A thousand photographs of three people
make many pairs of pictures, but three pairs of people.

Reference: Mansfield and Wayman 2002, "Best Practices in Testing and Reporting Performance of
Biometric Devices"; the ten folds: Huang et al. 2007, "Labeled Faces in the Wild".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgecnn.errors import OptionError
from edgecnn.evaluation.binomial import clopper_pearson, trials_needed
from edgecnn.evaluation.bootstrap import (
    REPLICATES,
    Interval,
    Resampler,
    WeightedRates,
    interval_of,
    over_draws,
)
from edgecnn.evaluation.pairs import ScoredPairs
from edgecnn.evaluation.verification import Roc, roc

USUAL_FARS = (0.1, 0.01, 0.001, 0.0001, 0.00001)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """What happens at the threshold that keeps a false accept rate.

    Attributes:
        far: That was asked for, 0..1.
        threshold: The largest that keeps it, exclusive; None when it accepts nothing.
        tar: Share of genuine pairs that are accepted.
        tar_interval: 95 %, over people; None where there are too few of them.
        observed_far: Share of impostor pairs that are accepted, at most ``far``.
        far_interval: 95 %, exact, as if each pair of people had been compared once.
        impostor_pairs, people_pairs: Pairs of pictures, and of people, that it rests on.
    """

    far: float
    threshold: float | None
    tar: float
    tar_interval: Interval | None
    observed_far: float
    far_interval: Interval
    impostor_pairs: int
    people_pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A false accept rate that the sample cannot support."""

    far: float
    people_pairs: int
    people_pairs_needed: int
    people_needed: int

    @property
    def words(self) -> str:
        """Why, for people."""
        return (
            f"A false accept rate of {rate_words(self.far)} takes {self.people_pairs_needed:,} "
            f"pairs of different people (at least {self.people_needed:,} people); here are "
            f"{self.people_pairs:,}."
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VerificationReport:
    """A verification test as a whole.

    Attributes:
        people: Identities in any pair.
        genuine_pairs, impostor_pairs, people_pairs: What was compared.
        equal_error_rate: With its interval over people, or None.
        points: For the rates that are supported, largest first.
        refused: The others.
        farthest_genuine: Largest distance of a genuine pair.
        nearest_impostor: Smallest distance of an impostor pair.
        fold_accuracy: Mean over folds, and its standard error; None without folds.
        curve: All rates at all thresholds.
    """

    people: int
    genuine_pairs: int
    impostor_pairs: int
    people_pairs: int
    equal_error_rate: float
    eer_interval: Interval | None
    points: tuple[OperatingPoint, ...]
    refused: tuple[Refusal, ...]
    farthest_genuine: float
    nearest_impostor: float
    fold_accuracy: tuple[float, float] | None
    curve: Roc

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, without the curve."""
        return {
            "people": self.people,
            "genuine_pairs": self.genuine_pairs,
            "impostor_pairs": self.impostor_pairs,
            "pairs_of_people": self.people_pairs,
            "equal_error_rate": self.equal_error_rate,
            "equal_error_rate_interval": self.eer_interval,
            "farthest_genuine": self.farthest_genuine,
            "nearest_impostor": self.nearest_impostor,
            "tar_at_far": [asdict(point) for point in self.points],
            "refused": [{**asdict(one), "reason": one.words} for one in self.refused],
            "fold_accuracy": None
            if self.fold_accuracy is None
            else {"mean": self.fold_accuracy[0], "standard_error": self.fold_accuracy[1]},
        }


def judge_pairs(
    pairs: ScoredPairs,
    fars: Sequence[float] = USUAL_FARS,
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> VerificationReport:
    """Judge an embedder by compared pairs.

    Args:
        pairs: Of both kinds.
        fars: False accept rates of interest; those without support are refused one by one.
        replicates: Draws of people for the intervals.
        seed: Of the draws.

    Raises:
        OptionError: Pairs of one kind alone, or rates that are none.
    """
    genuine = pairs.genuine
    resampler = Resampler(pairs)
    people_pairs = pairs.impostor_people_pairs
    wanted = sorted(set(fars), reverse=True)
    refused = tuple(one for far in wanted if (one := support(far, people_pairs)) is not None)
    kept = [far for far in wanted if far not in {one.far for one in refused}]

    def measure(rates: WeightedRates) -> list[float]:
        return [rates.equal_error_rate(), *(rates.tar_at_far(far) for far in kept)]

    drawn = over_draws(resampler, measure, replicates=replicates, seed=seed)
    curve = roc(pairs.distances[genuine], pairs.distances[~genuine])
    people = resampler.people
    points = [
        _point(curve, far, pairs, people_pairs, drawn[:, number + 1])
        for number, far in enumerate(kept)
    ]
    return VerificationReport(
        people=people,
        genuine_pairs=int(genuine.sum()),
        impostor_pairs=int((~genuine).sum()),
        people_pairs=people_pairs,
        equal_error_rate=curve.equal_error_rate,
        eer_interval=interval_of(curve.equal_error_rate, drawn[:, 0], pairs.genuine_people),
        points=tuple(points),
        refused=refused,
        farthest_genuine=float(pairs.distances[genuine].max()),
        nearest_impostor=float(pairs.distances[~genuine].min()),
        fold_accuracy=None if pairs.folds is None else fold_accuracy(pairs),
        curve=curve,
    )


def support(far: float, people_pairs: int) -> Refusal | None:
    """None when so many pairs of people support a false accept rate, else what is missing.

    Raises:
        OptionError: Not a rate above 0 and below 1.
    """
    needed = trials_needed(far)
    if people_pairs >= needed:
        return None
    people = math.ceil((1 + math.sqrt(1 + 8 * needed)) / 2)
    return Refusal(
        far=far, people_pairs=people_pairs, people_pairs_needed=needed, people_needed=people
    )


def check_supported(fars: Sequence[float], people_pairs: int) -> None:
    """Refuse rates before time is spent on them.

    Raises:
        OptionError: The first that has no support; says how many pairs it takes.
    """
    for far in fars:
        refusal = support(far, people_pairs)
        if refusal is not None:
            raise OptionError(refusal.words)


def fold_accuracy(pairs: ScoredPairs) -> tuple[float, float]:
    """Share of pairs that are told right, each fold at the threshold that suits the others best.

    Returns:
        Mean over the folds, and its standard error.

    Raises:
        OptionError: Fewer than two folds.
    """
    if pairs.folds is None or len(np.unique(pairs.folds)) < 2:
        raise OptionError("The accuracy over folds needs pairs in at least two folds.")
    genuine = pairs.genuine
    found = []
    for fold in np.unique(pairs.folds):
        inside = pairs.folds == fold
        threshold = _most_accurate(pairs.distances[~inside], genuine[~inside])
        answers = pairs.distances[inside] < threshold
        found.append(float((answers == genuine[inside]).mean()))
    return float(np.mean(found)), float(np.std(found, ddof=1) / math.sqrt(len(found)))


def rate_words(rate: float) -> str:
    """A rate as people say it: ``1 in 1,000``."""
    return f"1 in {1 / rate:,.0f}" if rate > 0 else "0"


def _point(
    curve: Roc, far: float, pairs: ScoredPairs, people_pairs: int, drawn: Any
) -> OperatingPoint:
    tar, threshold = curve.tar_at_far(far)
    genuine = pairs.genuine
    observed = float((pairs.distances[~genuine] < threshold).mean())
    return OperatingPoint(
        far=far,
        threshold=threshold if (pairs.distances < threshold).any() else None,
        tar=tar,
        tar_interval=interval_of(tar, drawn, pairs.genuine_people),
        observed_far=observed,
        far_interval=clopper_pearson(round(observed * people_pairs), people_pairs),
        impostor_pairs=int((~genuine).sum()),
        people_pairs=people_pairs,
    )


def _most_accurate(distances: Any, genuine: Any) -> float:
    """The threshold with the fewest wrong answers; halfway to the next distance."""
    order = np.argsort(distances, kind="stable")
    ordered, same = distances[order], genuine[order]
    # Right when the first n are accepted; n only between different distances.
    right = np.concatenate([[0], np.cumsum(same)]) + np.concatenate(
        [np.cumsum(~same[::-1])[::-1], [0]]
    )
    ends = np.concatenate([[True], np.diff(ordered) > 0, [True]])
    best = int(np.argmax(np.where(ends, right, -1)))
    below = ordered[best - 1] if best else ordered[0] - 1.0
    above = ordered[best] if best < len(ordered) else ordered[-1] + 1.0
    return float((below + above) / 2)
