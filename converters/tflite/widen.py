"""A ``.tflite`` with float16 weights as the same network in plain float32.

Such files keep each weight in float16 and an operation that widens it to float32 when the file is
opened. Quantizers want the weights themselves. Widening is exact, so the network stays the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from edgecnn.errors import ConversionError
from edgecnn.optional import require

SIGNATURE = "serving_default"
INPUT_NAME = "image"


def widen(tflite: bytes, outputs: Mapping[str, str]) -> bytes:
    """Turn float16 weights into float32 ones, and name input and outputs by a signature.

    Args:
        tflite: One graph with one input; metadata is dropped.
        outputs: Name of an output inside the file -> name in the signature.

    Returns:
        A ``.tflite`` of about twice the size, for conversion only: the alignment of its weights is
        not kept.

    Raises:
        ConversionError: More than one graph or input, or an output that ``outputs`` does not name.
    """
    schema = require("ai_edge_litert.schema_py_generated", extra="convert")
    flatbuffers = require("flatbuffers", extra="convert")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(tflite), 0))
    if len(model.subgraphs) != 1 or len(model.subgraphs[0].inputs) != 1:
        raise ConversionError(
            f"The model has {len(model.subgraphs)} graphs and {len(model.subgraphs[0].inputs)} "
            "inputs; one of each can be widened."
        )
    inline_weights(model)
    model.signatureDefs = [_signature(schema, model.subgraphs[0], outputs)]
    model.metadata, model.metadataBuffer = [], []
    builder = flatbuffers.Builder(2 * len(tflite))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def inline_weights(model: Any) -> None:
    """Give what DEQUANTIZE makes of a float16 constant that value as its own data.

    Tensors are numbered anew, so signatures have to be written anew as well.

    Args:
        model: A ``ModelT`` with one graph.
    """
    schema = require("ai_edge_litert.schema_py_generated", extra="convert")
    graph, kept = model.subgraphs[0], []
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        kind = max(code.builtinCode, code.deprecatedBuiltinCode)
        narrow = graph.tensors[operator.inputs[0]] if len(operator.inputs) else None
        if (
            kind != schema.BuiltinOperator.DEQUANTIZE
            or narrow is None
            or narrow.type != schema.TensorType.FLOAT16
        ):
            kept.append(operator)
            continue
        stored = model.buffers[narrow.buffer].data
        if stored is None:
            raise ConversionError(
                f"The float16 tensor {narrow.name.decode('utf-8', 'replace')!r} is no constant: "
                "its weights are stored sparsely, or the network computes in float16. Convert the "
                "model anew with dense float32 weights."
            )
        values = np.asarray(stored, np.uint8).view(np.float16)
        buffer = schema.BufferT()
        buffer.data = values.astype(np.float32).view(np.uint8)
        model.buffers.append(buffer)
        graph.tensors[operator.outputs[0]].buffer = len(model.buffers) - 1
    graph.operators = kept
    _drop_unused(model)


def _drop_unused(model: Any) -> None:
    """Tensors, buffers and kinds of operation that nothing refers to any more."""
    graph = model.subgraphs[0]
    lists = [*graph.operators, graph]
    used = sorted({int(i) for part in lists for i in (*part.inputs, *part.outputs) if i >= 0})
    place = {-1: -1} | {old: new for new, old in enumerate(used)}
    for part in lists:
        part.inputs = [place[int(index)] for index in part.inputs]
        part.outputs = [place[int(index)] for index in part.outputs]
    graph.tensors = [graph.tensors[index] for index in used]
    # Buffer 0 is the empty one by convention.
    buffers = sorted({0, *(tensor.buffer for tensor in graph.tensors)})
    for tensor in graph.tensors:
        tensor.buffer = buffers.index(tensor.buffer)
    model.buffers = [model.buffers[index] for index in buffers]
    codes = sorted({operator.opcodeIndex for operator in graph.operators})
    for operator in graph.operators:
        operator.opcodeIndex = codes.index(operator.opcodeIndex)
    model.operatorCodes = [model.operatorCodes[index] for index in codes]


def _signature(schema: Any, graph: Any, outputs: Mapping[str, str]) -> Any:
    def entry(name: str, index: int) -> Any:
        tensor = schema.TensorMapT()
        tensor.name, tensor.tensorIndex = name.encode(), int(index)
        return tensor

    names = [graph.tensors[index].name.decode() for index in graph.outputs]
    unnamed = [name for name in names if name not in outputs]
    if unnamed:
        raise ConversionError(
            f"The output {unnamed[0]!r} has no name in the signature; named are {sorted(outputs)}."
        )
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = SIGNATURE.encode(), 0
    signature.inputs = [entry(INPUT_NAME, graph.inputs[0])]
    signature.outputs = [
        entry(outputs[name], index) for name, index in zip(names, graph.outputs, strict=True)
    ]
    return signature
