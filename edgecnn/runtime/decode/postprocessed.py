"""Detectors that decode and suppress inside the network, in the standard forms of SSD.

TFLite has four outputs for it, made by the operator ``TFLite_Detection_PostProcess``: boxes,
classes, scores, and how many of the rows count. OpenVINO has one table of seven columns, made by
its operation ``DetectionOutput``; some of its exporters write boxes with a fifth column for the
score instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import Manifest
from edgecnn.core.boxes import scale_boxes
from edgecnn.core.placement import Placement
from edgecnn.core.results import Detections
from edgecnn.errors import BundleError
from edgecnn.runtime.decode import parameters_of
from edgecnn.runtime.decode.detections import (
    DetectionParameters,
    ResultBuilder,
    Share,
    Thresholds,
)
from edgecnn.runtime.decode.outputs import named_output, refuse_nan
from edgecnn.runtime.output import Floats, Output

Place = Annotated[int, msgspec.Meta(ge=0, le=3)]
_ENDING = (1, 1, None, 7)  # of the table: picture, class, score, x_min, y_min, x_max, y_max
_LARGEST_CLASS = 100_000  # a damaged network may give any number


class PostprocessedParameters(DetectionParameters, frozen=True, kw_only=True):
    """Parameters of `PostprocessedDecoder`.

    Attributes:
        iou_threshold: The network suppressed already; 1 does not do it again.
        coordinates: Whether boxes are shares of the input (0..1) or its pixels.
        box_order: Where a row of ``boxes`` has x_min, y_min, x_max and y_max. The operator of
            TFLite writes y_min, x_min, y_max, x_max: (1, 0, 3, 2).
        first_class: Number that the network gives the first label; smaller ones are background.
    """

    iou_threshold: Share = 1.0
    coordinates: Literal["normalized", "pixels"] = "normalized"
    box_order: tuple[Place, Place, Place, Place] = (1, 0, 3, 2)
    first_class: Annotated[int, msgspec.Meta(ge=0)] = 0


class PostprocessedDecoder:
    """Decodes what a network with suppression inside gives.

    Either ``boxes`` (1, N, 4), ``scores`` (1, N), ``classes`` (1, N) and perhaps ``count`` (1,),
    the number of rows that count; or ``boxes`` (1, N, 5) with the score in the last column, and
    ``classes`` (1, N); or ``detections`` (1, 1, N, 7): picture, class, score, x_min, y_min, x_max,
    y_max, up to the first row whose picture is negative.

    Args:
        manifest: A bundle whose decoder has `PostprocessedParameters`.

    Raises:
        BundleError: The parameters are wrong.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._parameters = parameters_of(manifest, PostprocessedParameters)
        self._bundle = manifest.name
        if sorted(self._parameters.box_order) != [0, 1, 2, 3]:
            raise BundleError(
                f"Bundle {manifest.name!r}: box_order {list(self._parameters.box_order)} does not "
                "name each of the columns 0 to 3 once."
            )
        normalized = self._parameters.coordinates == "normalized"
        spec = manifest.picture_input
        self._unit_xy = (float(spec.width), float(spec.height)) if normalized else (1.0, 1.0)
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
        thresholds = Thresholds.resolve(
            self._parameters, score_threshold, iou_threshold, max_results
        )
        read = self._table if "detections" in outputs else self._rows
        boxes_xyxy, scores, classes = read(outputs)
        refuse_nan(scores, "scores", bundle=self._bundle)
        refuse_nan(classes, "classes", bundle=self._bundle)
        numbers = np.clip(np.rint(classes), -1, _LARGEST_CLASS).astype(np.int64)
        class_ids = numbers - self._parameters.first_class
        kept = np.flatnonzero((scores >= np.float32(thresholds.score)) & (class_ids >= 0))
        boxes = scale_boxes(boxes_xyxy[kept], self._unit_xy)
        return self._result(boxes, scores[kept], class_ids[kept], placement, thresholds)

    def _rows(self, outputs: Mapping[str, Output]) -> tuple[Floats, Floats, Floats]:
        """Boxes (N, 4), scores (N,) and classes (N,) out of separate outputs."""
        columns = 4 if "scores" in outputs else 5
        boxes = self._output(outputs, "boxes", (1, None, columns))
        count = boxes.data.shape[1]
        classes = self._output(outputs, "classes", (1, count))
        stored: NDArray[Any] = boxes.data[0]
        if columns == 5:
            real = boxes.real(stored)
            places, scores = real[:, :4], real[:, 4]
        else:
            places = boxes.real(stored)
            scores = self._real(self._output(outputs, "scores", (1, count)))
        used = count
        if "count" in outputs:
            said = self._output(outputs, "count", (1,))
            number = said.real(said.data)
            refuse_nan(number, "count", bundle=self._bundle)
            used = int(np.clip(np.rint(number[0]), 0, count))
        order = list(self._parameters.box_order)
        return places[:used, order], scores[:used], self._real(classes)[:used]

    def _table(self, outputs: Mapping[str, Output]) -> tuple[Floats, Floats, Floats]:
        """The same out of one table."""
        table = self._output(outputs, "detections", _ENDING)
        rows = table.real(table.data[0, 0])
        refuse_nan(rows, "detections", bundle=self._bundle)
        ends = np.flatnonzero(rows[:, 0] < 0)
        if len(ends):
            rows = rows[: ends[0]]
        return rows[:, 3:], rows[:, 2], rows[:, 1]

    def _output(
        self, outputs: Mapping[str, Output], name: str, shape: tuple[int | None, ...]
    ) -> Output:
        return named_output(outputs, name, shape, bundle=self._bundle)

    @staticmethod
    def _real(output: Output) -> Floats:
        return output.real(output.data[0])
