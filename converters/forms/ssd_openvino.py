"""A raw SSD as an OpenVINO IR with decoding and suppression inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from converters.forms.ssd_head import Head, raw_output
from converters.openvino.ir import serialize
from converters.quiet import captured_output
from edgecnn.errors import ConversionError
from edgecnn.optional import require
from edgecnn.runtime.backends.openvino import shared_core
from edgecnn.runtime.output import Floats

_OUTPUT = "detections"
_XYWH = (1, 0, 3, 2)  # where x, y, width and height are in our order y, x, height, width


def finished_ir(
    xml: bytes, weights: bytes, outputs: Mapping[str, str], head: Head
) -> tuple[bytes, bytes, dict[str, str]]:
    """Append ``DetectionOutput``.

    Args:
        xml: Content of the ``.xml`` of a float IR with two outputs.
        weights: Content of its ``.bin``.
        outputs: Name of an output inside the file -> ``boxes`` or ``scores``.
        head: What the outputs mean.

    Returns:
        The ``.xml``, the ``.bin``, and the only output by name: ``detections`` (1, 1, N, 7) with
        rows picture, class, score, x_min, y_min, x_max, y_max, in shares of the input, N being
        ``max_results``. Classes count from 0 without the background. Unused rows are zeros behind
        one whose picture is -1.

    Raises:
        ConversionError: OpenVINO refuses the file, or its outputs do not fit the anchors.
    """
    with captured_output() as log:
        openvino = require("openvino", extra="convert")
        try:
            model = shared_core().read_model(xml, weights)
        except RuntimeError as error:
            raise ConversionError(f"OpenVINO cannot read the IR: {error}\n{log()}") from error
        finished = append_detection_output(openvino, model, outputs, head)
        return (*serialize(openvino, finished), {_OUTPUT: _OUTPUT})


def append_detection_output(
    openvino: Any, model: Any, outputs: Mapping[str, str], head: Head
) -> Any:
    """A new ``openvino.Model`` around the layers of a raw SSD; see `finished_ir`."""
    ops = openvino.opset8
    names = [_known_name(port, outputs) for port in model.outputs]
    boxes, scores = (
        model.outputs[raw_output(names, outputs, wanted)] for wanted in ("boxes", "scores")
    )
    head.check(tuple(boxes.get_shape()), tuple(scores.get_shape()))
    count = len(head.anchors_yxhw)
    offsets, logits = (port.get_node().input_value(0) for port in (boxes, scores))
    # A product with a permutation is exact. A Gather of another order would do, but where one is in
    # the graph, OpenVINO 2026.4 loses the exchange of red and blue that a reader puts in front.
    order = ops.constant(np.eye(4, dtype=np.float32)[:, list(_XYWH)])
    flat = ops.constant(np.array([1, -1], np.int64))
    offsets = ops.reshape(ops.matmul(offsets, order, False, False), flat, False)
    shares = {
        "sigmoid": lambda: ops.sigmoid(logits).output(0),
        "softmax": lambda: ops.softmax(logits, 2).output(0),
        "none": lambda: logits,
    }[head.activation]()
    found = ops.detection_output(
        offsets,
        ops.reshape(shares, flat, False),
        ops.constant(_priors(head)),
        {
            "background_label_id": 0 if head.background else -1,
            "top_k": count,
            "keep_top_k": [head.max_results],
            "code_type": "caffe.PriorBoxParameter.CENTER_SIZE",
            "share_location": True,
            "nms_threshold": head.iou_threshold,
            "confidence_threshold": head.score_threshold,
            "variance_encoded_in_target": False,
            "normalized": True,
        },
    )
    if head.background:
        # Names of classes are counted without the background, here as everywhere else.
        found = ops.add(found, ops.constant(np.array([0, -1, 0, 0, 0, 0, 0], np.float32)))
    found.output(0).get_tensor().set_names({_OUTPUT})
    return openvino.Model([found.output(0)], model.get_parameters(), model.get_friendly_name())


def _known_name(port: Any, outputs: Mapping[str, str]) -> str:
    """The name of an output that ``outputs`` lists, or else any."""
    names = sorted(port.get_names())
    return next((name for name in names if name in outputs), names[0] if names else "")


def _priors(head: Head) -> Floats:
    """(1, 2, 4 N) float32: corners of the anchors, x first, and the scale of each number."""
    y, x, height, width = head.anchors_yxhw.astype(np.float64).T
    corners = np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1)
    scales = 1 / np.array(head.box_scales)[list(_XYWH)]
    both = np.stack([corners.ravel(), np.tile(scales, len(corners))])
    priors: Floats = both[None].astype(np.float32)
    return priors
