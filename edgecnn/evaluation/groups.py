"""Whether all groups of people are served alike, at one threshold for all of them.

Within each group: how many of its genuine pairs are refused, and how many pairs of its own
different people are accepted. The second is where face recognition differs most between groups,
since people are compared with those who resemble them. A gap between groups is reported with an
interval over people; one that covers 0 shows no difference, and with few people it hides a large
one.

Reference: P. Grother, M. Ngan and K. Hanaoka, "Face Recognition Vendor Test Part 3: Demographic
Effects", NISTIR 8280, 2019 (false positives differ by factors of 10 to 100, false negatives less).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgecnn.errors import OptionError
from edgecnn.evaluation.binomial import clopper_pearson
from edgecnn.evaluation.bootstrap import (
    MIN_PEOPLE,
    REPLICATES,
    Interval,
    Resampler,
    interval_of,
)
from edgecnn.evaluation.pairs import Doubles, ScoredPairs


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRates:
    """One group at one threshold.

    Attributes:
        group: Its name.
        people, genuine_pairs, impostor_pairs, people_pairs: What was compared within it.
        tar: Share of its genuine pairs that are accepted.
        tar_interval: 95 %, over its people; None where there are too few.
        far: Share of its impostor pairs that are accepted.
        far_interval: 95 %, exact, as if each pair of people had been compared once.
    """

    group: str
    people: int
    genuine_pairs: int
    impostor_pairs: int
    people_pairs: int
    tar: float
    tar_interval: Interval | None
    far: float
    far_interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReport:
    """All groups at one threshold.

    Attributes:
        threshold: Distances below it are accepted.
        groups: In the order of their names.
        left_out: Groups without pairs of both kinds.
        without_group: People whose group is not known.
        tar_gap: Best less worst TAR.
        tar_gap_interval: 95 %, over people; None where a group has too few.
        far_ratio: Highest over lowest FAR; None where the lowest is 0.
    """

    threshold: float
    groups: tuple[GroupRates, ...]
    left_out: tuple[str, ...]
    without_group: int
    tar_gap: float
    tar_gap_interval: Interval | None
    far_ratio: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers."""
        return asdict(self)


def judge_groups(
    pairs: ScoredPairs,
    group_of: Mapping[str, str],
    threshold: float,
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> GroupReport:
    """Compare groups at the threshold that everybody gets.

    Args:
        pairs: Of all people.
        group_of: Name of a person -> group.
        threshold: Distances below it are accepted.
        replicates: Draws of people for the intervals; each group is drawn by itself.
        seed: Of the draws.

    Raises:
        OptionError: Fewer than two groups with pairs of both kinds.
    """
    names = sorted({group_of[name] for name in pairs.names if name in group_of})
    index = {name: number for number, name in enumerate(names)}
    of_person = np.array([index.get(group_of.get(name, ""), -1) for name in pairs.names], np.int64)
    found: list[GroupRates] = []
    drawn: list[Doubles] = []
    left_out: list[str] = []
    for number, name in enumerate(names):
        inside = (of_person[pairs.first] == number) & (of_person[pairs.second] == number)
        part = pairs.select(inside)
        if not part.genuine.any() or part.genuine.all():
            left_out.append(name)
            continue
        resampler = Resampler(part)
        tars = [rates.tar(threshold) for rates in resampler.draws(replicates, seed + number)]
        drawn.append(np.array(tars, np.float64))
        found.append(_rates(name, part, threshold, drawn[-1], resampler.people))
    if len(found) < 2:
        raise OptionError(
            f"Groups are compared with each other, but {len(found)} have both genuine and impostor "
            f"pairs of their own (named: {', '.join(names) or 'none'})."
        )
    tars = [one.tar for one in found]
    fars = [one.far for one in found]
    seen = np.unique(np.concatenate([pairs.first, pairs.second]))
    return GroupReport(
        threshold=threshold,
        groups=tuple(found),
        left_out=tuple(left_out),
        without_group=int((of_person[seen] < 0).sum()),
        tar_gap=max(tars) - min(tars),
        tar_gap_interval=_gap_interval(found, drawn),
        far_ratio=max(fars) / min(fars) if min(fars) > 0 else None,
    )


def _rates(
    name: str, part: ScoredPairs, threshold: float, drawn: Doubles, people: int
) -> GroupRates:
    genuine, people_pairs = part.genuine, part.impostor_people_pairs
    accepted = part.distances < threshold
    tar, far = float(accepted[genuine].mean()), float(accepted[~genuine].mean())
    return GroupRates(
        group=name,
        people=people,
        genuine_pairs=int(genuine.sum()),
        impostor_pairs=int((~genuine).sum()),
        people_pairs=people_pairs,
        tar=tar,
        tar_interval=interval_of(tar, drawn, part.genuine_people),
        far=far,
        far_interval=clopper_pearson(round(far * people_pairs), people_pairs),
    )


def _gap_interval(found: list[GroupRates], drawn: list[Doubles]) -> Interval | None:
    """Of the best less the worst group, both as they are named on the whole sample.

    The largest gap of each draw would be too large: even equal groups differ by chance.
    """
    tars = [one.tar for one in found]
    best, worst = int(np.argmax(tars)), int(np.argmin(tars))
    count = min(len(drawn[best]), len(drawn[worst]))
    if min(found[best].people, found[worst].people) < MIN_PEOPLE or not count:
        return None
    low, high = np.percentile(drawn[best][:count] - drawn[worst][:count], [2.5, 97.5])
    return float(low), float(high)
