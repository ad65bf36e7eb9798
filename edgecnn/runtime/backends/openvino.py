"""OpenVINO on the CPU: opens an IR, and a ``.tflite`` as it is.

The arithmetic is always said explicitly, because the CPU plug-in's own default is bfloat16 where
the machine has it (errors of 0.1 on logits were seen): ``f32`` unless ``bf16`` is asked for.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import platformdirs

from edgecnn.errors import BackendError
from edgecnn.optional import require
from edgecnn.runtime.backend import Array, Compute, EngineInfo, Feed, ModelFile, TensorInfo
from edgecnn.runtime.feeds import check_names, unique_name, write_feed


class OpenVINOEngine:
    """A model compiled by OpenVINO. One thread at a time."""

    def __init__(self, compiled: Any, model: ModelFile, info: EngineInfo) -> None:
        self._request: Any | None = compiled.create_infer_request()
        self.info = info
        self.inputs: dict[str, TensorInfo] = {}
        self.outputs: dict[str, TensorInfo] = {}
        self._views: dict[str, Array] = {}
        self._output_ports: dict[str, int] = {}
        for index, port in enumerate(compiled.inputs):
            tensor = _tensor_info(port, model, f"input_{index}")
            self.inputs[tensor.name] = tensor
            self._views[tensor.name] = self._request.get_input_tensor(index).data
        for index, port in enumerate(compiled.outputs):
            tensor = _tensor_info(port, model, f"output_{index}")
            self.outputs[tensor.name] = tensor
            self._output_ports[tensor.name] = index

    def infer(self, feeds: Mapping[str, Feed]) -> dict[str, Array]:
        """Run once; see `edgecnn.runtime.backend.Engine`."""
        if self._request is None:
            raise BackendError("This engine is closed. Load the model again.")
        check_names(feeds, self.inputs)
        for name, feed in feeds.items():
            write_feed(feed, self._views[name], self.inputs[name])
        try:
            self._request.infer()
        except RuntimeError as error:
            raise BackendError(f"openvino failed while running: {_reason(error)}") from error
        # The request's memory is used again by the next call: hand out copies.
        return {
            name: self._request.get_output_tensor(index).data.copy()
            for name, index in self._output_ports.items()
        }

    def close(self) -> None:
        """Release the model."""
        self._views = {}
        self._request = None


class OpenVINOBackend:
    """OpenVINO's CPU plug-in (extra ``openvino``)."""

    name: ClassVar[str] = "openvino"
    formats: ClassVar[tuple[str, ...]] = ("openvino", "tflite")
    computes: ClassVar[tuple[Compute, ...]] = ("f32", "bf16")

    def missing(self) -> str | None:
        """Why it cannot run here; None when it can."""
        if importlib.util.find_spec("openvino") is None:
            return "openvino is not installed. Install it with: pip install 'edgecnn[openvino]'"
        return None

    def version(self) -> str:
        """Version of the distribution."""
        return importlib.metadata.version("openvino")

    def open(self, model: ModelFile, *, threads: int, compute: Compute = "f32") -> OpenVINOEngine:
        """Open an IR or a ``.tflite``; see `edgecnn.runtime.backend.Backend`."""
        if compute not in self.computes:
            raise BackendError(f"openvino computes in f32 or bf16, but {compute} was asked for.")
        core = shared_core()
        abilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if compute == "bf16" and "BF16" not in abilities:
            raise BackendError(
                "bf16 was asked for, but this CPU has no bfloat16 arithmetic. Use compute='f32'."
            )
        options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": compute,
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
        }
        if (cache := cache_folder()) is not None:
            options["CACHE_DIR"] = str(cache)
        try:
            compiled = core.compile_model(_read(core, model), "CPU", options)
        except (RuntimeError, ValueError, TypeError, UnicodeDecodeError) as error:
            raise BackendError(
                f"openvino {self.version()} refuses {model.name}: {_reason(error)}"
            ) from error
        dynamic = [str(port) for port in (*compiled.inputs, *compiled.outputs) if _is_dynamic(port)]
        if dynamic:
            raise BackendError(
                f"{model.name} has tensors whose shape is not fixed ({', '.join(dynamic)}). "
                "Fix the shapes, batch 1, when converting it."
            )
        return OpenVINOEngine(
            compiled, model, EngineInfo(self.name, self.version(), threads, compute)
        )


_cores: list[Any] = []
_cores_lock = threading.Lock()


def shared_core() -> Any:
    """OpenVINO itself: one for the process, and never let go.

    When its CPU plug-in is loaded, the thread that does it gets a stack for signal handlers from
    it, and when the plug-in is unloaded, with the last model, that memory is unmapped under the
    thread: the next signal, were it a Ctrl-C, would end the process with a segmentation fault. A
    plug-in that stays loaded takes nothing away, and opens the next model sooner.
    """
    openvino = require("openvino", extra="openvino")
    with _cores_lock:
        if not _cores:
            _cores.append(openvino.Core())
        return _cores[0]


def cache_folder() -> Path | None:
    """Where compiled models are kept: a folder of the user's cache, safe to delete.

    None where nothing can be written, as in a service without a home: models open slower then.
    """
    folder = Path(platformdirs.user_cache_path("edgecnn")) / "openvino"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def _read(core: Any, model: ModelFile) -> Any:
    if model.format == "openvino":
        return core.read_model(model.model, model.weights)
    # The TFLite front end reads files only, so the bytes that were verified go to a private file.
    with tempfile.TemporaryDirectory(prefix="edgecnn-") as folder:
        file = Path(folder) / "model.tflite"
        file.write_bytes(model.model)
        return core.read_model(file)


def _is_dynamic(port: Any) -> bool:
    return bool(port.get_partial_shape().is_dynamic)


def _tensor_info(port: Any, model: ModelFile, fallback: str) -> TensorInfo:
    names = sorted(port.get_names())
    known = model.tensor_names or {}
    tensor = next((name for name in names if name in known), names[0] if names else fallback)
    dtype = np.dtype(port.get_element_type().to_dtype())
    return TensorInfo(unique_name(tensor, known), tuple(port.get_shape()), dtype)


def _reason(error: Exception) -> str:
    """The last telling line of OpenVINO's many, which lead with its own source files."""
    lines = [line.strip() for line in str(error).splitlines()]
    telling = [line for line in lines if line and not line.startswith("Exception from")]
    return (telling[-1] if telling else type(error).__name__)[:300]
