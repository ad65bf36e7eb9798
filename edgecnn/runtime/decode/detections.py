"""What all detection decoders share: choosing candidates, suppressing, building the result.

Every class above the threshold at a place is a candidate of its own, as the papers have it, and
suppression is within a class and in pixels of the input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import Manifest, Strict
from edgecnn.core.overlap import class_wise_nms
from edgecnn.core.placement import Placement
from edgecnn.core.results import Detections
from edgecnn.runtime.decode.labels import Labels
from edgecnn.runtime.decode.outputs import (
    Activation,
    at_least,
    logit,
    refuse_nan,
    sigmoid,
    softmax,
)
from edgecnn.runtime.output import Floats, Output

Ints = NDArray[np.int64]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]

MAX_CANDIDATES = 2000
"""The best so many candidates go into suppression. Far more than a live threshold lets through;
at thresholds near 0, as evaluation uses them, it bounds time and memory."""


class DetectionParameters(Strict, frozen=True, kw_only=True):
    """Parameters that every detection decoder has.

    Attributes:
        score_threshold: Candidates below this score are dropped.
        iou_threshold: Of two boxes of one class whose IoU is greater, the better stays.
        max_results: At most so many objects.
    """

    score_threshold: Share
    iou_threshold: Share
    max_results: Annotated[int, msgspec.Meta(ge=1)] = 100


_NO_INTS: Ints = np.empty(0, np.int64)
_NO_FLOATS: Floats = np.empty(0, np.float32)
_NO_INTS.flags.writeable = _NO_FLOATS.flags.writeable = False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is in force for one call: the caller's options, or else the bundle's values."""

    score: float
    iou: float
    max_results: int

    @classmethod
    def resolve(
        cls,
        parameters: DetectionParameters,
        score_threshold: float | None,
        iou_threshold: float | None,
        max_results: int | None,
    ) -> Thresholds:
        """Options where they are given, the bundle's values where they are None."""
        return cls(
            parameters.score_threshold if score_threshold is None else score_threshold,
            parameters.iou_threshold if iou_threshold is None else iou_threshold,
            parameters.max_results if max_results is None else max_results,
        )


def strongest(scores: Floats, limit: int = MAX_CANDIDATES) -> Ints | None:
    """Indices of the ``limit`` best scores; None when there are no more than that anyway."""
    if len(scores) <= limit:
        return None
    return np.sort(np.argsort(-scores, kind="stable")[:limit])


def candidates(
    output: Output,
    stored: NDArray[Any],
    threshold: float,
    *,
    activation: Activation,
    name: str,
    bundle: str,
    skip: int = 0,
) -> tuple[Ints, Ints, Floats]:
    """Places and classes whose score reaches the threshold.

    Args:
        output: Where the scores come from, for their scale.
        stored: (places, classes), a part of ``output.data``.
        threshold: Real score 0..1.
        activation: What turns the stored values into scores.
        name: Name of the output, for messages.
        bundle: Name of the bundle, for messages.
        skip: Columns at the left that are no classes (background); ids count from the next one.

    Returns:
        Places (K,), class ids (K,) and scores (K,) float32, in the order of the array; of more
        than `MAX_CANDIDATES` only the best.

    Raises:
        BackendError: The scores hold NaN.
    """
    refuse_nan(stored, name, bundle=bundle)
    if activation == "softmax":
        # Each share depends on all logits of its place, so that this one has to be made real.
        probabilities = np.ascontiguousarray(softmax(output.real(stored))[:, skip:])
        hits = np.flatnonzero(probabilities >= np.float32(threshold))
        places, class_ids = np.divmod(hits, probabilities.shape[1])
        scores = probabilities[places, class_ids]
    else:
        bound = logit(threshold) if activation == "sigmoid" else threshold
        columns = stored[:, skip:]
        hits = np.flatnonzero(at_least(output, columns, bound))
        if not len(hits):
            return _NO_INTS, _NO_INTS, _NO_FLOATS  # the most frequent answer of a map
        places, class_ids = np.divmod(hits, columns.shape[1])
        scores = output.real(columns[places, class_ids])
        if activation == "sigmoid":
            scores = sigmoid(scores)
    best = strongest(scores)
    if best is not None:
        places, class_ids, scores = places[best], class_ids[best], scores[best]
    return places, class_ids, scores


def inside_picture(boxes_xyxy: Floats) -> NDArray[np.bool_]:
    """(N,) bool: which boxes still have an area after they were clipped to the picture."""
    inside: NDArray[np.bool_] = (boxes_xyxy[:, 2] > boxes_xyxy[:, 0]) & (
        boxes_xyxy[:, 3] > boxes_xyxy[:, 1]
    )
    return inside


class ResultBuilder:
    """Turns candidates into `Detections`.

    Args:
        manifest: For its name and labels.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._bundle = manifest.name
        self._labels = Labels(manifest.labels)

    def nothing(self) -> Detections:
        """No objects."""
        boxes, scores = np.empty((0, 4), np.float32), np.empty(0, np.float32)
        return Detections(boxes, scores, np.empty(0, np.int64), ())

    def __call__(
        self,
        boxes_xyxy: Floats,
        scores: Floats,
        class_ids: Ints,
        placement: Placement,
        thresholds: Thresholds,
    ) -> Detections:
        """Suppress, map to the picture, drop what lies outside it, sort by falling score.

        Args:
            boxes_xyxy: (N, 4) float32, pixels of the input.
            scores: (N,) float32.
            class_ids: (N,) int64.
            placement: Where the picture lies in the input.
            thresholds: IoU and number of results in force.

        Raises:
            BackendError: A box or score is NaN.
        """
        if len(scores) == 0:
            return self.nothing()
        refuse_nan(boxes_xyxy, "boxes (decoded)", bundle=self._bundle)
        refuse_nan(scores, "scores (decoded)", bundle=self._bundle)
        best = strongest(scores)
        if best is not None:
            boxes_xyxy, scores, class_ids = boxes_xyxy[best], scores[best], class_ids[best]
        kept = class_wise_nms(boxes_xyxy, scores, class_ids, iou_threshold=thresholds.iou)
        boxes = placement.boxes_to_picture(boxes_xyxy[kept])
        inside = inside_picture(boxes)
        if not inside.all():
            kept, boxes = kept[inside], boxes[inside]
        kept, boxes = kept[: thresholds.max_results], boxes[: thresholds.max_results]
        ids = class_ids[kept]
        return Detections(boxes, scores[kept], ids, self._labels(ids))
