"""Which operations have to stay in float together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from converters.quantization.openvino_names import named
from converters.quantization.trace import Operation, Trace

_APART = frozenset({"Constant", "Parameter", "Result"})


def operations_of(float_model: Any) -> tuple[Operation, ...]:
    """Operations of a float network, in the order of computation, named as plans name them.

    Args:
        float_model: Bytes of a ``.tflite``, or an ``openvino.Model``.
    """
    if isinstance(float_model, bytes):
        return Trace(float_model).operations
    numbers: dict[str, int] = {}
    found = []
    for node in named(float_model).get_ordered_ops():
        if node.get_type_name() in _APART:
            continue
        sources = [node.input_value(place).get_node() for place in range(node.get_input_size())]
        read = [
            numbers[each.get_friendly_name()]
            for each in sources
            if each.get_friendly_name() in numbers
        ]
        name = node.get_friendly_name()
        numbers[name] = len(numbers)
        found.append(Operation(name, node.get_type_name(), tuple(read), (numbers[name],)))
    return tuple(found)


def with_neighbours(
    operations: Sequence[Operation], names: Sequence[str], reach: int = 1
) -> tuple[str, ...]:
    """Operations, those that write what they read and those that read it.

    In a ``.tflite`` every tensor between two operations is rounded, unless both are in float. An
    operation alone in float thus keeps the errors of its rounded input and output, and these do the
    harm as often as rounded weights. Some operations only make sense as a chain: in a layer
    normalisation, the root of a variance that was rounded to zero is worse in float than in 8 bits.

    Args:
        operations: Of the float network.
        names: Of some of them.
        reach: How many steps away a neighbour may be.

    Returns:
        Names in the order of computation.
    """
    wanted = set(names)
    for _ in range(reach):
        inner = [operation for operation in operations if operation.name in wanted]
        read = {index for operation in inner for index in operation.inputs}
        written = {index for operation in inner for index in operation.outputs}
        wanted |= {
            operation.name
            for operation in operations
            if read & set(operation.outputs) or written & set(operation.inputs)
        }
    return tuple(operation.name for operation in operations if operation.name in wanted)
