"""NanoDet and other heads of Generalized Focal Loss: box sides as distributions over distances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np

from edgecnn.bundle.schema import Manifest
from edgecnn.core.anchors import stride_centres
from edgecnn.core.placement import Placement
from edgecnn.core.results import Detections
from edgecnn.runtime.decode import parameters_of
from edgecnn.runtime.decode.detections import (
    DetectionParameters,
    Ints,
    ResultBuilder,
    Thresholds,
    candidates,
)
from edgecnn.runtime.decode.outputs import named_output, softmax
from edgecnn.runtime.output import Floats, Output


class GFLParameters(DetectionParameters, frozen=True, kw_only=True):
    """Parameters of `GFLDecoder`.

    Attributes:
        strides: Pixels of the input for one cell, for each map.
        reg_max: Largest distance that a side's distribution reaches, in cells.
    """

    strides: Annotated[tuple[Annotated[int, msgspec.Meta(ge=1)], ...], msgspec.Meta(min_length=1)]
    reg_max: Annotated[int, msgspec.Meta(ge=1)]


@dataclass(frozen=True, slots=True)
class _Map:
    scores: str
    distances: str
    stride: int
    centres_xy: Floats


def distances_from_logits(logits: Floats, reg_max: int) -> Floats:
    """Expected distance of each side, in cells.

    Reference: Li et al. 2020, "Generalized Focal Loss", equation 5.

    Args:
        logits: (N, 4 * (reg_max + 1)) float32, a distribution over 0..reg_max a side.
        reg_max: Largest distance.

    Returns:
        (N, 4) float32, 0..reg_max, in the order of the sides.
    """
    distribution = softmax(logits.reshape(-1, reg_max + 1))
    expected: Floats = np.dot(distribution, np.arange(reg_max + 1, dtype=np.float32))
    return expected.reshape(-1, 4)


def boxes_around(centres_xy: Floats, distances_ltrb: Floats) -> Floats:
    """Boxes from a point inside each and the distances to its left, top, right and bottom side.

    Args:
        centres_xy: (N, 2) float32.
        distances_ltrb: (N, 4) float32, in the same unit.

    Returns:
        (N, 4) float32 x_min, y_min, x_max, y_max.
    """
    boxes = np.empty_like(distances_ltrb)
    np.subtract(centres_xy, distances_ltrb[:, :2], out=boxes[:, :2])
    np.add(centres_xy, distances_ltrb[:, 2:], out=boxes[:, 2:])
    return boxes


class GFLDecoder:
    """Decodes ``scores_{stride}`` (1, cells, classes) and ``distances_{stride}`` (1, cells, 4 x).

    Scores went through a sigmoid inside the network. Distances run from the centre of the cell to
    left, top, right and bottom.

    Args:
        manifest: A bundle whose decoder has `GFLParameters`.

    Raises:
        BundleError: The parameters are wrong.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._parameters = parameters_of(manifest, GFLParameters)
        self._bundle = manifest.name
        self._result = ResultBuilder(manifest)
        size_wh = (manifest.picture_input.width, manifest.picture_input.height)
        self._maps = [
            _Map(f"scores_{stride}", f"distances_{stride}", stride, stride_centres(size_wh, stride))
            for stride in self._parameters.strides
        ]

    def __call__(
        self,
        outputs: Mapping[str, Output],
        placement: Placement,
        *,
        score_threshold: float | None = None,
        iou_threshold: float | None = None,
        max_results: int | None = None,
    ) -> Detections:
        """Objects, best first.

        Raises:
            BundleError: An output is missing or of another shape.
            BackendError: An output holds NaN.
        """
        thresholds = Thresholds.resolve(
            self._parameters, score_threshold, iou_threshold, max_results
        )
        logits, centres, strides, scores, class_ids = [], [], [], [], []
        for level in self._maps:
            places, level_classes, level_scores, level_logits = self._chosen(
                level, outputs, thresholds.score
            )
            if len(places):
                logits.append(level_logits)
                centres.append(level.centres_xy[places])
                strides.append(np.full((len(places), 1), level.stride, np.float32))
                scores.append(level_scores)
                class_ids.append(level_classes)
        if not logits:
            return self._result.nothing()
        # One pass over the survivors of all maps: on so few numbers it is the calls that cost.
        distances = distances_from_logits(np.concatenate(logits), self._parameters.reg_max)
        boxes = boxes_around(np.concatenate(centres), distances * np.concatenate(strides))
        return self._result(
            boxes, np.concatenate(scores), np.concatenate(class_ids), placement, thresholds
        )

    def _chosen(
        self, level: _Map, outputs: Mapping[str, Output], score_threshold: float
    ) -> tuple[Ints, Ints, Floats, Floats]:
        """Cells of one map above the threshold: places, class ids, scores and side logits."""
        cells = len(level.centres_xy)
        bins = 4 * (self._parameters.reg_max + 1)
        confidence = named_output(outputs, level.scores, (1, cells, None), bundle=self._bundle)
        sides = named_output(outputs, level.distances, (1, cells, bins), bundle=self._bundle)
        places, class_ids, scores = candidates(
            confidence,
            confidence.data[0],
            score_threshold,
            activation="none",
            name=level.scores,
            bundle=self._bundle,
        )
        if not len(places):
            return places, class_ids, scores, scores
        return places, class_ids, scores, sides.real(sides.data[0][places])
