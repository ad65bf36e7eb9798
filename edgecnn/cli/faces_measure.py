"""A whole test of face recognition: from listed pictures to figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.cli.faces_vectors import Embedded
from edgecnn.errors import OptionError
from edgecnn.evaluation.groups import GroupReport, judge_groups
from edgecnn.evaluation.identification import (
    IdentificationReport,
    ask,
    enrol_first,
    judge_identification,
)
from edgecnn.evaluation.pairs import Ints, ScoredPairs, compare_rows, index_pairs
from edgecnn.evaluation.verification_report import (
    USUAL_FARS,
    VerificationReport,
    check_supported,
    judge_pairs,
)


@dataclass(frozen=True, slots=True)
class Failures:
    """What could not be compared.

    Attributes:
        without_face: Pictures on which no face was found.
        unreadable: Files that are no pictures.
        genuine_lost, impostor_lost: Pairs that were left out because of them.
        copies: Files whose bytes are those of another; a pair of them proves nothing.
    """

    without_face: int
    unreadable: int
    genuine_lost: int
    impostor_lost: int
    copies: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FaceTest:
    """Everything that a test says.

    Attributes:
        name: Of what was tested.
        pictures: How many there were.
        failures: What could not be compared.
        verification: One against one.
        identification: One against many; None for a list of pairs.
        groups: Attribute -> comparison of its groups.
    """

    name: str
    pictures: int
    failures: Failures
    verification: VerificationReport
    identification: IdentificationReport | None
    groups: Mapping[str, GroupReport]

    @property
    def share_compared(self) -> float:
        """Genuine pairs in which both faces were found; all others count as refused."""
        kept = self.verification.genuine_pairs
        return kept / (kept + self.failures.genuine_lost)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, without a name of anybody."""
        verification = self.verification.to_dict()
        for point in verification["tar_at_far"]:
            point["tar_with_failures"] = point["tar"] * self.share_compared
        return {
            "model": self.name,
            "pictures": self.pictures,
            "failures": asdict(self.failures),
            "verification": verification,
            "identification": self.identification and self.identification.to_dict(),
            "groups": {name: report.to_dict() for name, report in self.groups.items()},
        }


class PairedPictures:
    """Pictures, and which of them are compared.

    Args:
        listed: `edgecnn.data.pairs.PicturePairs`.
        max_pairs: Impostor pairs of a folder at most; of more, so many are drawn.
        seed: Of the draw.
    """

    def __init__(self, listed: Any, max_pairs: int, seed: int) -> None:
        self.listed = listed
        self.is_list = listed.first is not None
        if self.is_list:
            self.first, self.second = listed.first, listed.second
        else:
            self.first, self.second = index_pairs(
                listed.identities, max_impostors=max_pairs, seed=seed
            )

    def scored(self, distances: NDArray[Any], kept: NDArray[np.bool_]) -> ScoredPairs:
        """The pairs that were kept, with their distances."""
        people: Ints = self.listed.identities
        folds = self.listed.folds
        return ScoredPairs(
            np.asarray(distances, np.float64),
            people[self.first[kept]],
            people[self.second[kept]],
            self.listed.names,
            None if folds is None else folds[kept],
        )

    def check(self, fars: Sequence[float]) -> None:
        """Say what cannot be answered before thousands of pictures are embedded.

        Raises:
            OptionError: Pairs of one kind alone, or a rate without support.
        """
        everything = np.ones(len(self.first), np.bool_)
        pairs = self.scored(np.zeros(len(self.first)), everything)
        genuine = int(pairs.genuine.sum())
        if not 0 < genuine < len(pairs):
            raise OptionError(
                f"There are {genuine} pairs of one person and {len(pairs) - genuine} of two; a "
                "test needs both: two people, and a second picture of at least one of them."
            )
        check_supported(fars, pairs.impostor_people_pairs)


def run_test(
    pictures: PairedPictures,
    embed: Callable[[], Embedded],
    *,
    fars: Sequence[float] = (),
    attributes: Mapping[str, Mapping[str, str]],
    threshold: float | None = None,
    replicates: int,
    seed: int = 0,
) -> FaceTest:
    """Embed, compare and judge.

    Args:
        pictures: To be compared.
        embed: Embeds them.
        fars: False accept rates that the pairs have to support; none for the usual ones. What
            pictures without a face take the support from is refused in the report.
        attributes: Attribute -> person -> group.
        threshold: At which groups are compared; None for that of the strictest supported rate.
        replicates: Draws of people.
        seed: Of the draws.

    Raises:
        OptionError: Pairs of one kind alone, or a rate without support.
    """
    pictures.check(fars)
    embedded = embed()
    kept = embedded.found[pictures.first] & embedded.found[pictures.second]
    distances = compare_rows(
        embedded.vectors, pictures.first[kept], pictures.second[kept], embedded.rows
    )
    pairs = pictures.scored(distances, kept)
    wanted = fars or USUAL_FARS
    verification = judge_pairs(pairs, wanted, replicates=replicates, seed=seed)
    identification = None
    if not pictures.is_list:
        people = pictures.listed.identities[embedded.found]
        vectors = embedded.vectors[embedded.found]
        trials = ask(vectors, people, enrol_first(people), embedded.table)
        identification = judge_identification(trials, wanted, replicates=replicates, seed=seed)
    groups = {}
    if attributes:
        at = _threshold(threshold, verification)
        groups = {
            name: judge_groups(pairs, of, at, replicates=replicates, seed=seed)
            for name, of in attributes.items()
        }
    same = pictures.listed.identities[pictures.first] == pictures.listed.identities[pictures.second]
    failures = Failures(
        without_face=int((~embedded.found).sum()) - len(embedded.unreadable),
        unreadable=len(embedded.unreadable),
        genuine_lost=int((same & ~kept).sum()),
        impostor_lost=int((~same & ~kept).sum()),
        copies=embedded.copies,
    )
    return FaceTest(
        name=embedded.name,
        pictures=len(pictures.listed.files),
        failures=failures,
        verification=verification,
        identification=identification,
        groups=groups,
    )


def _threshold(given: float | None, verification: VerificationReport) -> float:
    """Where groups are compared."""
    if given is not None:
        return given
    known = [point.threshold for point in verification.points if point.threshold is not None]
    if not known:
        raise OptionError(
            "Groups are compared at one threshold, but these people support no false accept rate "
            "that would give one. Say at which distance: --threshold."
        )
    return known[-1]
