"""A ``.tflite`` whose pixels are normalised alike in all channels.

MediaPipe's tasks refuse a file with a mean or standard deviation for each channel, as networks from
PyTorch have them. Here the difference goes into the network as one multiplication and one addition
in front; what is left outside is the same for all channels.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.bundles.pack import Facts, ModelVariant
from converters.tflite.pack import pack
from edgecnn.bundle.schema import InputSpec
from edgecnn.errors import ConversionError
from edgecnn.optional import require


def uniform_input(variant: ModelVariant, facts: Facts) -> tuple[ModelVariant, Facts]:
    """The same network for pixels with one mean and one standard deviation.

    ``(p - m) / s`` of each channel is ``y * a + b`` with ``y = (p - M) / S``, where M and S are the
    means of m and s, ``a = S / s`` and ``b = (M - m) / s``.

    Args:
        variant: A ``.tflite`` with one float32 picture as its input; outputs may be anything.
        facts: What is known of it.

    Returns:
        Both, unchanged when nothing is to be done. Metadata of the file is dropped otherwise.

    Raises:
        ConversionError: Not such a file.
    """
    spec = facts.picture_input
    if len(set(spec.mean)) == 1 and len(set(spec.std)) == 1:
        return variant, facts
    if variant.format != "tflite":
        raise ConversionError(f"{variant.file} is no .tflite; an IR may have a mean a channel.")
    schema = require("ai_edge_litert.schema_py_generated", extra="convert")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(variant.model), 0))
    graph = model.subgraphs[0]
    tensor = graph.tensors[graph.inputs[0]]
    shape = [int(size) for size in tensor.shape]
    if (
        len(model.subgraphs) != 1
        or len(graph.inputs) != 1
        or tensor.type != schema.TensorType.FLOAT32
        or shape != [1, spec.height, spec.width, len(spec.mean)]
    ):
        raise ConversionError(
            f"{variant.file} takes {shape}; one float32 picture (1, {spec.height}, {spec.width}, "
            f"{len(spec.mean)}) was expected. Quantized inputs bake the normalisation in."
        )
    mean, std = (float(np.mean(values)) for values in (spec.mean, spec.std))
    scale = std / np.array(spec.std)
    shift = (mean - np.array(spec.mean)) / np.array(spec.std)
    _prepend(schema, model, scale.astype(np.float32), shift.astype(np.float32))
    model.metadata, model.metadataBuffer = [], []
    channels = len(spec.mean)
    changed = _with_normalisation(spec, (mean,) * channels, (std,) * channels)
    return (
        dataclasses.replace(variant, model=pack(model)),
        dataclasses.replace(facts, input=changed),
    )


def _with_normalisation(
    spec: InputSpec, mean: tuple[float, ...], std: tuple[float, ...]
) -> InputSpec:
    fields = {name: getattr(spec, name) for name in spec.__struct_fields__}
    return InputSpec(**(fields | {"mean": mean, "std": std, "value_range": None}))


def _prepend(
    schema: Any, model: Any, scale: NDArray[np.float32], shift: NDArray[np.float32]
) -> None:
    """Put ``y * scale + shift`` between a new input and the old one."""
    graph = model.subgraphs[0]
    old = int(graph.inputs[0])

    def tensor(name: str, shape: list[int], buffer: int) -> int:
        made = schema.TensorT()
        made.name, made.shape, made.buffer = name.encode(), shape, buffer
        made.type = schema.TensorType.FLOAT32
        graph.tensors.append(made)
        return len(graph.tensors) - 1

    def layer(kind: str, options: Any, inputs: list[int], output: int) -> Any:
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
        code.version = 1
        model.operatorCodes.append(code)
        made = schema.OperatorT()
        made.opcodeIndex = len(model.operatorCodes) - 1
        made.inputs, made.outputs, made.builtinOptions = inputs, [output], options
        made.builtinOptionsType = getattr(
            schema.BuiltinOptions, type(options).__name__.removesuffix("T")
        )
        return made

    def constant(name: str, values: NDArray[np.float32]) -> int:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        model.buffers.append(buffer)
        return tensor(name, [len(values)], len(model.buffers) - 1)

    shape = [int(size) for size in graph.tensors[old].shape]
    # The old input's name stays with the input: signatures, decoders and people know it.
    new = tensor(graph.tensors[old].name.decode(), shape, 0)
    graph.tensors[old].name += b"/normalised"
    source, steps = new, []
    if not np.allclose(scale, 1):
        scaled = old if not shift.any() else tensor("input/scaled", shape, 0)
        inputs = [source, constant("input/scale", scale)]
        steps.append(layer("MUL", schema.MulOptionsT(), inputs, scaled))
        source = scaled
    if source != old:
        inputs = [source, constant("input/shift", shift)]
        steps.append(layer("ADD", schema.AddOptionsT(), inputs, old))
    graph.operators = [*steps, *graph.operators]
    graph.inputs = [new]
    for signature in model.signatureDefs or []:
        for entry in signature.inputs or []:
            if entry.tensorIndex == old:
                entry.tensorIndex = new
