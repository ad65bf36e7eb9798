"""What is known about the faces of a picture: the result of `edgecnn.tasks.recognize`.

A `Recognition` is a `Faces`, so that whatever follows, smooths or draws faces takes it. Its plain
values (`Recognition.to_dict`) have no name, no identifier and no template unless names are asked
for: results end up in files and logs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from edgecnn.core.results import Bools, Face, Faces, Ints, check_length, indices_of
from edgecnn.faces.outcomes import Identity
from edgecnn.faces.quality import FaceQuality
from edgecnn.faces.votes import Verdict

Shown = Literal["known", "unknown", "undecided", "locked"]

LOCKED = Verdict("undecided", None, None, 0.0, 0.0)
"""Of every face while no gallery is open."""
_TONES: dict[Shown, int] = {"known": 2, "unknown": 1, "undecided": 0, "locked": 0}
"""Colours of `edgecnn.core.palette.class_color`."""


@dataclass(frozen=True, slots=True, eq=False)
class RecognizedFace(Face):
    """One face of a `Recognition`.

    Attributes:
        verdict: What is to be shown: of a photo what it says, in a video what its frames agree on.
        identity: What this picture alone says; None while the gallery is locked.
        quality: Numbers, ``reasons`` and ``hints``.
        locked: Whether no gallery is open, so that nobody is looked for.
    """

    verdict: Verdict = LOCKED
    identity: Identity | None = None
    quality: FaceQuality | None = None
    locked: bool = True

    @property
    def state(self) -> Shown:
        """``known``, ``unknown``, ``undecided`` (not enough frames agree) or ``locked``."""
        return "locked" if self.locked else self.verdict.state

    @property
    def name(self) -> str | None:
        """Whose face it is; None: not known, not decided, locked, or names were taken out."""
        return self.verdict.name

    @property
    def person_id(self) -> str | None:
        """Identifier of the person; None as ``name`` is."""
        return self.verdict.person_id

    @property
    def distance(self) -> float:
        """Of this picture to the nearest person, who is not named when unknown; may be infinite."""
        return np.inf if self.identity is None else self.identity.distance

    @property
    def margin(self) -> float:
        """How much farther the second person is; infinite when there is none."""
        return np.inf if self.identity is None else self.identity.margin

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks against the quality of this face, as advice."""
        return () if self.quality is None else self.quality.reasons

    @property
    def caption(self) -> tuple[str, str]:
        """Name or state; never a number that could be read as a probability of identity."""
        words = self.name or {"known": "known", "unknown": "unknown"}.get(self.state, "face")
        return (words if self.track_id is None else f"{words} #{self.track_id}"), ""

    @property
    def tone(self) -> int:
        """Known, unknown and undecided faces differ in colour."""
        return _TONES[self.state]

    def to_dict(self, *, names: bool = False) -> dict[str, Any]:
        """Plain values; see `Recognition.to_dict`."""
        plain: dict[str, Any] = {
            "box_xyxy": _rounded(self.box_xyxy),
            "score": round(self.score, 4),
            "points_xy": _rounded(self.points_xy),
            "state": self.state,
        }
        if self.track_id is not None:
            plain["track"] = self.track_id
            plain["agreement"] = round(self.verdict.agreement, 3)
        if self.identity is not None:
            identity = self.identity.to_dict()
            plain |= {"distance": identity["distance"], "margin": identity["margin"]}
        if names:
            rival = None if self.identity is None else self.identity.rival
            plain |= {"name": self.name, "person": self.person_id, "rival": rival}
        if self.quality is not None:
            plain["quality"] = self.quality.to_dict()
        return plain


@dataclass(frozen=True, slots=True, eq=False)
class Recognition(Faces):
    """Faces, and who they are; all tuples have one entry a face.

    Attributes:
        verdicts: What is to be shown.
        identities: What this picture alone says; empty while the gallery is locked.
        qualities: Of the faces.
        locked: Whether no gallery was open. Then there are no names, and no embeddings either.
    """

    verdicts: tuple[Verdict, ...] = ()
    identities: tuple[Identity, ...] = ()
    qualities: tuple[FaceQuality, ...] = ()
    locked: bool = True

    def __post_init__(self) -> None:
        Faces.__post_init__(self)
        check_length("verdicts", len(self.verdicts), len(self))
        check_length("identities", len(self.identities), 0 if self.locked else len(self))
        check_length("qualities", len(self.qualities), len(self))

    def __getitem__(self, index: int) -> RecognizedFace:
        face = Faces.__getitem__(self, index)
        return RecognizedFace(
            face.box_xyxy,
            face.score,
            face.points_xy,
            face.embedding,
            face.track_id,
            self.verdicts[index],
            None if self.locked else self.identities[index],
            self.qualities[index],
            self.locked,
        )

    def __iter__(self) -> Iterator[RecognizedFace]:
        return (self[index] for index in range(len(self)))

    @property
    def known(self) -> Bools:
        """(N,) bool: which faces are those of enrolled people, as far as is shown."""
        return np.array([verdict.state == "known" for verdict in self.verdicts], np.bool_)

    def where(self, keep: Bools | Ints) -> Recognition:
        """The faces that a mask (N,) bool or indices (M,) int select, in that order."""
        indices = indices_of(keep)
        return replace(
            self,
            **self._selected(indices),
            verdicts=tuple(self.verdicts[i] for i in indices),
            identities=() if self.locked else tuple(self.identities[i] for i in indices),
            qualities=tuple(self.qualities[i] for i in indices),
        )

    def without_names(self) -> Recognition:
        """The same without names, identifiers and embeddings; known faces stay *known*."""
        return replace(
            self,
            embeddings=None,
            verdicts=tuple(replace(item, name=None, person_id=None) for item in self.verdicts),
            identities=tuple(
                replace(item, name=None, person_id=None, rival=None) for item in self.identities
            ),
        )

    def as_locked(self) -> Recognition:
        """The same faces when the gallery is not open any more: nothing says who they are."""
        return replace(
            self, embeddings=None, verdicts=(LOCKED,) * len(self), identities=(), locked=True
        )

    def to_dict(self, *, names: bool = False) -> dict[str, Any]:
        """Plain values, never with templates.

        Args:
            names: With ``name``, ``person`` (an identifier) and ``rival`` of each face.

        Returns:
            ``locked`` and ``faces``: a list with ``box_xyxy``, ``score``, ``points_xy``, ``state``,
            ``distance``, ``margin``, ``quality``, and in a video ``track`` and ``agreement``.
        """
        return {"locked": self.locked, "faces": [face.to_dict(names=names) for face in self]}


def _rounded(values: Any) -> Any:
    return np.round(np.asarray(values, np.float64), 2).tolist()
