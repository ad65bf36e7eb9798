"""Results that do not flicker: scores, labels, boxes and masks calmed down over time.

A model sees each frame alone, so that its scores shake and its second-best guess wins now and then.
People read what stands still. Every filter here counts in seconds, not in frames, because a live
stream drops some, and every one follows a real change within a fraction of a second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from edgecnn.core.results import Classification, Detections, Faces, Result, Segmentation
from edgecnn.errors import OptionError
from edgecnn.video.one_euro import OneEuro
from edgecnn.video.steps import Steps
from edgecnn.video.votes import Votes

Boxed = TypeVar("Boxed", Detections, Faces)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothOptions:
    """How results are calmed down.

    Attributes:
        score_s: A score has made two thirds of a change after this time.
        margin: A class takes the place of the leading one when its smoothed score is ahead by this.
        rest_hz: Jitter of a resting box that is faster than this is taken out.
        per_speed: How much faster a box is followed when it moves, in hertz for each of its sizes a
            second.
        mask_s: As ``score_s``, for places of a mask where the model is undecided; where it is sure,
            the mask follows at once.
        forget_s: What was not seen for so long begins anew.
    """

    score_s: float = 0.3
    margin: float = 0.1
    rest_hz: float = 1.0
    per_speed: float = 6.0
    mask_s: float = 0.15
    forget_s: float = 1.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise OptionError(f"{name} must be a number and not negative, but got {value!r}.")
        if self.rest_hz == 0:
            raise OptionError("rest_hz=0 would never move a box. Use a positive number of hertz.")


class Smoother:
    """Calms the results of one task on one stream; give it every frame, in order.

    Boxes and their labels are smoothed by track, so they need `Detections.track_ids`; without, they
    are left as they are. Embeddings and bare tensors are left alone.

    Args:
        options: See there.
    """

    def __init__(self, options: SmoothOptions | None = None) -> None:
        self.options = options or SmoothOptions()
        self._steps = Steps()
        self.forget()

    def forget(self) -> None:
        """Begin anew, as at a cut."""
        options = self.options
        self._votes: dict[int, Votes] = {}
        self._boxes = OneEuro(options.rest_hz, options.per_speed, options.forget_s)
        self._planes: Segmentation | None = None

    def update(self, result: Result, time_s: float) -> Result:
        """The result of the next frame, calmed down; the one given is not changed.

        Args:
            result: What the task answered.
            time_s: Time of the frame.
        """
        step_s = self._steps.next(time_s)
        if step_s > self.options.forget_s:
            self._votes, self._planes = {}, None
        if isinstance(result, Classification):
            return self._classification(result, step_s)
        if isinstance(result, Detections):
            return self._followed(self._labels(result, step_s), step_s)
        if isinstance(result, Faces):
            return self._followed(result, step_s)
        if isinstance(result, Segmentation):
            return self._segmentation(result, step_s)
        return result

    def _classification(self, result: Classification, step_s: float) -> Classification:
        votes = self._votes.setdefault(0, Votes(self.options.score_s, self.options.margin))
        votes.add(
            dict(zip(result.class_ids.tolist(), result.scores.tolist(), strict=True)),
            dict(zip(result.class_ids.tolist(), result.labels, strict=True)),
            step_s,
        )
        ranked = votes.ranked()[: len(result)]
        return Classification(
            np.array([class_id for class_id, _, _ in ranked], np.int64),
            tuple(label for _, label, _ in ranked),
            np.array([score for _, _, score in ranked], np.float32),
        )

    def _labels(self, found: Detections, step_s: float) -> Detections:
        """The class that an object had most of late, and its score, by track."""
        if found.track_ids is None:
            return found
        rows: list[tuple[int, str, float]] = []
        here = found.track_ids.tolist()
        items = zip(
            here, found.class_ids.tolist(), found.labels, found.scores.tolist(), strict=True
        )
        for track_id, class_id, label, score in items:
            known = self._votes.get(track_id)
            if known is None:
                known = Votes(self.options.score_s, self.options.margin)
                self._votes[track_id] = known
            known.add({class_id: score}, {class_id: label}, step_s)
            rows.append(known.ranked()[0])
        for track_id in [known for known in self._votes if known not in here]:
            self._votes[track_id].unseen_s += step_s
            if self._votes[track_id].unseen_s > self.options.forget_s:
                del self._votes[track_id]
        scores = [score for _, _, score in rows]
        voted = replace(
            found,
            class_ids=np.array([class_id for class_id, _, _ in rows], np.int64),
            labels=tuple(label for _, label, _ in rows),
            scores=np.array(scores, np.float32),
        )
        if scores == sorted(scores, reverse=True):
            return voted
        return voted.where(np.argsort(-voted.scores, kind="stable"))

    def _followed(self, found: Boxed, step_s: float) -> Boxed:
        """Boxes, and the points of faces, freed of jitter, by track."""
        if found.track_ids is None or not (len(found) or self._boxes.remembers):
            return found
        boxes = found.boxes_xyxy.astype(np.float64)
        size = np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0)
        columns, sizes = [boxes], [size, size]
        if isinstance(found, Faces):
            # -1 would not do: without a face there is nothing to divide the rest from.
            flat_xy = found.points_xy.reshape(len(found), 2 * found.points_xy.shape[1])
            columns.append(flat_xy.astype(np.float64))
            sizes.extend([size] * found.points_xy.shape[1])
        calm = self._boxes.update(
            found.track_ids, np.concatenate(columns, axis=1), np.concatenate(sizes, axis=1), step_s
        ).astype(np.float32)
        if isinstance(found, Faces):
            points = calm[:, 4:].reshape(found.points_xy.shape)
            return replace(found, boxes_xyxy=calm[:, :4], points_xy=points)
        return replace(found, boxes_xyxy=calm[:, :4])

    def _segmentation(self, result: Segmentation, step_s: float) -> Segmentation:
        """The past counts where the model is undecided: edges stop crawling, nothing trails."""
        last = self._planes
        if last is not None and _alike(last, result) and self.options.mask_s > 0:
            now = result.probabilities
            undecided = 1 - (2 * now - 1) ** 2
            past = np.float32(math.exp(-step_s / self.options.mask_s)) * undecided
            result = replace(result, probabilities=now + past * (last.probabilities - now))
        self._planes = result
        return result


def _alike(one: Segmentation, other: Segmentation) -> bool:
    return (one.labels, one.size_wh, one.probabilities.shape) == (
        other.labels,
        other.size_wh,
        other.probabilities.shape,
    )
