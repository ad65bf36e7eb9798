"""Model files with metadata: ours, and as others would have written it."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from converters.bundles.pack import Facts
from edgecnn.bundle.metadata import ENTRY_NAME
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.bundle.zip_tail import ZipTail
from tests.helpers.models import LABELS, mean_color_input, mean_color_tflite

OUTPUTS = {"means": "probabilities"}


def mean_color_facts(**changes: Any) -> Facts:
    """What is known about the tiny network; ``changes`` replaces fields."""
    fields: dict[str, Any] = {
        "name": "mean_color",
        "title": "Mean colour",
        "task": "classify",
        "licence": "Apache-2.0",
        "source": "made by the tests",
        "input": mean_color_input(),
        "decoder": DecoderSpec(name="classification", parameters={"activation": "none"}),
        "labels": LABELS,
    }
    return Facts(**(fields | changes))


def without_own_entry(model: bytes, *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The same ``.tflite`` with standard metadata only, its label file packed by others' habits."""
    tail = ZipTail(model)
    stream = io.BytesIO(model[: tail.start])
    with zipfile.ZipFile(stream, "a", compression) as archive:
        for name in tail.names:
            if name != ENTRY_NAME:
                archive.writestr(name, tail.read(name) or b"")
    return stream.getvalue()


def edited(model: bytes, edit: Any) -> bytes:
    """A ``.tflite`` after ``edit(model object)``, packed anew."""
    unpacked = schema.ModelT.InitFromPackedBuf(model, 0)
    edit(unpacked)
    builder = flatbuffers.Builder(1024)
    builder.Finish(unpacked.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def softmax_tflite() -> bytes:
    """The tiny network with a softmax at its end: output ``shares`` (1, 3)."""

    def add_softmax(model: Any) -> None:
        graph = model.subgraphs[0]
        shares = schema.TensorT()
        shares.name, shares.shape, shares.buffer = "shares", [1, 3], 0
        shares.type = schema.TensorType.FLOAT32
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SOFTMAX
        code.version = 1
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        layer = schema.OperatorT()
        layer.opcodeIndex, layer.inputs, layer.outputs = 1, [2], [3]
        layer.builtinOptionsType = schema.BuiltinOptions.SoftmaxOptions
        layer.builtinOptions = options
        graph.tensors.append(shares)
        model.operatorCodes.append(code)
        graph.operators.append(layer)
        graph.outputs = [3]

    return edited(mean_color_tflite(), add_softmax)


def uint8_tflite(scale: float, zero_point: int) -> bytes:
    """The tiny network with uint8 tensors of that quantization."""

    def to_uint8(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors:
            if tensor.type == schema.TensorType.INT8:
                tensor.type = schema.TensorType.UINT8
                tensor.quantization.scale = [scale]
                tensor.quantization.zeroPoint = [zero_point]

    return edited(mean_color_tflite("int8"), to_uint8)
