"""Look at every tensor of a ``.tflite`` while it runs.

Interpreters reuse the memory of activations and hand parts of the graph to a delegate, so that what
lies between cannot be read. Here both are off: slower than on a device, and with the same values up
to the rounding of its kernels.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.quantization import flatbuffer
from converters.quantization.feeds import Shapes
from converters.sources.base import Array
from edgecnn.errors import ConversionError
from edgecnn.optional import require

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a graph.

    Attributes:
        name: Of its first output, by which TensorFlow's quantizer knows the operation.
        kind: ``CONV_2D`` and so on.
        inputs: Tensors that it reads; -1 for one that is left out.
        outputs: Tensors that it writes.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Trace:
    """A model that can be run and read.

    Attributes:
        model: ``ModelT`` of the file.
        operations: In the order of computation.
        names: Of each tensor, by its index.
        computed: Indices of tensors that depend on the input.
    """

    def __init__(self, tflite: bytes, *, threads: int = 1) -> None:
        """Open a file.

        Raises:
            ConversionError: The interpreter refuses it.
        """
        runtime = require("ai_edge_litert.interpreter", extra="convert")
        self.model = flatbuffer.unpack(tflite)
        graph = self.model.subgraphs[0]
        self.names = [flatbuffer.name(tensor) for tensor in graph.tensors]
        self.operations = tuple(self._operation(operator) for operator in graph.operators)
        self.computed = [
            index
            for index, tensor in enumerate(graph.tensors)
            if not flatbuffer.has_data(self.model, tensor) and not tensor.isVariable
        ]
        self._slots = flatbuffer.inputs(self.model)
        self._outputs = flatbuffer.outputs(self.model)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # keeping all tensors is said to be for debugging
                self._interpreter = runtime.Interpreter(
                    model_content=tflite,
                    num_threads=threads,
                    experimental_preserve_all_tensors=True,
                    experimental_op_resolver_type=(
                        runtime.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
                    ),
                )
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ConversionError(f"LiteRT refuses the .tflite: {error}") from error
        details = {detail["index"]: detail for detail in self._interpreter.get_tensor_details()}
        self.shapes: Shapes = {
            port: (tuple(int(side) for side in details[index]["shape"]), np.dtype(np.float32))
            if self.step(index)
            else (
                tuple(int(side) for side in details[index]["shape"]),
                np.dtype(details[index]["dtype"]),
            )
            for port, index in self._slots.items()
        }

    def _operation(self, operator: Any) -> Operation:
        outputs = tuple(int(index) for index in operator.outputs)
        return Operation(
            self.names[outputs[0]] if outputs else "",
            flatbuffer.kind(self.model, operator),
            tuple(int(index) for index in operator.inputs),
            outputs,
        )

    def run(self, feed: Mapping[str, Array]) -> None:
        """Compute all tensors of one input; real values, also for a quantized input."""
        for port, index in self._slots.items():
            self._interpreter.set_tensor(index, self._quantized(feed[port], index))
        self._interpreter.invoke()

    def value(self, index: int) -> Floats:
        """Values of a tensor, float32 whatever it is stored as; a copy."""
        stored = self._interpreter.get_tensor(index)
        tensor = self.model.subgraphs[0].tensors[index]
        quantization = tensor.quantization
        if not _is_quantized(quantization):
            return np.asarray(stored, np.float32)
        scale = np.asarray(quantization.scale, np.float32)
        zero = np.asarray(quantization.zeroPoint, np.int64)
        shape = [1] * stored.ndim
        if scale.size > 1:
            shape[quantization.quantizedDimension] = scale.size
        values = (stored.astype(np.int64) - zero.reshape(shape)) * scale.reshape(shape)
        return np.asarray(values, np.float32)

    def answers(self) -> dict[str, Floats]:
        """Outputs of the last run, real values, by the names of the signature."""
        return {port: self.value(index) for port, index in self._outputs.items()}

    def step(self, index: int) -> float | None:
        """Distance between two neighbouring values of a quantized tensor; None in float."""
        quantization = self.model.subgraphs[0].tensors[index].quantization
        return float(quantization.scale[0]) if _is_quantized(quantization) else None

    def is_real(self, index: int) -> bool:
        """Whether a tensor holds real values: floats, or integers with a scale."""
        kind = self.model.subgraphs[0].tensors[index].type
        return kind == flatbuffer.schema().TensorType.FLOAT32 or self.step(index) is not None

    def _quantized(self, values: Array, index: int) -> Array:
        step = self.step(index)
        dtype = self._interpreter.get_tensor(index).dtype
        if step is None:
            return np.asarray(values, dtype)
        zero = int(self.model.subgraphs[0].tensors[index].quantization.zeroPoint[0])
        limits = np.iinfo(dtype)
        levels = np.rint(np.asarray(values, np.float32) / np.float32(step)) + zero
        return np.asarray(np.clip(levels, limits.min, limits.max), dtype)


def _is_quantized(quantization: Any) -> bool:
    return (
        quantization is not None
        and quantization.scale is not None
        and len(quantization.scale) > 0
        and quantization.zeroPoint is not None
    )
