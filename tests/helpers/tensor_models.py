"""Tiny real models with two inputs and two outputs: the product and the sum of two arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgecnn.bundle import io
from edgecnn.bundle.arrays import write_arrays
from edgecnn.bundle.schema import (
    SCHEMA_VERSION,
    DecoderSpec,
    Golden,
    Manifest,
    TensorSpec,
    Variant,
)

SHAPE = (1, 2, 3)
QUANTIZATION = {
    # name -> scale, zero point of the int8 file
    "a": (1 / 64, 0),
    "b": (1 / 32, -10),
    "product": (1 / 16, 5),
    "sum": (1 / 16, 0),
}
INPUTS, OUTPUTS = ("a", "b"), ("product", "sum")


def product_and_sum_tflite(dtype: str = "float32") -> bytes:
    """Inputs ``a`` and ``b``, outputs ``product`` and ``sum``, all (1, 2, 3); float32 or int8."""
    kind = {"float32": schema.TensorType.FLOAT32, "int8": schema.TensorType.INT8}[dtype]
    graph = schema.SubGraphT()
    graph.tensors = []
    for name in (*INPUTS, *OUTPUTS):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer, tensor.type = name, list(SHAPE), 0, kind
        if dtype == "int8":
            tensor.quantization = schema.QuantizationParametersT()
            scale, zero_point = QUANTIZATION[name]
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero_point]
        graph.tensors.append(tensor)
    graph.inputs, graph.outputs = [0, 1], [2, 3]
    graph.operators = []
    options = (
        (schema.BuiltinOptions.MulOptions, schema.MulOptionsT),
        (schema.BuiltinOptions.AddOptions, schema.AddOptionsT),
    )
    for index, (kind_of_options, make) in enumerate(options):
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = index, [0, 1], [2 + index]
        operator.builtinOptionsType, operator.builtinOptions = kind_of_options, make()
        graph.operators.append(operator)
    codes = []
    for builtin in (schema.BuiltinOperator.MUL, schema.BuiltinOperator.ADD):
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.version = 2
        codes.append(code)
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, codes, [graph]
    model.buffers = [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def product_and_sum_ir() -> tuple[bytes, bytes]:
    """The same network as an OpenVINO IR: ``.xml`` and ``.bin``."""
    dims = "".join(f"<dim>{size}</dim>" for size in SHAPE)
    shape = ",".join(map(str, SHAPE))

    def port(index: int, names: str = "") -> str:
        named = f' names="{names}"' if names else ""
        return f'<port id="{index}" precision="FP32"{named}>{dims}</port>'

    layers, edges = [], []
    for index, name in enumerate(INPUTS):
        layers.append(
            f'<layer id="{index}" name="{name}" type="Parameter" version="opset1">'
            f'<data shape="{shape}" element_type="f32"/><output>{port(0, name)}</output></layer>'
        )
    for index, (name, kind) in enumerate(zip(OUTPUTS, ("Multiply", "Add"), strict=True), 2):
        layers.append(
            f'<layer id="{index}" name="{name}" type="{kind}" version="opset1">'
            f'<data auto_broadcast="numpy"/><input>{port(0)}{port(1)}</input>'
            f"<output>{port(2, name)}</output></layer>"
            f'<layer id="{index + 2}" name="{name}/result" type="Result" version="opset1">'
            f"<input>{port(0)}</input></layer>"
        )
        edges += [(0, 0, index, 0), (1, 0, index, 1), (index, 2, index + 2, 0)]
    wires = "".join(
        f'<edge from-layer="{a}" from-port="{b}" to-layer="{c}" to-port="{d}"/>'
        for a, b, c, d in edges
    )
    xml = (
        '<?xml version="1.0"?><net name="product_and_sum" version="11">'
        f"<layers>{''.join(layers)}</layers><edges>{wires}</edges></net>"
    )
    return xml.encode(), b""


def arrays(seed: int = 0) -> dict[str, Any]:
    """Inputs within the range of the int8 file."""
    rng = np.random.default_rng(seed)
    return {
        "a": rng.uniform(-1, 1, SHAPE).astype(np.float32),
        "b": rng.uniform(-2, 2, SHAPE).astype(np.float32),
    }


def product_and_sum_bundle(**changes: Any) -> tuple[Manifest, dict[str, bytes]]:
    """Manifest and files of a bundle with float and int8 TFLite and OpenVINO variants.

    Args:
        changes: Fields of the manifest that shall differ.
    """
    xml, weights = product_and_sum_ir()
    question = arrays()
    files = {
        "float32.tflite": product_and_sum_tflite(),
        "int8.tflite": product_and_sum_tflite("int8"),
        "openvino/float32.xml": xml,
        "openvino/float32.bin": weights,
        "golden/0.npz": write_arrays(question),
    }

    def tensors(names: tuple[str, ...], dtype: str) -> tuple[TensorSpec, ...]:
        specs = []
        for name in names:
            scale, zero_point = QUANTIZATION[name] if dtype == "int8" else (0.0, 0)
            specs.append(
                TensorSpec(
                    name=name,
                    tensor=name,
                    shape=SHAPE,
                    dtype=dtype,
                    scale=scale,
                    zero_point=zero_point,
                )
            )
        return tuple(specs)

    def variant(file: str, dtype: str, backends: tuple[str, ...], weights: str | None) -> Variant:
        return Variant(
            file=file,
            weights=weights,
            format="tflite" if file.endswith(".tflite") else "openvino",
            precision="int8" if dtype == "int8" else "float32",
            backends=backends,
            inputs=tensors(INPUTS, dtype),
            outputs=tensors(OUTPUTS, dtype),
        )

    a, b = question["a"], question["b"]
    expected = {
        "outputs": {
            name: {"shape": list(SHAPE), "dtype": "float32", "values": values.ravel().tolist()}
            for name, values in (("product", a * b), ("sum", a + b))
        }
    }
    limits = {
        "float32": {"relative": 1e-5, "cosine_distance": 1e-6},
        "int8": {"relative": 0.1, "cosine_distance": 0.01},
    }
    fields: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "name": "product_and_sum",
        "title": "Product and sum",
        "task": "tensors",
        "licence": "Apache-2.0",
        "source": "made by the tests",
        "input": None,
        "decoder": DecoderSpec(name="tensors"),
        "files": {},
        "golden": (Golden(image="golden/0.npz", expected=expected, tolerance=limits),),
        "variants": (
            variant("float32.tflite", "float32", ("litert", "openvino"), None),
            variant("int8.tflite", "int8", ("litert",), None),
            variant("openvino/float32.xml", "float32", ("openvino",), "openvino/float32.bin"),
        ),
    }
    return Manifest(**(fields | changes)), files


def save_product_and_sum(
    path: Path, files: Mapping[str, bytes] | None = None, **changes: Any
) -> Path:
    """Write that bundle to a folder or ``.edge`` file; ``files`` replaces some of its files."""
    manifest, made = product_and_sum_bundle(**changes)
    return io.save(manifest, made | dict(files or {}), path)
