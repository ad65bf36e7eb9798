"""Which threshold decides, and what may be said about it.

In this order: a rate that the caller asks for, if the gallery and the table support it (an error if
not); the calibration that the gallery keeps; the strictest rate of the bundled table; and last a
cautious value that claims no rate at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from edgecnn.errors import GalleryError
from edgecnn.faces.calibrate import TARGETS, Operating, in_words, pairs_needed, threshold_for
from edgecnn.faces.impostors import ImpostorTable
from edgecnn.faces.match import closest_pairs
from edgecnn.faces.records import Calibration, Contents, now_utc

UNPROVEN = {"dlib-resnet-v1": 0.45}
"""Thresholds without a claim: the nearest strangers seen were 0.46 apart (27 faces and 14 people of
test photographs that cannot be shipped), photographs of one person at most 0.45."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A threshold in use.

    Attributes:
        threshold: Distances below it are matches.
        target: The false-match rate that it keeps with 95 % confidence; None: nothing is claimed.
        upper_bound: That confidence bound; None: nothing is claimed.
        basis: Where it comes from, in words.
    """

    threshold: float
    target: float | None
    upper_bound: float | None
    basis: str

    @property
    def words(self) -> str:
        """One line for people."""
        if self.target is None:
            return f"threshold {self.threshold:.3f}, no error rate claimed: {self.basis}"
        return f"false matches at most {in_words(self.target)} (95 % confidence): {self.basis}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        bound = None if self.upper_bound is None else round(self.upper_bound, 7)
        return {
            "threshold": round(self.threshold, 4),
            "false_match_rate": self.target,
            "false_match_rate_upper_bound": bound,
            "basis": self.basis,
        }


def calibrated(contents: Contents, target: float, table: ImpostorTable | None) -> Calibration:
    """A threshold for a rate: from the gallery's own pairs if they suffice, else with the table.

    Raises:
        OptionError: Not a rate.
        GalleryError: Too few pairs; says how many it takes.
    """
    counts = [len(person.templates) for person in contents.people]
    own = closest_pairs(contents.matrix(), counts, contents.metric)
    people = sum(count > 0 for count in counts)
    words = f"{people} people of this gallery"
    sample, pairs = own, len(own)
    if table is not None and len(own) < pairs_needed(target):
        sample, pairs = table.scores(own), len(own) + table.pairs
        people += table.identities
        words = f"{words} and {table.words}"
    operating: Operating = threshold_for(target, sample, pairs)
    bound = None if table is None or sample is own else table.bound_for(target)
    if bound is not None and bound.threshold < operating.threshold:
        # Pairs that share people bound less than as many independent ones.
        operating = replace(operating, threshold=bound.threshold)
    return Calibration(
        target=target,
        threshold=operating.threshold,
        upper_bound=operating.upper_bound,
        pairs=operating.pairs,
        people=people,
        basis=words,
        made_utc=now_utc(),
    )


def rule_for(
    space: str,
    table: ImpostorTable | None,
    contents: Contents | None = None,
    target: float | None = None,
) -> Rule:
    """The rule that holds.

    Args:
        space: Embedding space of the faces that will be compared.
        table: Bundled impostor scores of that space.
        contents: The gallery; None without one.
        target: False-match rate that is asked for; None for the usual order.

    Raises:
        OptionError: ``target`` is not a rate.
        GalleryError: The rate is not supported, or nothing is known about this space.
    """
    if target is not None and contents is not None:
        return _from_calibration(calibrated(contents, target, table))
    if target is not None:
        return _from_table(target, table)
    if contents is not None and contents.calibration is not None:
        return _from_calibration(contents.calibration)
    if table is not None:
        supported = [rate for rate in TARGETS if pairs_needed(rate) <= table.pairs]
        if supported:
            strictest = table.bounds[-1].target if table.bounds else min(supported)
            return _from_table(strictest, table)
    if space in UNPROVEN:
        return Rule(UNPROVEN[space], None, None, "not calibrated; see edgecnn faces calibrate")
    raise GalleryError(
        f"No threshold is known for faces of {space!r}: enrol people and run "
        "`edgecnn faces calibrate`."
    )


def _from_calibration(calibration: Calibration) -> Rule:
    basis = f"{calibration.pairs:,} pairs of {calibration.basis}"
    return Rule(calibration.threshold, calibration.target, calibration.upper_bound, basis)


def _from_table(target: float, table: ImpostorTable | None) -> Rule:
    if table is None:
        operating, basis = threshold_for(target, []), ""
    elif (bound := table.bound_for(target)) is not None:
        return Rule(bound.threshold, target, bound.upper_bound, table.words)
    else:
        operating = threshold_for(target, table.scores(), table.pairs)
        basis = table.words
    return Rule(operating.threshold, target, operating.upper_bound, basis)
