"""A raw SSD ``.tflite`` with decoding and suppression inside.

Format: the custom operator ``TFLite_Detection_PostProcess`` of TFLite, whose options are a
flexbuffer; https://flatbuffers.dev/flexbuffers/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from converters.forms.ssd_head import Head, raw_output
from converters.tflite.pack import pack
from edgecnn.bundle.metadata_tflite import POSTPROCESS_OP
from edgecnn.errors import ConversionError
from edgecnn.optional import require

# In the order of the operator, with the names that decoders know them by.
_OUTPUTS = {
    "detection_boxes": "boxes",
    "detection_classes": "classes",
    "detection_scores": "scores",
    "detection_count": "count",
}
_ACTIVATIONS = {"sigmoid": "LOGISTIC", "softmax": "SOFTMAX"}


def finished_tflite(
    tflite: bytes, outputs: Mapping[str, str], head: Head
) -> tuple[bytes, dict[str, str]]:
    """Append the operator; weights stay as they are, metadata is dropped.

    Quantized boxes and scores are made real first: the operator takes bytes of one kind only, and
    its outputs are float32 in any case.

    Args:
        tflite: One graph with two outputs.
        outputs: Name of an output inside the file -> ``boxes`` or ``scores``.
        head: What the outputs mean.

    Returns:
        The ``.tflite``, and its outputs by name: boxes (1, N, 4) as y_min, x_min, y_max, x_max in
        shares of the input, classes (1, N), scores (1, N), count (1,), N being ``max_results``.

    Raises:
        ConversionError: Several graphs, or outputs that do not fit the anchors.
    """
    schema = require("ai_edge_litert.schema_py_generated", extra="convert")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(tflite), 0))
    if len(model.subgraphs) != 1:
        raise ConversionError(f"The model has {len(model.subgraphs)} graphs; an SSD has one.")
    edit = _Edit(schema, model)
    graph = model.subgraphs[0]
    names = [graph.tensors[index].name.decode() for index in graph.outputs]
    boxes, scores = (
        int(graph.outputs[raw_output(names, outputs, wanted)]) for wanted in ("boxes", "scores")
    )
    classes = head.check(edit.shape(boxes), edit.shape(scores))
    boxes, scores = edit.real(boxes), edit.real(scores)
    if head.activation != "none":
        scores = edit.activated(scores, head.activation)
    count = head.max_results
    shapes = ([1, count, 4], [1, count], [1, count], [1])
    finished = [edit.tensor(name, shape) for name, shape in zip(_OUTPUTS, shapes, strict=True)]
    anchors = edit.constant("anchors", head.anchors_yxhw)
    edit.postprocess([boxes, scores, anchors], finished, _options(head, classes))
    graph.outputs = finished
    _rewrite_signatures(schema, model, finished)
    model.metadata, model.metadataBuffer = [], []
    return pack(model), dict(_OUTPUTS)


def _options(head: Head, classes: int) -> bytes:
    """The operator's options. Suppression is within a class, as our own decoder does it."""
    flexbuffers = require("flatbuffers.flexbuffers", extra="convert")
    builder = flexbuffers.Builder()
    y, x, height, width = head.box_scales
    with builder.Map():
        builder.Key("detections_per_class")
        builder.Int(head.max_results)
        builder.Key("h_scale")
        builder.Float(height)
        builder.Key("max_classes_per_detection")
        builder.Int(1)
        builder.Key("max_detections")
        builder.Int(head.max_results)
        builder.Key("nms_iou_threshold")
        builder.Float(head.iou_threshold)
        builder.Key("nms_score_threshold")
        builder.Float(head.score_threshold)
        builder.Key("num_classes")
        builder.Int(classes)
        builder.Key("use_regular_nms")
        builder.Bool(True)
        builder.Key("w_scale")
        builder.Float(width)
        builder.Key("x_scale")
        builder.Float(x)
        builder.Key("y_scale")
        builder.Float(y)
    return bytes(builder.Finish())


def _rewrite_signatures(schema: Any, model: Any, finished: list[int]) -> None:
    """Let the signature name the new outputs: the old ones are none any more."""
    for signature in (model.signatureDefs or [])[:1]:
        signature.outputs = []
        for name, index in zip(_OUTPUTS.values(), finished, strict=True):
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = name.encode(), index
            signature.outputs.append(entry)
    model.signatureDefs = (model.signatureDefs or [])[:1]


class _Edit:
    """Adding to the only graph of a model."""

    def __init__(self, schema: Any, model: Any) -> None:
        self._schema, self._model, self._graph = schema, model, model.subgraphs[0]

    def shape(self, index: int) -> tuple[int, ...]:
        return tuple(int(size) for size in self._graph.tensors[index].shape)

    def tensor(self, name: str, shape: list[int], buffer: int = 0) -> int:
        made = self._schema.TensorT()
        made.name, made.shape, made.buffer = name.encode(), shape, buffer
        made.type = self._schema.TensorType.FLOAT32
        self._graph.tensors.append(made)
        return len(self._graph.tensors) - 1

    def constant(self, name: str, values: Any) -> int:
        buffer = self._schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(values, np.float32).tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        return self.tensor(name, list(values.shape), len(self._model.buffers) - 1)

    def real(self, index: int) -> int:
        """The tensor itself, or what DEQUANTIZE makes of it."""
        tensor = self._graph.tensors[index]
        if tensor.type == self._schema.TensorType.FLOAT32:
            return index
        target = self.tensor(tensor.name.decode() + "/real", list(self.shape(index)))
        version = 2 if tensor.type == self._schema.TensorType.INT8 else 1
        self._layer("DEQUANTIZE", [index], [target], self._schema.DequantizeOptionsT(), version)
        return target

    def activated(self, index: int, activation: str) -> int:
        target = self.tensor("probabilities", list(self.shape(index)))
        options = None
        if activation == "softmax":
            options = self._schema.SoftmaxOptionsT()
            options.beta = 1.0
        self._layer(_ACTIVATIONS[activation], [index], [target], options)
        return target

    def postprocess(self, inputs: list[int], outputs: list[int], options: bytes) -> None:
        layer = self._layer("CUSTOM", inputs, outputs, None)
        layer.customOptions = np.frombuffer(options, np.uint8)

    def _layer(
        self, kind: str, inputs: list[int], outputs: list[int], options: Any, version: int = 1
    ) -> Any:
        code = self._schema.OperatorCodeT()
        code.builtinCode = getattr(self._schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode, code.version = code.builtinCode, version
        if kind == "CUSTOM":
            code.customCode = POSTPROCESS_OP
        self._model.operatorCodes.append(code)
        layer = self._schema.OperatorT()
        layer.opcodeIndex = len(self._model.operatorCodes) - 1
        layer.inputs, layer.outputs = inputs, outputs
        if options is not None:
            layer.builtinOptions = options
            name = type(options).__name__.removesuffix("T")
            layer.builtinOptionsType = getattr(self._schema.BuiltinOptions, name)
        self._graph.operators.append(layer)
        return layer
