"""Which operations have to stay in float together."""

from __future__ import annotations

from collections.abc import Sequence

from converters.quantization.trace import Trace


def with_readers(float_tflite: bytes, names: Sequence[str]) -> tuple[str, ...]:
    """Operations of a ``.tflite`` and those that read what they write.

    An operation alone in float has its output rounded for the next one all the same, and it is
    the rounded output, as often as the rounded weights, that does the harm.

    Args:
        float_tflite: The float network.
        names: Of operations.

    Returns:
        Names in the order of computation.
    """
    trace = Trace(float_tflite)
    wanted = set(names)
    written = {
        index
        for operation in trace.operations
        if operation.name in wanted
        for index in operation.outputs
    }
    return tuple(
        operation.name
        for operation in trace.operations
        if operation.name in wanted or written & set(operation.inputs)
    )
