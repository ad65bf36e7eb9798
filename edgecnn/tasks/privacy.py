"""Privacy mode: faces are gone from the frames of a stream before anything is made of them.

What is drawn, encoded, sent or saved afterwards never had the faces; nothing brings them back (see
`edgecnn.faces.pixelate`). A face that the detector loses for a moment stays covered where it is
believed to be. What the detector never found cannot be covered: look at a recording before you give
it away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edgecnn.core.overlap import iou_matrix
from edgecnn.core.results import Bools, Faces, Floats, Result
from edgecnn.errors import OptionError
from edgecnn.faces.pixelate import Style, hide_faces
from edgecnn.faces.recognition import Recognition
from edgecnn.video.frame import Frame
from edgecnn.video.tracking import Tracker, TrackOptions

Hide = Literal["unknown", "all"]

LINGER_S = 1.0
"""How long a face stays covered that is not found any more."""
_GROWTH = 0.5
"""By how much of its size a side the cover of a lost face has grown after that time."""
_SAME_FACE = 0.5
"""Two models that overlap by so much have found one face."""


class PrivacyFilter:
    """Hides the faces of one stream; give it every frame, in order.

    Known are faces that a `Recognition` shows as known; undecided ones, those of a locked gallery
    and everything that a mere detector finds are not, and are hidden.

    Args:
        hide: ``"unknown"`` leaves enrolled people visible; ``"all"`` nobody.
        style: ``"mosaic"`` or ``"solid"``; see `edgecnn.faces.pixelate.hide_faces`.

    Attributes:
        hide, style: As given; may be replaced between frames.

    Raises:
        OptionError: Another value.
    """

    def __init__(self, hide: Hide = "unknown", style: Style = "mosaic") -> None:
        if hide not in ("unknown", "all"):
            raise OptionError(f"Unknown choice of faces {hide!r}. Known: unknown, all.")
        if style not in ("mosaic", "solid"):
            raise OptionError(f"Unknown style {style!r}. Known: mosaic, solid.")
        self.hide = hide
        self.style = style
        self._tracker = Tracker(TrackOptions(confirm_after=1, lost_s=LINGER_S))
        self._known: set[int] = set()

    def __call__(self, frame: Frame, results: Result | Iterable[Result]) -> Frame:
        """The frame without the faces.

        A frame about which the models of faces said nothing (one failed) must not be shown at all:
        nobody knows what is on it.

        Args:
            frame: Not changed.
            results: What was said about this frame; others than `Faces` are passed over.

        Returns:
            A frame with the same facts; the one given when there is nothing to hide.
        """
        given = [results] if isinstance(results, Result) else list(results)
        boxes, known = _together([item for item in given if isinstance(item, Faces)])
        if not frame.still:
            boxes, known = self._with_lost(boxes, known, frame.timestamp_s)
        hidden = np.ones(len(boxes), np.bool_) if self.hide == "all" else ~known
        if not hidden.any():
            return frame
        pixels = hide_faces(frame.pixels, boxes, frame.color, hide=hidden, style=self.style)
        return replace(frame, pixels=pixels)

    def _with_lost(self, boxes: Floats, known: Bools, time_s: float) -> tuple[Floats, Bools]:
        """The faces, and those that were there a moment ago, where they are believed to be."""
        found = Faces(boxes, np.ones(len(boxes), np.float32), np.zeros((len(boxes), 6, 2), "f4"))
        ids = self._tracker.update(found, time_s).track_ids
        numbers = [] if ids is None else ids.tolist()
        self._known = {one for one, is_known in zip(numbers, known, strict=True) if is_known} | (
            self._known - set(numbers)
        )
        lost_ids, lost_boxes, unseen_s = self._tracker.lost
        self._known &= {*numbers, *lost_ids.tolist()}
        grown = _grown(lost_boxes, _GROWTH * unseen_s / LINGER_S)
        lost_known = np.array([one in self._known for one in lost_ids.tolist()], np.bool_)
        return np.concatenate([boxes, grown]), np.concatenate([known, lost_known])


def _together(results: list[Faces]) -> tuple[Floats, Bools]:
    """Boxes of all results and which are known; a face is known if a recognizer says so."""
    boxes = np.empty((0, 4), np.float32)
    known = np.empty(0, np.bool_)
    for result in sorted(results, key=lambda one: not isinstance(one, Recognition)):
        mine = result.known if isinstance(result, Recognition) else np.zeros(len(result), np.bool_)
        fresh = np.ones(len(result), np.bool_)
        if len(boxes) and len(result):
            fresh = iou_matrix(result.boxes_xyxy, boxes).max(axis=1) < _SAME_FACE
        boxes = np.concatenate([boxes, result.boxes_xyxy[fresh]])
        known = np.concatenate([known, mine[fresh]])
    return boxes, known


def _grown(boxes: NDArray[np.float64], share: NDArray[np.float64]) -> Floats:
    """Boxes (N, 4) with a share (N,) of their size more on each side."""
    size = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    grown = boxes + size * share[:, None] * np.array([-1, -1, 1, 1])
    return np.asarray(grown, np.float32)
