"""Which operations have to stay in float together."""

from __future__ import annotations

from collections.abc import Sequence

from converters.quantization.trace import Trace


def with_neighbours(float_tflite: bytes, names: Sequence[str], reach: int = 1) -> tuple[str, ...]:
    """Operations of a ``.tflite``, those that write what they read and those that read it.

    In a ``.tflite`` every tensor between two operations is rounded, unless both are in float. An
    operation alone in float thus keeps the errors of its rounded input and output, and these do the
    harm as often as rounded weights. Some operations only make sense as a chain: in a layer
    normalisation, the root of a variance that was rounded to zero is worse in float than in 8 bits.

    Args:
        float_tflite: The float network.
        names: Of operations.
        reach: How many steps away a neighbour may be.

    Returns:
        Names in the order of computation.
    """
    trace = Trace(float_tflite)
    computed = set(trace.computed)
    wanted = set(names)
    for _ in range(reach):
        inner = [operation for operation in trace.operations if operation.name in wanted]
        read = {index for operation in inner for index in operation.inputs} & computed
        written = {index for operation in inner for index in operation.outputs}
        wanted |= {
            operation.name
            for operation in trace.operations
            if read & set(operation.outputs) or written & set(operation.inputs)
        }
    return tuple(operation.name for operation in trace.operations if operation.name in wanted)
