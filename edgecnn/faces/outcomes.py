"""What goes into a gallery and what comes out of it, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgecnn.core.results import Embedding


@dataclass(frozen=True, slots=True, eq=False)
class NewFace:
    """A face to enrol.

    Attributes:
        embedding: Of the aligned face.
        quality: Numbers to keep with it (`FaceQuality`), for whoever asks later why.
        photo: JPEG of the face and its surroundings, if the user chose to keep it.
    """

    embedding: Embedding
    quality: dict[str, float] = field(default_factory=dict)
    photo: bytes | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose face it is, or nobody's that is known.

    Attributes:
        name: Of the person; None: unknown.
        person_id: Of the person; None: unknown.
        distance: To the nearest person, who is not named when unknown; infinite in an empty
            gallery.
        margin: How much farther the second person is; infinite when there is none.
        rival: Name of the second person when that one, too, is below the threshold.
    """

    name: str | None
    person_id: str | None
    distance: float
    margin: float
    rival: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values; what is infinite is None."""
        return {
            "name": self.name,
            "distance": round(self.distance, 4) if np.isfinite(self.distance) else None,
            "margin": round(self.margin, 4) if np.isfinite(self.margin) else None,
            "rival": self.rival,
        }


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What came of an enrolment.

    Attributes:
        name: As it is kept.
        added: Templates that are new.
        templates: Templates that the person has now.
        resembles: Other people who match one of the new faces, with the distance: the same person
            under two names, or relatives.
        unlike: Positions of new faces that match no other face of this person.
    """

    name: str
    added: int
    templates: int
    resembles: tuple[tuple[str, float], ...]
    unlike: tuple[int, ...]
