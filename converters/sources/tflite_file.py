"""``.tflite`` files, from whichever tool: TensorFlow, litert-torch (so PyTorch) or LiteRT's own.

A float file goes everywhere. One with float16 weights is widened first, which is exact. A quantized
file holds rounded weights only, so that it can be packed as it is, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.graphs.saved_model import first_line
from converters.openvino.ir import read_tflite
from converters.openvino.layer_names import name_layers
from converters.quiet import captured_output
from converters.sources.base import Array, Port, Source, Target, Tensors
from converters.sources.ports import (
    Shapes,
    check_feeds,
    name_inputs,
    name_outputs,
    shapes_by_name,
    static_shape,
)
from converters.sources.running import Run, is_quantized, tflite_runner
from converters.tflite.pack import pack
from converters.tflite.weights import unpack
from converters.tflite.widen import SIGNATURE, inline_weights
from edgecnn.bundle.schema import Precision
from edgecnn.errors import ConversionError
from edgecnn.optional import require


class TFLiteSource(Source):
    """A ``.tflite``.

    Args:
        path: The file.
        input_names: As `converters.sources.open_source`; the model's own are those of its
            signature, or else of its tensors.
        outputs: Likewise.
        input_shapes: Likewise; they can only confirm what the file says.
        batch: Likewise.

    Raises:
        ConversionError: Damaged, operators that LiteRT lacks, or a shape that is not fixed.
        OptionError: Names or shapes do not fit the model.
    """

    kind = "tflite"

    def __init__(
        self,
        path: Path,
        *,
        input_names: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
        input_shapes: Shapes | None = None,
        batch: int = 1,
    ) -> None:
        self.title = path.name
        model = unpack(path.read_bytes())
        if len(model.subgraphs) != 1:
            raise ConversionError(
                f"{path.name} holds {len(model.subgraphs)} graphs (several entry points, or loops "
                "and branches). Devices get one graph without them: convert it anew with one."
            )
        graph = model.subgraphs[0]
        own_inputs, own_outputs = _own_names(model)
        _fix_shapes(self.title, graph, own_inputs, input_shapes, batch)
        self.precision = _precision(model)
        if self.precision == "float16":
            inline_weights(model)
        inputs = name_inputs(own_inputs, input_names)
        names = name_outputs(own_outputs, outputs)
        _sign(model, inputs, names)
        self._content = pack(model)
        interpreter = _open(self.title, self._content)
        self.inputs = _ports(inputs, interpreter.get_input_details())
        self.outputs = _ports(names, interpreter.get_output_details())
        self.parameters = _count(model)
        self._run: Run | None = tflite_runner(interpreter, self.inputs, self.outputs)

    def answer(self, feeds: Mapping[str, Array]) -> Tensors:
        """Run it in LiteRT; quantized rims are fed and read as real values."""
        if self._run is None:
            raise ConversionError(f"{self.title} is closed. Open it again.")
        return self._run(check_feeds(self.title, self.inputs, feeds))

    def tflite(self) -> bytes:
        """The file with the chosen names, its weights widened to float32 if they were float16."""
        return self._content

    def openvino(self) -> Any:
        """As a float32 ``openvino.Model``."""
        reason = self.refuses("openvino")
        if reason is not None:
            raise ConversionError(reason)
        openvino = require("openvino", extra="convert")
        with captured_output("OpenVINO: reading the .tflite"):
            model = read_tflite(openvino, self._content)
        name_layers(model, self._content)
        return model

    def refuses(self, target: Target) -> str | None:
        """OpenVINO gets no quantized file: it runs one slower than its own int8."""
        if target == "openvino" and self.precision in ("int8", "int4w"):
            return (
                f"{self.title} is quantized already ({self.precision}), so no OpenVINO file can be "
                "made of it: its float weights are gone. Convert the float model that it was made "
                "from."
            )
        return None

    def close(self) -> None:
        """Let the interpreter go."""
        self._run = None


def _own_names(model: Any) -> tuple[list[str], list[str]]:
    """Names of inputs and outputs in the graph's order: the signature's, or the tensors'."""
    graph = model.subgraphs[0]
    named: dict[int, str] = {}
    if model.signatureDefs:
        signature = model.signatureDefs[0]
        for entry in (*(signature.inputs or ()), *(signature.outputs or ())):
            named[int(entry.tensorIndex)] = entry.name.decode("utf-8", "replace")

    def name(index: int) -> str:
        tensor = graph.tensors[index].name or b"tensor"
        return named.get(int(index), tensor.decode("utf-8", "replace"))

    return [name(index) for index in graph.inputs], [name(index) for index in graph.outputs]


