"""Smaller weights in a float ``.tflite``: float16, or 4-bit integers. Activations stay float32.

Both put a DEQUANTIZE operation between a stored constant and what uses it, as TensorFlow's own
converter does, so that old interpreters and OpenVINO open the float16 files. Names of the signature
and of its tensors stay. 4 bits are for flash that is short: on x86 LiteRT computes 4-bit
convolutions several times slower than float ones (a MobileNetV2: 20 ms against 5).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.quiet import captured_output
from converters.tflite.pack import pack
from edgecnn.errors import ConversionError
from edgecnn.optional import require

_SMALLEST = 32
"""Constants of fewer values stay: they save no byte against the operation that widens them."""
_LARGEST_HALF = 65504.0
_PAYS = 0.9
"""A 4-bit file larger than this share of the 8-bit one is not worth its lower accuracy."""


def float16_tflite(tflite: bytes) -> bytes:
    """Store float32 constants as float16: half the file, the same float32 arithmetic.

    Args:
        tflite: A float ``.tflite``. Constants with values beyond float16 (65504) stay as they are.

    Returns:
        The smaller file; the same network where there was nothing to store.

    Raises:
        ConversionError: Not a ``.tflite``.
    """
    schema = require("ai_edge_litert.schema_py_generated", extra="convert")
    model = unpack(tflite)
    narrow = _narrow_buffers(schema, model)
    code: int | None = None
    for graph in model.subgraphs:
        indices = [
            index
            for index, tensor in enumerate(graph.tensors)
            if tensor.buffer in narrow and _is_constant(schema, graph, index)
        ]
        if indices and code is None:
            code = _dequantize_code(schema, model)
        graph.operators = [
            *(_widening(schema, graph, index, code) for index in indices),
            *graph.operators,
        ]
    for index, data in narrow.items():
        model.buffers[index].data = data
    return pack(model)


def int4_weights_tflite(tflite: bytes) -> bytes:
    """Store the weights of convolutions and dense layers in 4 bits, a scale for each channel.

    Depthwise convolutions, which have few weights and no 4-bit form, get 8 bits.

    Args:
        tflite: A float32 ``.tflite``.

    Returns:
        The smaller file, with float32 inputs and outputs.

    Raises:
        ConversionError: It does not pay (the message says why), or the quantizer refuses.
    """
    eight, four = _integer_weights(tflite, 8), _integer_weights(tflite, 4)
    if len(eight) >= _PAYS * len(tflite):
        raise ConversionError(
            "4-bit weights do not pay: next to nothing of this network is weights of convolutions "
            f"and dense layers ({len(tflite):,} bytes in float, {len(eight):,} in 8 bits). Leave "
            "int4w out."
        )
    if len(four) >= _PAYS * len(eight):
        raise ConversionError(
            f"4-bit weights do not pay: the file has {len(four):,} bytes, with 8-bit weights "
            f"{len(eight):,}, because most weights are depthwise or very small. Use int8."
        )
    return four


def unpack(tflite: bytes) -> Any:
    """A ``.tflite`` as ``ModelT`` of LiteRT's schema.

    Raises:
        ConversionError: Not a ``.tflite``.
    """
    schema = require("ai_edge_litert.schema_py_generated", extra="convert")
    if tflite[4:8] != b"TFL3":
        raise ConversionError("That is no .tflite: the mark TFL3 is missing. The file is damaged.")
    try:
        return schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(tflite), 0))
    except Exception as error:
        raise ConversionError(f"The .tflite is damaged: {error}") from error


def _narrow_buffers(schema: Any, model: Any) -> dict[int, Any]:
    """Buffers to be halved: index -> float16 values as bytes. All their users have to agree."""
    found: dict[int, Any] = {}
    kept: set[int] = {0}
    for graph in model.subgraphs:
        for index, tensor in enumerate(graph.tensors):
            data = model.buffers[tensor.buffer].data
            if data is None or len(data) < 4 * _SMALLEST or not _is_constant(schema, graph, index):
                kept.add(tensor.buffer)
                continue
            values = np.ascontiguousarray(data, np.uint8).view(np.float32)
            if not np.abs(values).max() <= _LARGEST_HALF:
                kept.add(tensor.buffer)
                continue
            found[tensor.buffer] = values.astype(np.float16).view(np.uint8)
    return {buffer: data for buffer, data in found.items() if buffer not in kept}


def _is_constant(schema: Any, graph: Any, index: int) -> bool:
    tensor = graph.tensors[index]
    outside = {int(i) for i in (*graph.inputs, *graph.outputs)}
    return (
        tensor.type == schema.TensorType.FLOAT32
        and not tensor.isVariable
        and tensor.sparsity is None
        and index not in outside
    )


def _dequantize_code(schema: Any, model: Any) -> int:
    """Index of DEQUANTIZE among the kinds of operation; version 3 is the first to take float16."""
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = 3
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _widening(schema: Any, graph: Any, index: int, code: int | None) -> Any:
    """Move a constant into a float16 tensor, and return the operation that widens it again."""
    wide = graph.tensors[index]
    stored = schema.TensorT()
    stored.name = (wide.name or b"constant") + b"/float16"
    stored.shape, stored.buffer, stored.type = wide.shape, wide.buffer, schema.TensorType.FLOAT16
    stored.hasRank = wide.hasRank
    graph.tensors.append(stored)
    wide.buffer = 0
    operation = schema.OperatorT()
    operation.opcodeIndex = code
    operation.inputs, operation.outputs = [len(graph.tensors) - 1], [index]
    operation.builtinOptionsType = schema.BuiltinOptions.DequantizeOptions
    operation.builtinOptions = schema.DequantizeOptionsT()
    return operation


def _integer_weights(tflite: bytes, bits: int) -> bytes:
    with captured_output(f"ai-edge-quantizer: {bits}-bit weights") as log:
        quantizer = require("ai_edge_quantizer", extra="convert")
        names = quantizer.qtyping.TFLOperationName
        try:
            tool = quantizer.Quantizer(tflite)
            for operation, width in (
                (names.CONV_2D, bits),
                (names.FULLY_CONNECTED, bits),
                (names.DEPTHWISE_CONV_2D, 8),
            ):
                tool.add_weight_only_config(regex=".*", operation_name=operation, num_bits=width)
            result = tool.quantize(enable_progress_bar=False, enable_progress_report=False)
            return bytes(result.quantized_model)
        except Exception as error:
            lines = f"{error}\n{log()}".strip().splitlines() or [type(error).__name__]
            raise ConversionError(
                f"The weights cannot be stored in {bits} bits: {lines[0][:300]}"
            ) from error
