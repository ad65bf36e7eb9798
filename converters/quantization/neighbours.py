"""Which operations have to stay in float together."""

from __future__ import annotations

from collections.abc import Sequence

from converters.quantization.trace import Trace


def with_neighbours(float_tflite: bytes, names: Sequence[str]) -> tuple[str, ...]:
    """Operations of a ``.tflite``, those that write what they read and those that read it.

    In a ``.tflite`` every tensor between two operations is rounded, unless both are in float. An
    operation alone in float thus keeps the errors of its rounded input and output, and these do the
    harm as often as rounded weights.

    Args:
        float_tflite: The float network.
        names: Of operations.

    Returns:
        Names in the order of computation.
    """
    trace = Trace(float_tflite)
    computed = set(trace.computed)
    wanted = set(names)
    read, written = set[int](), set[int]()
    for operation in trace.operations:
        if operation.name in wanted:
            read |= computed & set(operation.inputs)
            written |= set(operation.outputs)
    return tuple(
        operation.name
        for operation in trace.operations
        if operation.name in wanted
        or read & set(operation.outputs)
        or written & set(operation.inputs)
    )
