"""LiteRT, and its predecessor tflite-runtime: the same interpreter under two module names.

The `Interpreter` is used and not LiteRT's newer `CompiledModel`, because it verifies a flatbuffer
before it parses it, and on a CPU it is as fast.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from edgecnn.errors import BackendError
from edgecnn.runtime.backend import Array, Compute, EngineInfo, Feed, ModelFile, TensorInfo
from edgecnn.runtime.feeds import check_names, unique_name, write_feed
from edgecnn.runtime.quiet import quiet_stderr


class InterpreterEngine:
    """A model opened by a TFLite interpreter. One thread at a time."""

    def __init__(self, interpreter: Any, model: ModelFile, info: EngineInfo) -> None:
        self._interpreter: Any | None = interpreter
        self.info = info
        self.inputs: dict[str, TensorInfo] = {}
        self.outputs: dict[str, TensorInfo] = {}
        # `tensor(index)` gives a function; the view that it returns must not live while the model
        # runs, the function may.
        self._views: dict[str, Any] = {}
        self._output_indices: dict[str, int] = {}
        for detail in interpreter.get_input_details():
            tensor = _tensor_info(detail, model)
            self.inputs[tensor.name] = tensor
            self._views[tensor.name] = interpreter.tensor(detail["index"])
        for detail in interpreter.get_output_details():
            tensor = _tensor_info(detail, model)
            self.outputs[tensor.name] = tensor
            self._output_indices[tensor.name] = detail["index"]

    def infer(self, feeds: Mapping[str, Feed]) -> dict[str, Array]:
        """Run once; see `edgecnn.runtime.backend.Engine`."""
        if self._interpreter is None:
            raise BackendError("This engine is closed. Load the model again.")
        check_names(feeds, self.inputs)
        for name, feed in feeds.items():
            write_feed(feed, self._views[name](), self.inputs[name])
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise BackendError(f"{self.info.backend} failed while running: {error}.") from error
        return {
            name: self._interpreter.get_tensor(index)
            for name, index in self._output_indices.items()
        }

    def close(self) -> None:
        """Release the model."""
        self._views = {}
        self._interpreter = None


class LiteRTBackend:
    """LiteRT (``ai-edge-litert``): the default on every device."""

    name: ClassVar[str] = "litert"
    formats: ClassVar[tuple[str, ...]] = ("tflite",)
    computes: ClassVar[tuple[Compute, ...]] = ("f32",)
    _module: ClassVar[str] = "ai_edge_litert.interpreter"
    _distribution: ClassVar[str] = "ai-edge-litert"
    _install: ClassVar[str] = "pip install ai-edge-litert"

    def missing(self) -> str | None:
        """Why it cannot run here; None when it can."""
        package = self._module.partition(".")[0]
        if importlib.util.find_spec(package) is None:
            return f"{package} is not installed. Install it with: {self._install}"
        return None

    def version(self) -> str:
        """Version of the distribution."""
        return importlib.metadata.version(self._distribution)

    def open(
        self, model: ModelFile, *, threads: int, compute: Compute = "f32"
    ) -> InterpreterEngine:
        """Open a ``.tflite``; see `edgecnn.runtime.backend.Backend`."""
        reason = self.missing()
        if reason is not None:
            raise BackendError(f"The backend {self.name} is not there: {reason}")
        if model.format not in self.formats:
            raise BackendError(
                f"{self.name} runs .tflite files, but {model.name} is {model.format}. "
                "Use the backend openvino for it."
            )
        if compute not in self.computes:
            raise BackendError(f"{self.name} computes in f32 only, but {compute} was asked for.")
        try:
            with quiet_stderr():
                module = importlib.import_module(self._module)
                interpreter = module.Interpreter(model_content=model.model, num_threads=threads)
                interpreter.allocate_tensors()
        except (ValueError, RuntimeError, TypeError) as error:
            raise BackendError(
                f"{self.name} {self.version()} refuses {model.name}: {_first_line(error)}"
            ) from error
        except (ImportError, AttributeError) as error:
            raise BackendError(
                f"{self._distribution} is installed but cannot be loaded ({error}). With "
                "tflite-runtime, numpy has to be older than 2: "
                "pip install 'edgecnn[tflite-runtime]'"
            ) from error
        return InterpreterEngine(
            interpreter, model, EngineInfo(self.name, self.version(), threads, "f32")
        )


class TFLiteRuntimeBackend(LiteRTBackend):
    """tflite-runtime 2.14, for systems that have nothing newer; never chosen while LiteRT is there.

    Needs Python before 3.12 and numpy before 2. Its int8 kernels are not accelerated on x86.
    """

    name: ClassVar[str] = "tflite_runtime"
    _module: ClassVar[str] = "tflite_runtime.interpreter"
    _distribution: ClassVar[str] = "tflite-runtime"
    _install: ClassVar[str] = "pip install 'edgecnn[tflite-runtime]'"


def _tensor_info(detail: Mapping[str, Any], model: ModelFile) -> TensorInfo:
    name = unique_name(str(detail["name"]), model.tensor_names)
    shape = tuple(int(size) for size in detail["shape"])
    parameters = detail["quantization_parameters"]
    if len(parameters["scales"]) > 1:
        raise BackendError(
            f"{model.name}: the tensor {name!r} is quantized per channel. Inputs and outputs must "
            "be quantized per tensor, or not at all."
        )
    scale, zero_point = detail["quantization"]
    return TensorInfo(name, shape, np.dtype(detail["dtype"]), float(scale), int(zero_point))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
