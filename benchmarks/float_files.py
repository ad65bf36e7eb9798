"""The float32 files of a Keras model, ready to be called and timed on both backends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from converters.sources.opening import open_source
from edgecnn.runtime.backends.openvino import shared_core


@dataclass(frozen=True)
class Engines:
    """One inference each, one thread, float32, without filling the input again.

    Attributes:
        litert: Invokes the interpreter.
        openvino: Infers.
        tflite: Content of the file.
    """

    litert: Callable[[], object]
    openvino: Callable[[], object]
    tflite: bytes


def engines(model: Any) -> Engines:
    """Convert a Keras model and open it on both backends.

    Args:
        model: One picture in.
    """
    from ai_edge_litert.interpreter import Interpreter

    with open_source(model) as source:
        tflite, graph = source.tflite(), source.openvino()
    interpreter = Interpreter(model_content=tflite, num_threads=1)
    interpreter.allocate_tensors()
    wanted = interpreter.get_input_details()[0]
    pixels = np.random.default_rng(0).uniform(0, 255, wanted["shape"]).astype(np.float32)
    interpreter.set_tensor(wanted["index"], pixels)
    compiled = shared_core().compile_model(
        graph,
        "CPU",
        {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1},
    )
    request = compiled.create_infer_request()
    request.infer([pixels])
    return Engines(interpreter.invoke, request.infer, tflite)
