"""Objects as points: peaks of a heat map, with a size and a sub-cell offset at each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import Manifest
from edgecnn.core.boxes import xyxy_from_cxcywh
from edgecnn.core.placement import Placement
from edgecnn.core.results import Detections
from edgecnn.runtime.decode import parameters_of
from edgecnn.runtime.decode.detections import (
    DetectionParameters,
    Ints,
    ResultBuilder,
    Share,
    Thresholds,
)
from edgecnn.runtime.decode.outputs import (
    at_least,
    logit,
    named_output,
    refuse_nan,
    sigmoid,
)
from edgecnn.runtime.output import Output


class CenterNetParameters(DetectionParameters, frozen=True, kw_only=True):
    """Parameters of `CenterNetDecoder`.

    Attributes:
        stride: Pixels of the input for one cell of the heat map.
        activation: What turns ``heatmap`` into scores.
        axes: Order of the two channels of ``size`` and ``offset``: ``xy`` (width first, as in the
            paper's code) or ``yx`` (height first).
        iou_threshold: 1 means no suppression, as the paper has it.
    """

    stride: Annotated[int, msgspec.Meta(ge=1)]
    activation: Literal["none", "sigmoid"]
    axes: Literal["xy", "yx"] = "xy"
    iou_threshold: Share = 1.0


def are_peaks(heatmap: NDArray[Any], y: Ints, x: Ints, channel: Ints) -> NDArray[np.bool_]:
    """Which places of a heat map are the highest of their 3 x 3 neighbourhood.

    The same as comparing with a 3 x 3 max-pool, but only where it matters. Of equal neighbours,
    which quantized maps are full of, the first in reading order is the peak; the paper takes both.

    Args:
        heatmap: (h, w, classes) of any real type.
        y: (K,) rows.
        x: (K,) columns.
        channel: (K,) classes.

    Returns:
        (K,) bool.
    """
    rows, columns = heatmap.shape[:2]
    values = heatmap[y, x, channel]
    peaks = np.ones(len(values), np.bool_)
    for dy, dx in ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)):
        ny, nx = y + dy, x + dx
        outside = (ny < 0) | (ny >= rows) | (nx < 0) | (nx >= columns)
        neighbours = heatmap[np.clip(ny, 0, rows - 1), np.clip(nx, 0, columns - 1), channel]
        earlier = (dy, dx) < (0, 0)
        peaks &= outside | (values > neighbours if earlier else values >= neighbours)
    return peaks


class CenterNetDecoder:
    """Decodes ``heatmap`` (1, h, w, classes), ``size`` (1, h, w, 2) and ``offset`` (1, h, w, 2).

    Sizes and offsets are in cells of the map.

    Reference: Zhou et al. 2019, "Objects as Points", section 4.

    Args:
        manifest: A bundle whose decoder has `CenterNetParameters`.

    Raises:
        BundleError: The parameters are wrong.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._parameters = parameters_of(manifest, CenterNetParameters)
        self._bundle = manifest.name
        self._result = ResultBuilder(manifest)
        stride = self._parameters.stride
        self._map_hw = (
            -(-manifest.picture_input.height // stride),
            -(-manifest.picture_input.width // stride),
        )

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
        rows, columns = self._map_hw
        heat = named_output(outputs, "heatmap", (1, rows, columns, None), bundle=self._bundle)
        size = named_output(outputs, "size", (1, rows, columns, 2), bundle=self._bundle)
        offset = named_output(outputs, "offset", (1, rows, columns, 2), bundle=self._bundle)
        heatmap = heat.data[0]
        refuse_nan(heatmap, "heatmap", bundle=self._bundle)
        activated = parameters.activation == "sigmoid"
        bound = logit(thresholds.score) if activated else thresholds.score
        hits = np.flatnonzero(at_least(heat, heatmap, bound))
        cells, class_ids = np.divmod(hits, heatmap.shape[2])
        y, x = np.divmod(cells, columns)
        peaks = are_peaks(heatmap, y, x, class_ids)
        y, x, class_ids = y[peaks], x[peaks], class_ids[peaks]
        scores = heat.real(heatmap[y, x, class_ids])
        if activated:
            scores = sigmoid(scores)
        boxes = np.empty((len(scores), 4), np.float32)
        order = slice(None) if parameters.axes == "xy" else slice(None, None, -1)
        boxes[:, :2] = offset.real(offset.data[0, y, x])[:, order]
        boxes[:, 0] += x
        boxes[:, 1] += y
        boxes[:, 2:] = size.real(size.data[0, y, x])[:, order]
        boxes_xyxy = xyxy_from_cxcywh(boxes) * np.float32(parameters.stride)
        return self._result(boxes_xyxy, scores, class_ids, placement, thresholds)