def _fix_shapes(
    title: str, graph: Any, names: Sequence[str], input_shapes: Shapes | None, batch: int
) -> None:
    """Check that all sizes but an open batch are fixed, and take the word "open" out of the file.

    Beside a shape, which holds 1 for every open size, a tensor may say which sizes are open.
    """
    given = shapes_by_name(title, names, input_shapes)
    for name, index in zip(names, graph.inputs, strict=True):
        tensor = graph.tensors[index]
        stated = _sizes(tensor.shape)
        said = _sizes(tensor.shapeSignature) or stated
        wanted = static_shape(title, name, said, given.get(name), batch)
        if list(wanted) != stated:
            raise ConversionError(
                f"The input {name!r} of {title} is stored as {tuple(stated)}, but {wanted} is "
                "needed. Sizes of a .tflite are fixed when it is made: convert its source anew "
                "with that shape."
            )
    for tensor in graph.tensors:
        tensor.shapeSignature = None


def _sizes(shape: Any) -> list[int]:
    return [] if shape is None else [int(size) for size in shape]


def _precision(model: Any) -> Precision:
    """What the weights, or where there are none the activations, of a file are stored in."""
    schema = require("ai_edge_litert.schema_py_generated", extra="convert")
    kinds = schema.TensorType
    tensors = model.subgraphs[0].tensors
    scaled = {tensor.type for tensor in tensors if _is_scaled(tensor)}
    if kinds.INT4 in scaled:
        return "int4w"
    if scaled & {kinds.INT8, kinds.UINT8, kinds.INT16}:
        return "int8"
    return "float16" if any(tensor.type == kinds.FLOAT16 for tensor in tensors) else "float32"


def _is_scaled(tensor: Any) -> bool:
    """Whether a tensor stores integers that stand for real values."""
    scale = None if tensor.quantization is None else tensor.quantization.scale
    return scale is not None and len(scale) > 0


def _sign(model: Any, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Give the graph one signature; metadata of other tools is about the names that it replaces."""
    schema = require("ai_edge_litert.schema_py_generated", extra="convert")
    graph = model.subgraphs[0]

    def entry(name: str, index: int) -> Any:
        tensor = schema.TensorMapT()
        tensor.name, tensor.tensorIndex = name.encode(), int(index)
        return tensor

    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = SIGNATURE.encode(), 0
    signature.inputs = [entry(*pair) for pair in zip(inputs, graph.inputs, strict=True)]
    signature.outputs = [entry(*pair) for pair in zip(outputs, graph.outputs, strict=True)]
    model.signatureDefs = [signature]
    for item in model.metadata or ():
        if item.buffer < len(model.buffers):
            model.buffers[item.buffer].data = None
    model.metadata, model.metadataBuffer = [], []


def _open(title: str, content: bytes) -> Any:
    module = require("ai_edge_litert.interpreter", extra="convert")
    try:
        with captured_output("LiteRT: opening the source"):
            interpreter = module.Interpreter(model_content=content)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ConversionError(f"LiteRT cannot run {title}: {first_line(error)}") from error
    return interpreter


def _ports(names: Sequence[str], details: Sequence[Mapping[str, Any]]) -> tuple[Port, ...]:
    return tuple(
        Port(
            name,
            tuple(int(size) for size in detail["shape"]),
            np.dtype(np.float32 if is_quantized(detail) else detail["dtype"]),
        )
        for name, detail in zip(names, details, strict=True)
    )


def _count(model: Any) -> int:
    """Number of weights: values of constants that are, or stand for, real numbers."""
    schema = require("ai_edge_litert.schema_py_generated", extra="convert")
    kinds = schema.TensorType
    counted = 0
    for tensor in model.subgraphs[0].tensors:
        real = tensor.type in (kinds.FLOAT32, kinds.FLOAT16)
        if model.buffers[tensor.buffer].data is not None and (real or _is_scaled(tensor)):
            counted += int(np.prod(_sizes(tensor.shape)))
    return counted
