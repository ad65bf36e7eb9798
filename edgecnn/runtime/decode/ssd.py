"""Single-shot detectors: offsets from prior boxes, and scores for each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

import msgspec
import numpy as np

from edgecnn.bundle.schema import Manifest
from edgecnn.core.anchors import ssd_anchors
from edgecnn.core.boxes import scale_boxes, xyxy_from_yxhw
from edgecnn.core.placement import Placement
from edgecnn.core.results import Detections
from edgecnn.errors import BundleError
from edgecnn.runtime.decode import parameters_of
from edgecnn.runtime.decode.detections import (
    DetectionParameters,
    ResultBuilder,
    Thresholds,
    candidates,
)
from edgecnn.runtime.decode.outputs import Activation, named_output
from edgecnn.runtime.output import Floats, Output

# No anchor needs to grow more than from 16 to 1,000 pixels, and exp() of nonsense is infinite.
_LARGEST_LOG_SIZE = np.float32(math.log(1000 / 16))


class SSDParameters(DetectionParameters, frozen=True, kw_only=True):
    """Parameters of `SSDDecoder`.

    Attributes:
        activation: What turns ``scores`` into probabilities.
        background: Whether the first column of ``scores`` stands for no object; class 0 is then
            the second.
        box_scales: What the network's four numbers (y, x, height, width) are divided by.
        maps: Cells a side of each map, and with the next five the way `ssd_anchors` makes anchors.
        anchors: The anchors themselves, (centre y, centre x, height, width) as shares of the
            input, instead of ``maps``.
    """

    activation: Activation
    background: bool
    box_scales: tuple[float, float, float, float] = (10.0, 10.0, 5.0, 5.0)
    maps: tuple[Annotated[int, msgspec.Meta(ge=1)], ...] = ()
    min_scale: Annotated[float, msgspec.Meta(gt=0.0)] = 0.2
    max_scale: Annotated[float, msgspec.Meta(gt=0.0)] = 0.95
    aspect_ratios: tuple[Annotated[float, msgspec.Meta(gt=0.0)], ...] = (1.0, 2.0, 0.5, 3.0, 1 / 3)
    reduce_first_map: bool = True
    interpolated_scale: bool = True
    anchors: tuple[tuple[float, float, float, float], ...] = ()


def anchors_of(parameters: SSDParameters) -> Floats:
    """The anchors that parameters list or describe.

    Returns:
        (N, 4) float32 centre y, centre x, height, width, as shares of the input.
    """
    if parameters.anchors:
        return np.array(parameters.anchors, np.float32)
    return ssd_anchors(
        parameters.maps,
        min_scale=parameters.min_scale,
        max_scale=parameters.max_scale,
        aspect_ratios=parameters.aspect_ratios,
        reduce_first_map=parameters.reduce_first_map,
        interpolated_scale=parameters.interpolated_scale,
    )


def decode_offsets(
    offsets_yxhw: Floats, anchors_yxhw: Floats, box_scales: tuple[float, float, float, float]
) -> Floats:
    """Boxes from what the network says relative to its anchors.

    Reference: Liu et al. 2016, "SSD", equation 2 (and Ren et al. 2015 before it).

    Args:
        offsets_yxhw: (N, 4) float32 as the network gave them.
        anchors_yxhw: (N, 4) float32.
        box_scales: Divisors of the offsets.

    Returns:
        (N, 4) float32 centre y, centre x, height, width, in the unit of the anchors.
    """
    divisors: Floats = np.array(box_scales, np.float32)
    scaled: Floats = offsets_yxhw / divisors
    boxes = np.empty_like(scaled)
    boxes[:, :2] = scaled[:, :2] * anchors_yxhw[:, 2:] + anchors_yxhw[:, :2]
    boxes[:, 2:] = np.exp(np.minimum(scaled[:, 2:], _LARGEST_LOG_SIZE)) * anchors_yxhw[:, 2:]
    return boxes


class SSDDecoder:
    """Decodes ``boxes`` (1, anchors, 4) and ``scores`` (1, anchors, columns).

    Args:
        manifest: A bundle whose decoder has `SSDParameters`.

    Raises:
        BundleError: The parameters are wrong, or describe no anchors.
    """

    def __init__(self, manifest: Manifest) -> None:
        parameters = parameters_of(manifest, SSDParameters)
        if bool(parameters.maps) == bool(parameters.anchors):
            raise BundleError(
                f"Bundle {manifest.name!r}: the decoder 'ssd' needs either 'maps' or 'anchors', "
                f"but has {'both' if parameters.maps else 'neither'}."
            )
        self._anchors_yxhw = anchors_of(parameters)
        self._parameters = parameters
        self._bundle = manifest.name
        self._input_wh = (manifest.picture_input.width, manifest.picture_input.height)
        self._result = ResultBuilder(manifest)

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
        parameters = self._parameters
        thresholds = Thresholds.resolve(parameters, score_threshold, iou_threshold, max_results)
        count = len(self._anchors_yxhw)
        offsets = named_output(outputs, "boxes", (1, count, 4), bundle=self._bundle)
        confidence = named_output(outputs, "scores", (1, count, None), bundle=self._bundle)
        places, class_ids, scores = candidates(
            confidence,
            confidence.data[0],
            thresholds.score,
            activation=parameters.activation,
            name="scores",
            bundle=self._bundle,
            skip=1 if parameters.background else 0,
        )
        boxes_yxhw = decode_offsets(
            offsets.real(offsets.data[0][places]), self._anchors_yxhw[places], parameters.box_scales
        )
        boxes_xyxy = scale_boxes(xyxy_from_yxhw(boxes_yxhw), self._input_wh)
        return self._result(boxes_xyxy, scores, class_ids, placement, thresholds)
