"""``rt_info`` of an OpenVINO IR: what OpenVINO Model API and DL Streamer read out of an ``.xml``.

Facts are elements ``<key value="..."/>`` under ``net/rt_info/model_info``; what is not there has
the default of Model API, except the order of colours, which nobody should have to guess. The XML is
read as a stream, so that only what is wanted is kept; document types, and with them entities that
expand, are refused.
"""

from __future__ import annotations

import math
from typing import Any, NoReturn
from xml.parsers import expat

from edgecnn.bundle.metadata import Embedded, Kind, LastStep, decode_description
from edgecnn.bundle.schema import Color, Resize
from edgecnn.errors import BundleError

MODEL_INFO, OWN_INFO, OWN_KEY = "model_info", "edgecnn", "description"
RESIZE_TYPES: dict[Resize, str] = {
    "stretch": "standard",
    "letterbox": "fit_to_window_letterbox",
    "crop": "crop",
}
_RESIZES: dict[str, Resize] = {name: resize for resize, name in RESIZE_TYPES.items()}
_LAST_STEPS: dict[str, LastStep] = {"softmax": "softmax", "sigmoid": "sigmoid"}
# Model API's names, in lower case. Its YOLOv5 is the later head without objectness, as YOLOv8's.
_KINDS: dict[str, Kind] = {
    "classification": "classify",
    "segmentation": "segment",
    "ssd": "ssd",
    "yolov5": "yolo_v8",
    "yolov8": "yolo_v8",
    "yolo11": "yolo_v8",
}
# What Model API takes for granted where the file is silent.
_DEFAULTS = {"mean_values": "0", "scale_values": "1", "resize_type": "standard"}
_DETECTOR_DEFAULTS = _DEFAULTS | {"confidence_threshold": "0.5"}
_YOLO_DEFAULTS = {
    "mean_values": "0",
    "scale_values": "255",
    "resize_type": "fit_to_window_letterbox",
    "pad_value": "114",
    "reverse_input_channels": "True",
    "confidence_threshold": "0.25",
    "iou_threshold": "0.7",
}
_TRUE, _FALSE = frozenset({"YES", "True", "true", "1"}), frozenset({"NO", "False", "false", "0"})

MAX_XML_BYTES = 64 << 20
_MAX_DEPTH = 64
_MAX_LAYERS = 1_000_000


def read_rt_info(xml: bytes) -> Embedded | None:
    """What an OpenVINO IR says of itself.

    Args:
        xml: Content of the ``.xml``.

    Returns:
        None when it says nothing.

    Raises:
        BundleError: Not an IR, or damaged.
    """
    found = _Reader(xml)
    own = found.own.get(OWN_KEY)
    if own is not None:
        return Embedded(description=decode_description(own))
    if not found.info:
        return None
    model_type = found.info.get("model_type", "")
    kind = _KINDS.get(model_type.lower())
    defaults = {"ssd": _DETECTOR_DEFAULTS, "yolo_v8": _YOLO_DEFAULTS}.get(kind or "", _DEFAULTS)
    info = defaults | found.info
    classifies: LastStep | None = None
    if kind == "classify":
        classifies = "sigmoid" if info.get("multilabel") in _TRUE else "softmax"
    # Model API takes pictures as OpenCV reads them, BGR, and reverses them when told to.
    reverse = info.get("reverse_input_channels")
    color: Color | None = "rgb" if reverse in _TRUE else "bgr" if reverse in _FALSE else None
    # Model API's wrapper of SSD suppresses only when it is told to.
    suppresses = kind == "yolo_v8" or info.get("nms_execute") in _TRUE
    return Embedded(
        kind=kind,
        unknown_kind=model_type if kind is None else "",
        color=color,
        mean=_numbers(info["mean_values"]),
        std=_numbers(info["scale_values"]),
        resize=_RESIZES.get(info["resize_type"]),
        pad=_pad(info.get("pad_value", "")),
        labels=tuple(info.get("labels", "").split()),
        last_step=found.last_step(),
        classifies=classifies,
        score_threshold=_share(info.get("confidence_threshold", "")),
        iou_threshold=_share(info.get("iou_threshold", "0.5")) if suppresses else None,
    )


class _Reader:
    """One pass over the XML.

    Attributes:
        info: Values under ``model_info``.
        own: Values under ``edgecnn``.
    """

    def __init__(self, xml: bytes) -> None:
        if len(xml) > MAX_XML_BYTES:
            raise BundleError(f"The .xml has {len(xml)} bytes; up to {MAX_XML_BYTES} are accepted.")
        self.info: dict[str, str] = {}
        self.own: dict[str, str] = {}
        self._path: list[str] = []
        self._layers: dict[str, str] = {}
        self._makers: dict[str, str] = {}
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            parser.Parse(xml, True)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise BundleError(
                f"The .xml is not an OpenVINO IR, or it is damaged ({error}). Get it again, or "
                "convert the model again."
            ) from error
        if not self._layers:
            raise BundleError("The .xml is not an OpenVINO IR: it has no <net> with <layers>.")

    def last_step(self) -> LastStep | None:
        """Whether the graph turns its only output into probabilities."""
        results = [key for key, kind in self._layers.items() if kind == "Result"]
        if len(results) != 1:
            return None
        return _LAST_STEPS.get(self._layers.get(self._makers.get(results[0], ""), "").lower())

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= _MAX_DEPTH or len(self._layers) > _MAX_LAYERS:
            raise BundleError("The .xml is nested too deeply, or too large, for an OpenVINO IR.")
        self._path.append(tag)
        path = self._path
        if path == ["net", "layers", "layer"]:
            self._layers[attributes.get("id", "")] = attributes.get("type", "")
        elif path == ["net", "edges", "edge"]:
            self._makers[attributes.get("to-layer", "")] = attributes.get("from-layer", "")
        elif len(path) == 4 and path[:2] == ["net", "rt_info"] and "value" in attributes:
            if path[2] == MODEL_INFO:
                self.info[tag] = attributes["value"]
            elif path[2] == OWN_INFO:
                self.own[tag] = attributes["value"]

    def _end(self, _tag: str) -> None:
        self._path.pop()


def _refuse_doctype(*_: Any) -> NoReturn:
    raise BundleError("The .xml declares a document type, which no OpenVINO IR has.")


def _numbers(text: str) -> tuple[float, ...]:
    """Numbers apart by blanks; empty when they are not all finite numbers."""
    try:
        values = tuple(float(word) for word in text.split(maxsplit=4)[:4])
    except ValueError:
        return ()
    return values if all(math.isfinite(value) for value in values) else ()


def _pad(text: str) -> int:
    values = _numbers(text)
    return int(values[0]) if len(values) == 1 and 0 <= values[0] <= 255 else 0


def _share(text: str) -> float | None:
    values = _numbers(text)
    return values[0] if len(values) == 1 and 0 <= values[0] <= 1 else None
