"""A ``.tflite`` as Python objects and back, with the alignment that runtimes map weights by."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import ConversionError
from edgecnn.optional import require

_ALIGNMENT = 16
"""Bytes; what the schema demands of a buffer (``force_align``), and its Python code leaves out."""


def schema() -> Any:
    """The module of generated classes for the file format."""
    return require("ai_edge_litert.schema_py_generated", extra="convert")


def unpack(tflite: bytes) -> Any:
    """A ``ModelT``; changing it does not change ``tflite``.

    Raises:
        ConversionError: More than one graph (control flow), which no quantizer here handles.
    """
    tables = schema()
    model = tables.ModelT.InitFromObj(tables.Model.GetRootAs(bytearray(tflite), 0))
    if len(model.subgraphs) != 1:
        raise ConversionError(
            f"The model has {len(model.subgraphs)} graphs; one is expected. Control flow (while, "
            "if) cannot be quantized: unroll it before the export."
        )
    return model


def pack(model: Any) -> bytes:
    """Content of a file from a ``ModelT``; the same model gives the same bytes."""
    flatbuffers = require("flatbuffers", extra="convert")

    class Aligned(flatbuffers.Builder):  # type: ignore[misc, name-defined]
        """Starts every vector of bytes where weights may start."""

        def StartVector(self, elemSize: int, numElems: int, alignment: int) -> Any:  # noqa: N802, N803
            return super().StartVector(elemSize, numElems, max(alignment, _ALIGNMENT))

    builder = Aligned(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def kind(model: Any, operator: Any) -> str:
    """Name of an operation's kind, as the format has it: ``CONV_2D``."""
    code = model.operatorCodes[operator.opcodeIndex]
    # Codes above 127 do not fit the older field.
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    if number == schema().BuiltinOperator.CUSTOM:
        return str(code.customCode.decode())
    return _kinds()[number]


def name(tensor: Any) -> str:
    """Name of a tensor."""
    return str((tensor.name or b"").decode("utf-8", "replace"))


def has_data(model: Any, tensor: Any) -> bool:
    """Whether a tensor is a constant."""
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0


def own_constant(model: Any, number: int, slot: int) -> Any:
    """The tensor of a constant that is going to change; what others read as well is copied first.

    Args:
        model: ``ModelT``; changed where the constant is shared.
        number: Of the operation.
        slot: Which of its inputs the constant is.
    """
    graph = model.subgraphs[0]
    operator = graph.operators[number]
    index = int(operator.inputs[slot])
    readers = sum(index in {int(i) for i in other.inputs} for other in graph.operators)
    if readers > 1:
        graph.tensors.append(copy.deepcopy(graph.tensors[index]))
        index = len(graph.tensors) - 1
        operator.inputs[slot] = index
    tensor = graph.tensors[index]
    if sum(other.buffer == tensor.buffer for other in graph.tensors) > 1:
        model.buffers.append(copy.deepcopy(model.buffers[tensor.buffer]))
        tensor.buffer = len(model.buffers) - 1
    return tensor


def own_floats(model: Any, number: int, slot: int) -> NDArray[np.float32]:
    """Values of a float32 constant; what is written into them stands in the model."""
    tensor = own_constant(model, number, slot)
    stored = np.array(model.buffers[tensor.buffer].data, np.uint8)
    model.buffers[tensor.buffer].data = stored
    return stored.view(np.float32).reshape([int(side) for side in tensor.shape])


def inputs(model: Any) -> dict[str, int]:
    """Name of an input, from the signature if there is one -> its tensor; the graph's order."""
    return _ports(model, "inputs")


def outputs(model: Any) -> dict[str, int]:
    """Name of an output -> its tensor, in the graph's order; names as for `inputs`."""
    return _ports(model, "outputs")


def _ports(model: Any, side: str) -> dict[str, int]:
    graph = model.subgraphs[0]
    indices = [int(index) for index in getattr(graph, side)]
    names = {index: name(graph.tensors[index]) for index in indices}
    if model.signatureDefs:
        for port in getattr(model.signatureDefs[0], side):
            names[int(port.tensorIndex)] = port.name.decode()
    return {names[index]: index for index in indices}


def _kinds() -> dict[int, str]:
    words = vars(schema().BuiltinOperator).items()
    return {number: word for word, number in words if not word.startswith("_")}
