"""Give an int8 ``.tflite`` uint8 inputs and outputs, which is what some tasks accept only."""

from __future__ import annotations

import copy
from typing import Any

from converters.quantization import flatbuffer


def with_uint8_rim(tflite: bytes) -> bytes:
    """Put a conversion before each int8 input and behind each int8 output.

    uint8 and int8 differ by 128, so that no value changes; each conversion is a pass over its
    tensor. Inputs and outputs of other types are left as they are.

    Args:
        tflite: A file with int8 inputs and outputs.

    Returns:
        The same network; tensors and signature keep their names.
    """
    model = flatbuffer.unpack(tflite)
    graph = model.subgraphs[0]
    signature = model.signatureDefs[0] if model.signatureDefs else None
    for place, index in enumerate([int(index) for index in graph.inputs]):
        if _is_int8(graph.tensors[index]):
            outer = _twin(graph, index)
            graph.operators.insert(0, _conversion(model, outer, index))
            graph.inputs[place] = outer
            _rename(signature.inputs if signature else (), index, outer)
    for place, index in enumerate([int(index) for index in graph.outputs]):
        if _is_int8(graph.tensors[index]):
            outer = _twin(graph, index)
            graph.operators.append(_conversion(model, index, outer))
            graph.outputs[place] = outer
            _rename(signature.outputs if signature else (), index, outer)
    return flatbuffer.pack(model)


def _is_int8(tensor: Any) -> bool:
    return bool(tensor.type == flatbuffer.schema().TensorType.INT8)


def _twin(graph: Any, index: int) -> int:
    """A uint8 tensor beside an int8 one; it takes the name, by which the outside knows it."""
    inner = graph.tensors[index]
    outer = copy.deepcopy(inner)
    outer.type = flatbuffer.schema().TensorType.UINT8
    outer.buffer = 0
    outer.quantization.zeroPoint = [int(zero) + 128 for zero in inner.quantization.zeroPoint]
    inner.name = inner.name + b"_int8"
    graph.tensors.append(outer)
    return len(graph.tensors) - 1


def _conversion(model: Any, source: int, target: int) -> Any:
    tables = flatbuffer.schema()
    operator = tables.OperatorT()
    operator.opcodeIndex = _code(model, tables)
    operator.inputs, operator.outputs = [source], [target]
    operator.builtinOptionsType = tables.BuiltinOptions.QuantizeOptions
    operator.builtinOptions = tables.QuantizeOptionsT()
    return operator


def _code(model: Any, tables: Any) -> int:
    kind = tables.BuiltinOperator.QUANTIZE
    for number, code in enumerate(model.operatorCodes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == kind:
            # A conversion between integers needs the second version of the operation.
            code.version = max(code.version, 2)
            return number
    code = tables.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = kind
    code.version = 2
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _rename(ports: Any, old: int, new: int) -> None:
    for port in ports:
        if int(port.tensorIndex) == old:
            port.tensorIndex = new
