"""Tiny real models, made in memory: they say how red, green and blue a picture is.

The network is one MEAN over height and width, so that its right answer is known for any picture,
and both engines run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgecnn.bundle import io
from edgecnn.bundle.schema import (
    SCHEMA_VERSION,
    DecoderSpec,
    InputSpec,
    Manifest,
    TensorSpec,
    Variant,
)

SIDE = 8
SCALE, ZERO_POINT = 1 / 256, -128
LABELS = ("red", "green", "blue")


def mean_color_tflite(dtype: str = "float32") -> bytes:
    """Input ``image`` (1, 8, 8, 3), output ``means`` (1, 3); float32 or int8."""
    kind = {"float32": schema.TensorType.FLOAT32, "int8": schema.TensorType.INT8}[dtype]

    def tensor(name: str, shape: list[int], buffer: int, type_: int) -> Any:
        made = schema.TensorT()
        made.name, made.shape, made.buffer, made.type = name, shape, buffer, type_
        if type_ == schema.TensorType.INT8:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [SCALE], [ZERO_POINT]
        return made

    axes = schema.BufferT()
    axes.data = np.frombuffer(np.array([1, 2], np.int32).tobytes(), np.uint8)
    graph = schema.SubGraphT()
    graph.tensors = [
        tensor("image", [1, SIDE, SIDE, 3], 0, kind),
        tensor("axes", [2], 1, schema.TensorType.INT32),
        tensor("means", [1, 3], 0, kind),
    ]
    graph.inputs, graph.outputs = [0], [2]
    mean = schema.OperatorT()
    mean.opcodeIndex, mean.inputs, mean.outputs = 0, [0, 1], [2]
    mean.builtinOptionsType = schema.BuiltinOptions.ReducerOptions
    mean.builtinOptions = schema.ReducerOptionsT()
    graph.operators = [mean]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.MEAN
    code.version = 2
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [schema.BufferT(), axes]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def mean_color_ir() -> tuple[bytes, bytes]:
    """The same network as an OpenVINO IR: ``.xml`` and ``.bin``."""
    shape = "".join(f"<dim>{size}</dim>" for size in (1, SIDE, SIDE, 3))
    xml = f"""<?xml version="1.0"?>
<net name="mean_color" version="11"><layers>
<layer id="0" name="image" type="Parameter" version="opset1">
<data shape="1,{SIDE},{SIDE},3" element_type="f32"/>
<output><port id="0" precision="FP32" names="image">{shape}</port></output></layer>
<layer id="1" name="axes" type="Const" version="opset1">
<data element_type="i64" shape="2" offset="0" size="16"/>
<output><port id="0" precision="I64"><dim>2</dim></port></output></layer>
<layer id="2" name="means" type="ReduceMean" version="opset1"><data keep_dims="false"/>
<input><port id="0" precision="FP32">{shape}</port>
<port id="1" precision="I64"><dim>2</dim></port></input>
<output><port id="2" precision="FP32" names="means"><dim>1</dim><dim>3</dim></port></output></layer>
<layer id="3" name="result" type="Result" version="opset1">
<input><port id="0" precision="FP32"><dim>1</dim><dim>3</dim></port></input></layer>
</layers><edges>
<edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
<edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
<edge from-layer="2" from-port="2" to-layer="3" to-port="0"/>
</edges></net>"""
    return xml.encode(), np.array([1, 2], np.int64).tobytes()


def mean_color_input(**changes: Any) -> InputSpec:
    """Preprocessing of the tiny network: stretched to 8 x 8 RGB, 0..1."""
    fields: dict[str, Any] = {
        "width": SIDE,
        "height": SIDE,
        "color": "rgb",
        "mean": (0.0, 0.0, 0.0),
        "std": (255.0, 255.0, 255.0),
    }
    return InputSpec(**(fields | changes))


def mean_color_bundle(**changes: Any) -> tuple[Manifest, dict[str, bytes]]:
    """Manifest and files of a bundle with a float and an int8 TFLite and an OpenVINO variant.

    Args:
        changes: Fields of the manifest that shall differ.
    """
    xml, weights = mean_color_ir()
    files = {
        "float32.tflite": mean_color_tflite(),
        "int8.tflite": mean_color_tflite("int8"),
        "openvino/float32.xml": xml,
        "openvino/float32.bin": weights,
    }

    def tensors(name: str, role: str, shape: tuple[int, ...], dtype: str) -> tuple[TensorSpec]:
        scale, zero_point = (SCALE, ZERO_POINT) if dtype == "int8" else (0.0, 0)
        return (
            TensorSpec(
                name=role, tensor=name, shape=shape, dtype=dtype, scale=scale, zero_point=zero_point
            ),
        )

    def variant(file: str, dtype: str, backends: tuple[str, ...], weights: str | None) -> Variant:
        return Variant(
            file=file,
            weights=weights,
            format="tflite" if file.endswith(".tflite") else "openvino",
            precision="int8" if dtype == "int8" else "float32",
            backends=backends,
            inputs=tensors("image", "image", (1, SIDE, SIDE, 3), dtype),
            outputs=tensors("means", "probabilities", (1, 3), dtype),
        )

    fields: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "name": "mean_color",
        "title": "Mean colour",
        "task": "classify",
        "licence": "Apache-2.0",
        "source": "made by the tests",
        "input": mean_color_input(),
        "decoder": DecoderSpec(name="classification", parameters={"activation": "none"}),
        "labels": LABELS,
        "files": {},
        "variants": (
            variant("float32.tflite", "float32", ("litert", "openvino"), None),
            variant("int8.tflite", "int8", ("litert",), None),
            variant("openvino/float32.xml", "float32", ("openvino",), "openvino/float32.bin"),
        ),
    }
    return Manifest(**(fields | changes)), files


def save_mean_color(path: Path, files: Mapping[str, bytes] | None = None, **changes: Any) -> Path:
    """Write that bundle to a folder or ``.edge`` file; ``files`` replaces some of its files."""
    manifest, made = mean_color_bundle(**changes)
    return io.save(manifest, made | dict(files or {}), path)


def plain_picture(red: int, green: int, blue: int, size_wh: tuple[int, int] = (40, 30)) -> Any:
    """(H, W, 3) uint8 RGB of one colour."""
    return np.full((size_wh[1], size_wh[0], 3), (red, green, blue), np.uint8)
