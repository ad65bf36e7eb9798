"""Finding a person among many: rank-k when he is enrolled, *unknown* when he is not.

Every person has some pictures enrolled; the others are probes. One table of distances from each
probe to each person answers both questions. Closed set: at which rank does the own person come.
Open set: every probe is asked twice, once as it is, and once as a stranger, with its own person
taken out of the gallery. So no one has to choose, by luck, who the strangers are, and the gallery
is smaller by one person only.

Intervals draw the people of the probes; the gallery stays, since the rates depend on its size.

References: P. J. Phillips, P. Grother and R. Micheals, "Evaluation Methods in Face Recognition", in
Handbook of Face Recognition, 2011 (rank-k, detection and identification rate at a false alarm
rate); ties count against us.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError
from edgecnn.evaluation.bootstrap import REPLICATES, Interval, draws, interval_of
from edgecnn.evaluation.pairs import Doubles, Ints
from edgecnn.evaluation.verification import beyond
from edgecnn.evaluation.verification_report import USUAL_FARS, Refusal, support

RANKS = (1, 5)
TableOf = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
"""From (A, D) and (B, D) to the (A, B) distances of all rows to all rows."""
_PROBES = 256


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """What the probes found.

    Attributes:
        own: (Q,) distance to the own person.
        other: (Q,) distance to the nearest other person.
        rank: (Q,) int64, 1 when nobody is nearer than the own person.
        people: (Q,) int64, whose probe it is.
        gallery: People enrolled.
    """

    own: Doubles
    other: Doubles
    rank: Ints
    people: Ints
    gallery: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPoint:
    """Strangers and known people at one threshold.

    Attributes:
        far: Share of strangers that may be given a name.
        threshold: The largest that keeps it, exclusive; None when it names nobody.
        dir: Share of probes of enrolled people that are given the right name.
        dir_interval: 95 %, over people; None where there are too few.
        strangers: People who were asked about as strangers.
    """

    far: float
    threshold: float | None
    dir: float
    dir_interval: Interval | None
    strangers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentificationReport:
    """An identification test as a whole.

    Attributes:
        gallery: People enrolled.
        probes, people: Pictures asked about, and whose they are.
        ranks: k -> share of probes whose person is among the k nearest, and its interval.
        points: Open-set rates that are supported, largest first.
        refused: The others.
    """

    gallery: int
    probes: int
    people: int
    ranks: dict[int, tuple[float, Interval | None]]
    points: tuple[OpenPoint, ...]
    refused: tuple[Refusal, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            "enrolled_people": self.gallery,
            "probes": self.probes,
            "people": self.people,
            "ranks": {
                str(rank): {"rate": rate, "interval": interval}
                for rank, (rate, interval) in self.ranks.items()
            },
            "dir_at_far": [asdict(point) for point in self.points],
            "refused": [
                {"far": one.far, "strangers": self.people, "needed": one.people_pairs_needed}
                for one in self.refused
            ],
        }


def enrol_first(identities: Ints, templates: int = 1) -> NDArray[np.bool_]:
    """(N,) whether a picture is enrolled: the first of each person, in the order that they have.

    Args:
        identities: (N,) of the pictures.
        templates: Pictures enrolled of each person.
    """
    order = np.argsort(identities, kind="stable")
    ordered = identities[order]
    starts = np.searchsorted(ordered, ordered, side="left")
    enrolled = np.zeros(len(identities), np.bool_)
    enrolled[order] = np.arange(len(order)) - starts < templates
    return enrolled


def ask(
    vectors: NDArray[Any], identities: Ints, enrolled: NDArray[np.bool_], table: TableOf
) -> Trials:
    """Ask about every picture that is not enrolled.

    Args:
        vectors: (N, D).
        identities: (N,) people.
        enrolled: (N,) who is in the gallery; from `enrol_first`.
        table: (A, D), (B, D) -> (A, B) distances.

    Raises:
        OptionError: Fewer than two people in the gallery, or no probe of any of them.
    """
    gallery_rows = np.flatnonzero(enrolled)
    gallery_rows = gallery_rows[np.argsort(identities[gallery_rows], kind="stable")]
    gallery, starts = np.unique(identities[gallery_rows], return_index=True)
    probes = np.flatnonzero(~enrolled & np.isin(identities, gallery))
    if len(gallery) < 2 or not len(probes):
        raise OptionError(
            f"There are {len(gallery)} people enrolled and {len(probes)} other pictures of them; "
            "identification takes two people, and one of them with a second picture."
        )
    own, other, rank = [], [], []
    for start in range(0, len(probes), _PROBES):
        rows = probes[start : start + _PROBES]
        distances = np.asarray(table(vectors[rows], vectors[gallery_rows]), np.float64)
        nearest = np.minimum.reduceat(distances, starts, axis=1)
        place = np.searchsorted(gallery, identities[rows])
        mine = nearest[np.arange(len(rows)), place]
        nearest[np.arange(len(rows)), place] = np.inf
        own.append(mine)
        other.append(nearest.min(axis=1))
        rank.append((nearest <= mine[:, None]).sum(axis=1) + 1)
    return Trials(
        np.concatenate(own),
        np.concatenate(other),
        np.concatenate(rank).astype(np.int64),
        identities[probes].astype(np.int64),
        len(gallery),
    )


def judge_identification(
    trials: Trials,
    fars: Sequence[float] = USUAL_FARS,
    *,
    ranks: Sequence[int] = RANKS,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> IdentificationReport:
    """Rank-k, and detection and identification rate at false alarm rates.

    Args:
        trials: From `ask`.
        fars: Shares of strangers that may be named; those without support are refused: it takes
            as many strangers as independent trials.
        ranks: Of interest; those that cover the whole gallery are left out.
        replicates: Draws of people for the intervals.
        seed: Of the draws.
    """
    _, place = np.unique(trials.people, return_inverse=True)
    people = int(place.max()) + 1
    wanted = sorted(set(fars), reverse=True)
    refused = tuple(one for far in wanted if (one := support(far, people)) is not None)
    kept = [far for far in wanted if far not in {one.far for one in refused}]
    asked = [rank for rank in ranks if rank < trials.gallery]
    order = np.argsort(trials.other, kind="stable")

    def measure(weights: Doubles) -> list[float]:
        total = weights.sum()
        found = [float(weights[trials.rank <= rank].sum() / total) for rank in asked]
        for far in kept:
            limit = _limit(trials.other[order], weights[order], far)
            named = (trials.own < limit) & (trials.rank == 1)
            found.append(float(weights[named].sum() / total))
        return found

    values = measure(np.ones(len(place)))
    drawn = np.array(
        [measure(counts[place].astype(np.float64)) for counts in draws(people, replicates, seed)]
    )
    intervals = [interval_of(value, drawn[:, n], people) for n, value in enumerate(values)]
    points = []
    for number, far in enumerate(kept, start=len(asked)):
        limit = _limit(trials.other[order], np.ones(len(order)), far)
        below = np.concatenate([trials.own, trials.other])
        below = below[below < limit]
        largest = beyond(below.max()) if len(below) else None
        points.append(
            OpenPoint(
                far=far,
                threshold=limit if largest is not None and np.isfinite(limit) else largest,
                dir=values[number],
                dir_interval=intervals[number],
                strangers=people,
            )
        )
    return IdentificationReport(
        gallery=trials.gallery,
        probes=len(place),
        people=people,
        ranks={rank: (values[n], intervals[n]) for n, rank in enumerate(asked)},
        points=tuple(points),
        refused=refused,
    )


def _limit(strangers: Doubles, weights: Doubles, far: float) -> float:
    """The distance of the first stranger who would be too many; all below it are accepted."""
    sums = np.cumsum(weights)
    place = int(np.searchsorted(sums, far * sums[-1] * (1 + 1e-12), side="right"))
    return float("inf") if place == len(strangers) else float(strangers[place])
