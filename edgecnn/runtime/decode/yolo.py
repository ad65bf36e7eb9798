"""The two common YOLO heads, already decoded to boxes inside the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from edgecnn.bundle.schema import Manifest
from edgecnn.core.boxes import scale_boxes, xyxy_from_cxcywh
from edgecnn.core.placement import Placement
from edgecnn.core.results import Detections
from edgecnn.errors import BundleError
from edgecnn.runtime.decode import parameters_of
from edgecnn.runtime.decode.detections import (
    DetectionParameters,
    ResultBuilder,
    Thresholds,
    candidates,
    strongest,
)
from edgecnn.runtime.decode.outputs import at_least, named_output, refuse_nan
from edgecnn.runtime.output import Floats, Output

_OUTPUT = "predictions"


class YoloParameters(DetectionParameters, frozen=True, kw_only=True):
    """Parameters of `YoloV5Decoder` and `YoloV8Decoder`.

    Attributes:
        coordinates: Whether boxes are in pixels of the input, or shares of it (0..1).
    """

    coordinates: Literal["pixels", "normalized"] = "pixels"


class _YoloDecoder:
    """What the two heads have in common."""

    def __init__(self, manifest: Manifest) -> None:
        self._parameters = parameters_of(manifest, YoloParameters)
        self._bundle = manifest.name
        self._num_labels = len(manifest.labels)
        self._result = ResultBuilder(manifest)
        normalized = self._parameters.coordinates == "normalized"
        self._unit_xy = (
            (float(manifest.picture_input.width), float(manifest.picture_input.height))
            if normalized
            else (1.0, 1.0)
        )

    def _check_classes(self, output: Output, axis: int, before: int) -> None:
        """Without labels any number of classes will do, but none will not."""
        if output.data.shape[axis] <= before:
            raise BundleError(
                f"Bundle {self._bundle!r}: the output {_OUTPUT!r} {output.data.shape} has no "
                f"class: axis {axis} must be longer than {before}. Is it another YOLO's head?"
            )

    def _input_boxes(self, boxes_cxcywh: Floats) -> Floats:
        return scale_boxes(xyxy_from_cxcywh(boxes_cxcywh), self._unit_xy)


class YoloV5Decoder(_YoloDecoder):
    """Decodes ``predictions`` (1, N, 5 + classes): box, objectness, classes, all activated.

    A score is objectness times class. The head of YOLOv5 to v7.

    Args:
        manifest: A bundle whose decoder has `YoloParameters`. With labels, the number of columns
            must fit them.

    Raises:
        BundleError: The parameters are wrong.
    """

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
            BundleError: The output is missing or of another shape.
            BackendError: The output holds NaN.
        """
        thresholds = Thresholds.resolve(
            self._parameters, score_threshold, iou_threshold, max_results
        )
        columns = 5 + self._num_labels if self._num_labels else None
        output = named_output(outputs, _OUTPUT, (1, None, columns), bundle=self._bundle)
        self._check_classes(output, axis=2, before=5)
        rows = output.data[0]
        objectness = rows[:, 4]
        refuse_nan(objectness, _OUTPUT, bundle=self._bundle)
        # No product can reach the threshold where objectness alone does not.
        places = np.flatnonzero(at_least(output, objectness, thresholds.score))
        real = output.real(rows[places])
        products = real[:, 5:] * real[:, 4:5]
        refuse_nan(products, _OUTPUT, bundle=self._bundle)
        chosen, class_ids = np.nonzero(products >= np.float32(thresholds.score))
        scores = products[chosen, class_ids]
        best = strongest(scores)
        if best is not None:
            chosen, class_ids, scores = chosen[best], class_ids[best], scores[best]
        boxes_xyxy = self._input_boxes(real[chosen, :4])
        return self._result(boxes_xyxy, scores, class_ids, placement, thresholds)


class YoloV8Decoder(_YoloDecoder):
    """Decodes ``predictions`` (1, 4 + classes, N): box rows, then class rows, all activated.

    The head of YOLOv8 and later ones with suppression outside; there is no objectness.

    Args:
        manifest: A bundle whose decoder has `YoloParameters`. With labels, the number of rows
            must fit them.

    Raises:
        BundleError: The parameters are wrong.
    """

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
            BundleError: The output is missing or of another shape.
            BackendError: The output holds NaN.
        """
        thresholds = Thresholds.resolve(
            self._parameters, score_threshold, iou_threshold, max_results
        )
        rows = 4 + self._num_labels if self._num_labels else None
        output = named_output(outputs, _OUTPUT, (1, rows, None), bundle=self._bundle)
        self._check_classes(output, axis=1, before=4)
        stored = output.data[0]
        class_ids, places, scores = candidates(
            output,
            stored[4:],
            thresholds.score,
            activation="none",
            name=_OUTPUT,
            bundle=self._bundle,
        )
        boxes_xyxy = self._input_boxes(output.real(stored[:4, places].T))
        return self._result(boxes_xyxy, scores, class_ids, placement, thresholds)
