"""Looking at frames for `edgecnn faces identify`: match, and in a video follow and vote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edgecnn.core.results import Faces
from edgecnn.faces.enrolment import assess
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.outcomes import Identity
from edgecnn.faces.policy import Rule
from edgecnn.faces.quality import FaceQuality
from edgecnn.faces.votes import IdentityVotes, Verdict
from edgecnn.video.frame import Frame
from edgecnn.video.tracking import Tracker


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is known about the faces of a frame; all lists have one entry a face.

    Attributes:
        frame: Which.
        faces: Found; in a video, those that are followed.
        identities: What this frame alone says.
        qualities: Of the faces.
        verdicts: What several frames say; None for a photo.
    """

    frame: Frame
    faces: Faces
    identities: list[Identity]
    qualities: list[FaceQuality]
    verdicts: list[Verdict] | None

    @property
    def words(self) -> str:
        """For people."""
        if self.verdicts is not None:
            return ", ".join(sorted(v.name or v.state for v in self.verdicts)) or "no face"
        return "; ".join(map(_words, self.identities)) or "no face"

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        plain = []
        for index, (face, identity) in enumerate(zip(self.faces, self.identities, strict=True)):
            entry = {
                **identity.to_dict(),
                "box_xyxy": np.round(face.box_xyxy.astype(float), 2).tolist(),
                "score": round(face.score, 4),
                "quality": self.qualities[index].to_dict(),
            }
            if self.verdicts is not None and self.faces.track_ids is not None:
                verdict = self.verdicts[index]
                entry["track"] = int(self.faces.track_ids[index])
                entry["shown"] = {
                    "state": verdict.state,
                    "name": verdict.name,
                    "agreement": round(verdict.agreement, 3),
                }
            plain.append(entry)
        return {
            "source": self.frame.source,
            "index": self.frame.index,
            "timestamp_s": round(self.frame.timestamp_s, 3),
            "size_wh": list(self.frame.size_wh),
            "faces": plain,
        }


class Looker:
    """Matches the faces of frames; in a video it follows them and lets frames vote.

    Args:
        gallery: Who is known.
        rule: The threshold.
        video: Whether the frames are those of one video, in order.
    """

    def __init__(self, gallery: Gallery, rule: Rule, *, video: bool) -> None:
        self._gallery = gallery
        self._rule = rule
        self._tracker = Tracker() if video else None
        self._votes = IdentityVotes()

    def __call__(self, frame: Frame, faces: Faces) -> Seen:
        """What is known about the faces of a frame."""
        self._see_changes()
        if self._tracker is not None:
            faces = self._tracker.update(faces, frame.timestamp_s)
        identities = self._gallery.match(faces.embeddings or (), self._rule)
        qualities = assess(frame.pixels, faces, frame.color)
        verdicts = None
        if self._tracker is not None:
            ids = [] if faces.track_ids is None else faces.track_ids.tolist()
            weights = [quality.weight for quality in qualities]
            verdicts = self._votes.add(ids, identities, weights, frame.timestamp_s)
        return Seen(frame, faces, identities, qualities, verdicts)

    def _see_changes(self) -> None:
        """Whoever was forgotten meanwhile, by another program, is not named any more."""
        before = {person.id for person in self._gallery.people}
        self._gallery.refresh()
        for person_id in before - {person.id for person in self._gallery.people}:
            self._votes.forget_person(person_id)


def _words(identity: Identity) -> str:
    if identity.name is None:
        near = f", nearest {identity.distance:.3f}" if np.isfinite(identity.distance) else ""
        return f"unknown{near}"
    margin = f", margin {identity.margin:.3f}" if np.isfinite(identity.margin) else ""
    rival = f", but {identity.rival} as well" if identity.rival else ""
    return f"{identity.name} (distance {identity.distance:.3f}{margin}{rival})"
