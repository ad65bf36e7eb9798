"""Whether two faces are of one person, in words that claim no more than is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgecnn.core.results import Embedding
from edgecnn.errors import GalleryError
from edgecnn.faces.calibrate import in_words
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.impostors import find_table
from edgecnn.faces.policy import Rule, rule_for
from gui.faces.verify_look import Candidate

Kind = Literal["same", "different", "unsure"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of two faces.

    Attributes:
        kind: ``same``, ``different``, or ``unsure`` where nothing can be said.
        title: In two words.
        detail: The numbers, or what is missing.
        claim: What the threshold rests on.
        caution: What speaks against trusting it; empty when nothing does.
        distance, threshold: As numbers; None where nothing was compared.
    """

    kind: Kind
    title: str
    detail: str
    claim: str = ""
    caution: str = ""
    distance: float | None = None
    threshold: float | None = None


def cannot_say(detail: str) -> Verdict:
    """Nothing was compared, and why."""
    return Verdict("unsure", "Cannot say", detail)


def rule_without_asking(embedding: Embedding, gallery: Gallery | None) -> Rule:
    """The rule of the open gallery, if it holds faces of this kind, or the general one.

    Raises:
        GalleryError: Nothing is known about this kind of embeddings.
    """
    if gallery is not None and gallery.contents.space == embedding.space:
        return gallery.rule()
    return rule_for(embedding.space, find_table(embedding.space))


def verdict(first: Candidate, second: Candidate, gallery: Gallery | None = None) -> Verdict:
    """Compare two faces.

    Args:
        first: Face of one photograph.
        second: Face of the other.
        gallery: The open one, whose calibration is used; None without.
    """
    distance = first.embedding.distance(second.embedding)
    try:
        rule = rule_without_asking(first.embedding, gallery)
    except GalleryError as error:
        detail = f"Distance {distance:.3f}. {error}"
        return Verdict("unsure", "Cannot say", detail, distance=distance)
    same = distance < rule.threshold
    side = "below" if same else "not below"
    return Verdict(
        kind="same" if same else "different",
        title="The same person" if same else "Different people",
        detail=f"Distance {distance:.3f}, {side} the threshold of {rule.threshold:.3f}.",
        claim=_claim(rule),
        caution=_caution(first, second),
        distance=distance,
        threshold=rule.threshold,
    )


def _claim(rule: Rule) -> str:
    if rule.target is None:
        return (
            "No rate of false matches is claimed for this threshold: it is not calibrated. "
            "A distance is no probability, and relatives come nearer than strangers."
        )
    return (
        f"Of pairs of strangers, at most {in_words(rule.target)} come below this threshold (95 % "
        f"confidence; {rule.basis}). A distance is no probability, and relatives come nearer."
    )


def _caution(first: Candidate, second: Candidate) -> str:
    """Poor pictures, by side: then both kinds of mistakes are more likely."""
    said = [
        f"{side}: {'; '.join(one.quality.reasons).replace(': ', ', ')}."
        for side, one in (("Left", first), ("Right", second))
        if one.quality.reasons
    ]
    poor = "a picture is poor" if len(said) == 1 else "both pictures are poor"
    return f"Do not rely on it, {poor}. {' '.join(said)}" if said else ""
