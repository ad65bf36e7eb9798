"""Following objects and faces from frame to frame, so that each keeps a number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edgecnn.core.overlap import iou_matrix
from edgecnn.core.results import Detections, Faces
from edgecnn.errors import OptionError
from edgecnn.video.assignment import assign
from edgecnn.video.motion import Motion
from edgecnn.video.steps import Steps

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Boxed = TypeVar("Boxed", Detections, Faces)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackOptions:
    """How objects are followed.

    Attributes:
        start_score: Objects of less score start no track; they only prolong one that is there,
            which carries it through moments of blur and shade. Let the task give them (about half
            of this) for that to happen. None: every object may start a track.
        confirm_after: A track counts from the so-many-th frame in which it is seen, one after the
            other; what was there in the first frame of a scene counts at once.
        lost_s: An object that was hidden for longer is a new one.
        iou: Least overlap of where an object is expected with where one is found.
        low_iou: The same for objects below ``start_score``.
        class_penalty: What a change of class costs, in overlap: labels may flicker, but a bicycle
            does not take the number of its rider.
    """

    start_score: float | None = None
    confirm_after: int = 2
    lost_s: float = 1.0
    iou: float = 0.2
    low_iou: float = 0.5
    class_penalty: float = 0.6

    def __post_init__(self) -> None:
        for name in ("start_score", "iou", "low_iou", "class_penalty"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise OptionError(f"{name} must be between 0 and 1, but got {value!r}.")
        if self.confirm_after < 1 or self.lost_s < 0:
            raise OptionError(
                "confirm_after must be 1 or more and lost_s not negative, but got "
                f"{self.confirm_after!r} and {self.lost_s!r}."
            )


@dataclass(frozen=True, slots=True)
class _Tracks:
    """N tracks, one entry each in every array; the id of one on trial is 0."""

    ids: Ints
    class_ids: Ints
    hits: Ints
    unseen_s: Floats
    motion: Motion

    def where(self, chosen: Ints) -> _Tracks:
        """Some of them, by rising index."""
        if len(chosen) == len(self.ids):
            return self
        return _Tracks(
            self.ids[chosen],
            self.class_ids[chosen],
            self.hits[chosen],
            self.unseen_s[chosen],
            self.motion.where(chosen),
        )

    def joined(self, others: _Tracks) -> _Tracks:
        return _Tracks(
            np.concatenate([self.ids, others.ids]),
            np.concatenate([self.class_ids, others.class_ids]),
            np.concatenate([self.hits, others.hits]),
            np.concatenate([self.unseen_s, others.unseen_s]),
            self.motion.joined(others.motion),
        )


_NO_INTS = np.empty(0, np.int64)
_NO_TRACKS = _Tracks(_NO_INTS, _NO_INTS, _NO_INTS, np.empty(0), Motion.of(np.empty((0, 4))))


class Tracker:
    """Numbers the objects of one stream; give it every frame, in order.

    Sure objects are paired first with all tracks, then unsure ones with those tracks that are left
    over and were seen just before: an object that is half hidden has a low score, but it is where
    it was expected. Pairs are chosen by overlap with the predicted box, all at once.

    Reference: Zhang et al. 2022, "ByteTrack: Multi-Object Tracking by Associating Every Detection
    Box" (ECCV). Where we differ: times instead of numbers of frames, because a live stream drops
    some; all classes at once, with a penalty for a change.

    Args:
        options: See there.
    """

    def __init__(self, options: TrackOptions | None = None) -> None:
        self.options = options or TrackOptions()
        self._steps = Steps()
        self._tracks = _NO_TRACKS
        self._next_id = 1
        self._first = True

    @property
    def lost(self) -> tuple[Ints, Floats, Floats]:
        """What counts, was not seen in the last frame and is still believed in.

        Returns:
            Numbers (N,); believed boxes (N, 4), pixels; seconds since it was seen (N,).
        """
        tracks = self._tracks
        missing = (tracks.ids > 0) & (tracks.unseen_s > 0)
        boxes = tracks.motion.boxes_xyxy[missing]
        return tracks.ids[missing], boxes, tracks.unseen_s[missing]

    def forget(self) -> None:
        """Drop all tracks, as at a cut; their numbers are not given again."""
        self._tracks = _NO_TRACKS
        self._first = True

    def update(self, found: Boxed, time_s: float) -> Boxed:
        """Number what was found in the next frame.

        Args:
            found: Objects or faces, not changed.
            time_s: Time of the frame; equal or falling times count as one frame at 30 a second.

        Returns:
            Those of a track that counts, with ``track_ids``, in the order in which they came.
        """
        options = self.options
        step_s = self._steps.next(time_s)
        boxes = found.boxes_xyxy.astype(np.float64)
        classes = found.class_ids if isinstance(found, Detections) else np.zeros(len(found), int)
        sure = np.ones(len(found), np.bool_)
        if options.start_score is not None:
            sure = found.scores >= options.start_score
        # What was seen in the frame before may come again however long the step, at one frame a
        # second too; what was missed since then has its time.
        recent = self._tracks.unseen_s == 0
        here = (recent | (self._tracks.unseen_s + step_s <= options.lost_s)).nonzero()[0]
        recent = recent[here]
        tracks = self._tracks.where(here)
        tracks = _Tracks(
            tracks.ids,
            tracks.class_ids,
            tracks.hits,
            tracks.unseen_s + step_s,
            tracks.motion.after(step_s),
        )
        if not len(found) and not len(here):
            self._tracks, self._first = tracks, False
            return replace(found, track_ids=_NO_INTS)
        counts = tracks.ids > 0
        track_of = np.full(len(found), -1)
        free = np.ones(len(here), np.bool_)
        # Sure objects with tracks that count, unsure ones with what is left of them, and sure ones
        # that nobody wanted with tracks that are still on trial.
        for of_tracks, of_found, least in (
            (counts, sure, options.iou),
            (counts & recent, ~sure, options.low_iou),
            (~counts, sure, options.iou),
        ):
            rows = (of_tracks & free).nonzero()[0]
            if not len(rows):
                continue
            columns = (of_found & (track_of < 0)).nonzero()[0]
            if not len(columns):
                continue
            overlap = iou_matrix(
                tracks.motion.boxes_xyxy[rows].astype(np.float32), found.boxes_xyxy[columns]
            ).astype(np.float64)
            overlap -= options.class_penalty * (tracks.class_ids[rows, None] != classes[columns])
            # Overlap of exactly the least is enough; what is paired costs less than the limit.
            pairs = assign(1 - overlap, float(np.nextafter(1 - least, 2)))
            track_of[columns[pairs[1]]] = rows[pairs[0]]
            if len(pairs[1]) == len(found):
                break  # nothing is left to pair, as in most frames
            free[rows[pairs[0]]] = False
        return self._advance(found, boxes, classes, sure, tracks, track_of)

    def _advance(
        self,
        found: Boxed,
        boxes: Floats,
        classes: Ints,
        sure: NDArray[np.bool_],
        tracks: _Tracks,
        track_of: Ints,
    ) -> Boxed:
        """Move the tracks on by what was paired, and hand out the numbers."""
        options = self.options
        paired = (track_of >= 0).nonzero()[0]
        rows = track_of[paired]
        ids, class_ids = tracks.ids.copy(), tracks.class_ids.copy()
        hits, unseen_s = tracks.hits.copy(), tracks.unseen_s.copy()
        class_ids[rows] = classes[paired]
        hits[rows] += 1
        unseen_s[rows] = 0.0
        # Numbers are given when a track begins to count, so that none is skipped.
        named = rows[(ids[rows] == 0) & (hits[rows] >= options.confirm_after)]
        if len(named):
            ids[named] = self._numbers(len(named))
        if len(rows) == len(ids) == 1:
            motion = tracks.motion.seen(boxes[paired])
        else:
            measured = tracks.motion.where(rows).seen(boxes[paired])
            motion = tracks.motion.replaced(rows, measured)
        # A track on trial ends with the first frame in which it is not seen.
        alive = (unseen_s == 0) | (ids > 0)
        known = _Tracks(ids, class_ids, hits, unseen_s, motion).where(alive.nonzero()[0])

        fresh = ((track_of < 0) & sure).nonzero()[0]
        at_once = self._first or options.confirm_after == 1
        self._first = False
        new_ids = self._numbers(len(fresh)) if at_once else np.zeros(len(fresh), np.int64)
        if len(fresh):
            new_hits = np.full(len(fresh), options.confirm_after if at_once else 1)
            known = known.joined(
                _Tracks(
                    new_ids,
                    classes[fresh],
                    new_hits,
                    np.zeros(len(fresh)),
                    Motion.of(boxes[fresh]),
                )
            )
        self._tracks = known
        track_ids = np.zeros(len(found), np.int64)
        track_ids[paired] = ids[rows]
        track_ids[fresh] = new_ids
        numbered = replace(found, track_ids=track_ids)
        # Nearly always all of them count, and picking all of them costs as much as some.
        return numbered if track_ids.all() else numbered.where(track_ids > 0)

    def _numbers(self, count: int) -> Ints:
        """The next so many numbers that no track has had."""
        numbers = np.arange(self._next_id, self._next_id + count)
        self._next_id += count
        return numbers
