"""Faces with six points, from the regressors of BlazeFace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
import numpy as np

from edgecnn.bundle.schema import Manifest
from edgecnn.core.anchors import cell_centres
from edgecnn.core.boxes import xyxy_from_cxcywh
from edgecnn.core.overlap import weighted_nms
from edgecnn.core.placement import Placement
from edgecnn.core.results import FACE_POINTS, Faces
from edgecnn.runtime.decode import parameters_of
from edgecnn.runtime.decode.detections import (
    DetectionParameters,
    Thresholds,
    inside_picture,
    strongest,
)
from edgecnn.runtime.decode.outputs import at_least, logit, named_output, refuse_nan, sigmoid
from edgecnn.runtime.output import Output

Positive = Annotated[int, msgspec.Meta(ge=1)]


class BlazeFaceParameters(DetectionParameters, frozen=True, kw_only=True):
    """Parameters of `BlazeFaceDecoder`.

    Attributes:
        grids: For each map: cells a side, and anchors a cell.
        score_clip: Logits are clipped to plus or minus this before the sigmoid.
    """

    grids: Annotated[tuple[tuple[Positive, Positive], ...], msgspec.Meta(min_length=1)]
    score_clip: Annotated[float, msgspec.Meta(gt=0.0)] = 80.0


class BlazeFaceDecoder:
    """Decodes ``regressors`` (1, anchors, 16) and ``logits`` (1, anchors, 1).

    All regressors are in pixels of the input: centre and points relative to the anchor, then the
    size. Overlapping answers are averaged, not dropped.

    Reference: Bazarevsky et al. 2019, "BlazeFace".

    Args:
        manifest: A bundle whose decoder has `BlazeFaceParameters`.

    Raises:
        BundleError: The parameters are wrong.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._parameters = parameters_of(manifest, BlazeFaceParameters)
        self._bundle = manifest.name
        input_wh = np.array(
            (manifest.picture_input.width, manifest.picture_input.height), np.float32
        )
        self._anchors_xy = cell_centres(self._parameters.grids) * input_wh

    def __call__(
        self,
        outputs: Mapping[str, Output],
        placement: Placement,
        *,
        score_threshold: float | None = None,
        iou_threshold: float | None = None,
        max_results: int | None = None,
    ) -> Faces:
        """Faces, best first.

        Raises:
            BundleError: An output is missing or of another shape.
            BackendError: An output holds NaN.
        """
        thresholds = Thresholds.resolve(
            self._parameters, score_threshold, iou_threshold, max_results
        )
        count, width = len(self._anchors_xy), 4 + 2 * len(FACE_POINTS)
        confidence = named_output(outputs, "logits", (1, count, 1), bundle=self._bundle)
        output = named_output(outputs, "regressors", (1, count, width), bundle=self._bundle)
        stored = confidence.data[0, :, 0]
        refuse_nan(stored, "logits", bundle=self._bundle)
        places = np.flatnonzero(at_least(confidence, stored, logit(thresholds.score)))
        clip = np.float32(self._parameters.score_clip)
        scores = sigmoid(np.clip(confidence.real(stored[places]), -clip, clip))
        best = strongest(scores)
        if best is not None:
            places, scores = places[best], scores[best]
        regressors = output.real(output.data[0][places])
        refuse_nan(regressors, "regressors", bundle=self._bundle)
        anchors = self._anchors_xy[places]
        boxes_cxcywh = np.concatenate([anchors + regressors[:, :2], regressors[:, 2:4]], axis=1)
        points = anchors[:, None] + regressors[:, 4:].reshape(-1, len(FACE_POINTS), 2)
        boxes, scores, points = weighted_nms(
            xyxy_from_cxcywh(boxes_cxcywh), scores, points, iou_threshold=thresholds.iou
        )
        boxes = placement.boxes_to_picture(boxes)
        kept = np.flatnonzero(inside_picture(boxes))[: thresholds.max_results]
        return Faces(boxes[kept], scores[kept], placement.points_to_picture(points[kept]))
