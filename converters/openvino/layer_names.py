"""Names of layers for an OpenVINO network that was read from a ``.tflite``.

OpenVINO's reader turns pictures to channels first, and loses the names of all layers on the way
("Transpose_6459"), so that nobody could say which layer lost accuracy. Layers are found again by
their weights: turning the axes changes the order of the values, and nothing else.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.tflite.weights import unpack
from edgecnn.optional import require

_COMPUTING = frozenset({"Convolution", "GroupConvolution", "ConvolutionBackpropData", "MatMul"})
_PASSING = frozenset({"Convert", "Reshape", "Transpose"})


def name_layers(model: Any, tflite: bytes) -> int:
    """Name convolutions and dense layers after the tensors that they give in the ``.tflite``.

    The quantizer of ``.tflite`` files names layers likewise, so both reports say the same. Layers
    that share their weights are named in their order.

    Args:
        model: An ``openvino.Model`` that was read from it; its operations are renamed.
        tflite: Content of the file, with float32 weights.

    Returns:
        How many layers have got their name.
    """
    waiting = _layers(tflite)
    named = 0
    for operation in model.get_ordered_ops():
        if operation.get_type_name() not in _COMPUTING:
            continue
        weights = _constant(operation.input_value(1).get_node())
        names = waiting.get(_mark(weights)) if weights is not None else None
        if names:
            operation.set_friendly_name(names.pop(0))
            named += 1
    return named


def _layers(tflite: bytes) -> dict[str, list[str]]:
    """Mark of weights -> names of the layers that have them, in their order."""
    schema = require("ai_edge_litert.schema_py_generated", extra="convert")
    model = unpack(tflite)
    kinds = schema.BuiltinOperator
    computing = {kinds.CONV_2D, kinds.DEPTHWISE_CONV_2D, kinds.FULLY_CONNECTED}
    found: dict[str, list[str]] = defaultdict(list)
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex]
            if max(code.builtinCode, code.deprecatedBuiltinCode) not in (
                computing | {kinds.TRANSPOSE_CONV}
            ):
                continue
            weights = graph.tensors[operator.inputs[1]]
            data = model.buffers[weights.buffer].data
            if data is not None and weights.type == schema.TensorType.FLOAT32:
                values = np.ascontiguousarray(data, np.uint8).view(np.float32)
                name = graph.tensors[operator.outputs[0]].name or b"layer"
                found[_mark(values)].append(name.decode("utf-8", "replace"))
    return found


def _constant(node: Any) -> NDArray[np.float32] | None:
    """Values of a constant, looking through what only rearranges them."""
    while node.get_type_name() in _PASSING:
        node = node.input_value(0).get_node()
    if node.get_type_name() != "Constant" or not node.get_element_type().is_real():
        return None
    return np.asarray(node.data, np.float32).ravel()


def _mark(values: NDArray[np.float32]) -> str:
    """The same for the same values in any order."""
    return hashlib.sha256(np.sort(values).tobytes()).hexdigest()
