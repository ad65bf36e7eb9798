"""Running a file that is a source: LiteRT for a ``.tflite``, OpenVINO for an ``openvino.Model``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from converters.sources.base import Array, Port, Tensors
from edgecnn.errors import ConversionError
from edgecnn.runtime.backends.openvino import shared_core

Run = Callable[[Mapping[str, Array]], Tensors]


def tflite_runner(interpreter: Any, inputs: Sequence[Port], outputs: Sequence[Port]) -> Run:
    """Runs a LiteRT interpreter on real values.

    Args:
        interpreter: Allocated; its tensors come in the order of the ports.
        inputs: Names that feeds go by. What a quantized input takes is made of real values.
        outputs: Names for the outputs. What quantized ones give becomes real values.
    """
    inner, outer = interpreter.get_input_details(), interpreter.get_output_details()

    def run(feeds: Mapping[str, Array]) -> Tensors:
        for port, detail in zip(inputs, inner, strict=True):
            interpreter.set_tensor(detail["index"], _stored(feeds[port.name], detail))
        interpreter.invoke()
        return {
            port.name: _real(interpreter.get_tensor(detail["index"]), detail)
            for port, detail in zip(outputs, outer, strict=True)
        }

    return run


def openvino_runner(model: Any, outputs: Sequence[Port]) -> Run:
    """Runs an ``openvino.Model`` in float32 arithmetic.

    Args:
        model: Static; its inputs are named like feeds, its outputs come in the order of the ports.
        outputs: Names for the outputs.

    Raises:
        ConversionError: OpenVINO cannot compile it.
    """
    core = shared_core()
    # Processors with bfloat16 would use it by default, which is no reference.
    options = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    try:
        request = core.compile_model(model, "CPU", options).create_infer_request()
    except RuntimeError as error:
        raise ConversionError(f"OpenVINO cannot run the model: {error}") from error

    def run(feeds: Mapping[str, Array]) -> Tensors:
        request.infer(dict(feeds))
        return {
            port.name: request.get_output_tensor(index).data.copy()
            for index, port in enumerate(outputs)
        }

    return run


def is_quantized(detail: Mapping[str, Any]) -> bool:
    """Whether an interpreter's tensor stores integers that stand for real values."""
    return bool(detail["quantization"][0] > 0.0) and np.dtype(detail["dtype"]).kind in "iu"


def _stored(values: Array, detail: Mapping[str, Any]) -> Array:
    if not is_quantized(detail):
        return values
    scale, zero_point = detail["quantization"]
    kind = np.iinfo(detail["dtype"])
    rounded = np.rint(values / scale) + zero_point
    stored: Array = np.clip(rounded, kind.min, kind.max).astype(detail["dtype"])
    return stored


def _real(values: Array, detail: Mapping[str, Any]) -> Array:
    if not is_quantized(detail):
        return values
    scale, zero_point = detail["quantization"]
    real: Array = (values.astype(np.float32) - zero_point) * np.float32(scale)
    return real
