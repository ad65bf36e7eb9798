"""The contract between edgecnn and an inference engine.

A backend opens one model file and runs it. It knows nothing of tasks, pictures or bundles:
preprocessing happens before it, decoding after it. Third parties add one by a class with these
members and an entry point in the group ``edgecnn.backends``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Compute = Literal["f32", "bf16"]
Array = NDArray[Any]
Feed = Array | Callable[[Array], None]
"""An input: an array of the tensor's shape and dtype, or a function that fills the tensor's own
memory in place (it is called once with a writable view, which it must not keep)."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """What an engine says of one of its tensors.

    Attributes:
        name: Name that feeds and outputs go by.
        shape: With the batch axis; all static.
        dtype: numpy type of the stored values.
        scale, zero_point: real = (stored - zero_point) * scale; scale 0 means not quantized.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float = 0.0
    zero_point: int = 0


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model, read and verified, ready for a native parser.

    Attributes:
        name: For error messages: where it came from.
        format: ``tflite`` or ``openvino``.
        model: Content of the ``.tflite`` or ``.xml``.
        weights: Content of the ``.bin`` of an IR.
        tensor_names: Tensor name inside the file -> name that feeds and outputs go by. A tensor
            that is not listed keeps the name it has in the file.
    """

    name: str
    format: Literal["tflite", "openvino"]
    model: bytes
    weights: bytes = b""
    tensor_names: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What runs the model: backend name and version, threads, arithmetic."""

    backend: str
    version: str
    threads: int
    compute: Compute


class Engine(Protocol):
    """An opened model. Used by one thread at a time; `Session` sees to that."""

    @property
    def inputs(self) -> Mapping[str, TensorInfo]:
        """Input tensors by name."""

    @property
    def outputs(self) -> Mapping[str, TensorInfo]:
        """Output tensors by name."""

    @property
    def info(self) -> EngineInfo:
        """Backend, version, threads and compute precision in force."""

    def infer(self, feeds: Mapping[str, Feed]) -> dict[str, Array]:
        """Run once.

        Args:
            feeds: One feed for each input.

        Returns:
            The outputs as stored (not dequantized), arrays that the caller owns.

        Raises:
            BackendError: A feed is missing, has the wrong shape or type, or the engine failed.
        """

    def close(self) -> None:
        """Release the model; `infer` raises afterwards. Closing twice is harmless."""


class Backend(Protocol):
    """A way to open model files."""

    name: str
    formats: tuple[str, ...]
    computes: tuple[Compute, ...]

    def missing(self) -> str | None:
        """Why this backend cannot run here, with the command that mends it; None when it can."""

    def version(self) -> str:
        """Version of the engine, for reports."""

    def open(self, model: ModelFile, *, threads: int, compute: Compute = "f32") -> Engine:
        """Open a model.

        Raises:
            BackendError: The engine refuses the file.
        """
