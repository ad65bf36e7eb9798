"""Names over frames: a track is given a name after agreement, not from one blurred picture.

Each frame of a track votes for a person or for *unknown*, with the weight of the face's quality
(`FaceQuality.weight`), so that a turned or blurred face says little and a good one much. Votes fade
with time and with every vote that follows. A name is shown when enough weight has come together and
nearly all of it agrees; until then the track is undecided, which is shown as such and not as
*unknown*. A shown name stays while most votes are for it, so one bad frame does not make it
flicker; who steps into the place of another loses the other's name within a few frames.

The votes of one track are not independent: a look-alike stays one in every frame. Agreement guards
against bad frames, not against false matches; the rate of those is the threshold's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from edgecnn.errors import OptionError
from edgecnn.faces.outcomes import Identity

State = Literal["undecided", "unknown", "known"]
_UNKNOWN = ""
"""Candidate for whom an unknown face votes; identifiers of people are never empty."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is shown for a track.

    Attributes:
        state: ``known``, ``unknown``, or ``undecided`` as long as too little is known.
        name: Of the person, when known.
        person_id: Likewise.
        agreement: Share of the weight that is for the leading candidate, 0..1.
        weight: Votes that count at the moment; one good frame is 1.
    """

    state: State
    name: str | None
    person_id: str | None
    agreement: float
    weight: float


@dataclass(slots=True)
class _Track:
    seen_s: float
    weights: dict[str, float] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    shown: str | None = None


class IdentityVotes:
    """Votes of all tracks of a video.

    Args:
        least_weight: What it takes to decide; 2.5 are three good frames, or more bad ones.
        agreement: Share of the weight that has to be for one candidate.
        most_weight: Votes together count no more than this; the larger, the slower it changes.
        half_life_s: After which time a vote counts half.
        forget_s: Tracks that were not seen for so long are dropped.

    Raises:
        OptionError: A value that cannot be.
    """

    def __init__(
        self,
        *,
        least_weight: float = 2.5,
        agreement: float = 0.8,
        most_weight: float = 4.0,
        half_life_s: float = 2.0,
        forget_s: float = 10.0,
    ) -> None:
        if not (0 < least_weight <= most_weight and half_life_s > 0 and forget_s > 0):
            raise OptionError(
                "Weights and times of votes are above 0 and the least weight not above the most, "
                f"but got {least_weight}, {most_weight}, {half_life_s} and {forget_s}."
            )
        if not 0.5 < agreement <= 1:
            raise OptionError(f"The agreement is above 0.5, up to 1, but got {agreement!r}.")
        self._least_weight = least_weight
        self._agreement = agreement
        self._most_weight = most_weight
        self._half_life_s = half_life_s
        self._forget_s = forget_s
        self._tracks: dict[int, _Track] = {}

    def __len__(self) -> int:
        return len(self._tracks)

    def add(
        self,
        track_ids: Sequence[int],
        identities: Sequence[Identity],
        weights: Sequence[float],
        timestamp_s: float,
    ) -> list[Verdict]:
        """Take the faces of a frame as votes.

        Args:
            track_ids: Which track each face belongs to; unique within a frame.
            identities: What `Gallery.match` said of each.
            weights: Quality of each, 0..1.
            timestamp_s: Of the frame; rising.

        Returns:
            What to show for each, in the same order.

        Raises:
            OptionError: Lists of different lengths, or a weight outside 0..1.
        """
        if not len(track_ids) == len(identities) == len(weights):
            raise OptionError(
                f"Each face has a track, an identity and a weight, but there are {len(track_ids)}, "
                f"{len(identities)} and {len(weights)}."
            )
        verdicts = [
            self._vote(*face, timestamp_s)
            for face in zip(track_ids, identities, weights, strict=True)
        ]
        gone = [
            track_id
            for track_id, track in self._tracks.items()
            if timestamp_s - track.seen_s > self._forget_s
        ]
        for track_id in gone:
            del self._tracks[track_id]
        return verdicts

    def clear(self) -> None:
        """Drop all votes, as at a cut or when another threshold decides."""
        self._tracks.clear()

    def forget_person(self, person_id: str) -> None:
        """Drop all votes for somebody who was forgotten in the gallery."""
        for track in self._tracks.values():
            track.weights.pop(person_id, None)
            track.names.pop(person_id, None)
            if track.shown == person_id:
                track.shown = None

    def _vote(
        self, track_id: int, identity: Identity, weight: float, timestamp_s: float
    ) -> Verdict:
        if not 0.0 <= weight <= 1.0:
            raise OptionError(f"A weight lies between 0 and 1, but got {weight!r}.")
        track = self._tracks.setdefault(track_id, _Track(timestamp_s))
        faded = math.exp2(-max(timestamp_s - track.seen_s, 0.0) / self._half_life_s)
        track.weights = {key: value * faded for key, value in track.weights.items()}
        track.seen_s = timestamp_s
        total = sum(track.weights.values())
        if total + weight > self._most_weight:
            room = (self._most_weight - weight) / total
            track.weights = {key: value * room for key, value in track.weights.items()}
        candidate = identity.person_id or _UNKNOWN
        track.weights[candidate] = track.weights.get(candidate, 0.0) + weight
        if identity.name is not None:
            track.names[candidate] = identity.name
        return self._verdict(track)

    def _verdict(self, track: _Track) -> Verdict:
        total = sum(track.weights.values())
        leader = max(track.weights, key=lambda key: track.weights[key])
        share = track.weights[leader] / total if total > 0 else 0.0
        if total >= self._least_weight and share >= self._agreement:
            track.shown = leader
        elif track.shown is not None and track.weights.get(track.shown, 0.0) < 0.5 * total:
            track.shown = None
        if track.shown is None:
            return Verdict("undecided", None, None, share, total)
        if track.shown == _UNKNOWN:
            return Verdict("unknown", None, None, share, total)
        return Verdict("known", track.names[track.shown], track.shown, share, total)
