"""Which false-match rates a gallery supports, and what may be said about the threshold in use."""

from __future__ import annotations

from dataclasses import dataclass

from edgecnn.errors import GalleryError
from edgecnn.faces.calibrate import TARGETS, in_words, misses_at, pairs_needed, people_needed
from edgecnn.faces.edits import noted, replace
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.match import own_distances
from edgecnn.faces.policy import Rule

Target = float | None
"""A false-match rate; None claims none."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What a gallery allows to be claimed.

    Attributes:
        rule: In use.
        people: Enrolled, with at least one template.
        supported: Rates that the sample of pairs supports.
        strangers: Bound of the share of strangers who match somebody; None: nothing is claimed.
        missed, attempts: Templates that the others of their person would not recognize with the
            threshold in use, and how many were tried.
    """

    rule: Rule
    people: int
    supported: frozenset[float]
    strangers: float | None
    missed: int
    attempts: int

    @property
    def stops(self) -> tuple[Target, ...]:
        """What can be asked for: no claim, then from the loosest rate to the strictest."""
        rates = {*TARGETS, *([] if self.rule.target is None else [self.rule.target])}
        return (None, *sorted(rates, reverse=True))

    @property
    def stop(self) -> int:
        """Which of the stops is in use."""
        return self.stops.index(self.rule.target)

    def supports(self, target: Target) -> bool:
        """Whether a rate may be claimed."""
        return target is None or target in self.supported or target == self.rule.target

    @property
    def in_use(self) -> str:
        """What decides now, in words."""
        rule = self.rule
        if rule.target is None:
            return (
                f"No rate is claimed; a cautious threshold decides (distance {rule.threshold:.2f})."
            )
        words = (
            f"At most {in_words(rule.target)} comparisons of two different people is a false "
            f"match, with 95 % confidence, as {rule.basis} say."
        )
        if self.strangers is not None and self.people > 1:
            words += (
                f" Compared with all {self.people} people, up to {_share(self.strangers)} "
                "strangers get a name."
            )
        return words

    def price(self) -> str:
        """How often enrolled people go unrecognized at the threshold in use; empty: unknown."""
        if not self.attempts:
            return ""
        return f"{self.missed} of {self.attempts} photos of enrolled people go unrecognized."

    def lacking(self, target: float) -> str:
        """What it would take to claim a rate that the sample does not support."""
        pairs = pairs_needed(target)
        have = self.people * (self.people - 1) // 2
        return (
            f"{in_words(target)} takes {pairs:,} pairs of different people, for example "
            f"{people_needed(pairs):,} people enrolled. There are {have:,}."
        )


def read_rates(gallery: Gallery) -> Rates:
    """Look at all pairs of people; slow for large galleries.

    Raises:
        GalleryError: Nothing is known about this embedding space.
    """
    rule = gallery.rule()
    contents = gallery.contents
    counts = [len(person.templates) for person in contents.people]
    misses = misses_at(rule.threshold, own_distances(contents.matrix(), counts, contents.metric))
    return Rates(
        rule=rule,
        people=sum(count > 0 for count in counts),
        supported=frozenset(rate for rate in TARGETS if _supports(gallery, rate)),
        strangers=gallery.strangers_let_in(rule),
        missed=misses.missed,
        attempts=misses.attempts,
    )


def decide_by(gallery: Gallery, target: Target) -> Rates:
    """Have the gallery decide by a rate from now on, here and on the command line.

    Args:
        gallery: Open.
        target: None goes back to the threshold that claims nothing.

    Raises:
        GalleryError: The sample does not support it; nothing was changed.
    """
    if target is not None:
        gallery.calibrate(target)
    else:
        gallery.change(lambda contents: noted(replace(contents, calibration=None), "calibrate"))
    return read_rates(gallery)


def _supports(gallery: Gallery, rate: float) -> bool:
    try:
        gallery.rule(rate)
    except GalleryError:
        return False
    return True


def _share(rate: float) -> str:
    """``1 in 20``, or ``7 in 10`` where it is more than half."""
    return in_words(rate) if rate <= 0.5 else f"{min(round(rate * 10), 10)} in 10"
