from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.graphs.tfjs import read_graph
from edgecnn.errors import ConversionError
from tests.helpers.graphs import run

KERNEL = np.random.default_rng(0).normal(size=(1, 1, 2, 3)).astype(np.float32)
BIAS = np.float32([1.0, -1.0, 0.5])


def text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def model(folder: Path, **changes: Any) -> Path:
    """A fused convolution whose result is reshaped by an int64 shape, as TF.js writes it."""
    float_ = {"type": "DT_FLOAT"}
    nodes = [
        {"name": "w", "op": "Const", "attr": {"dtype": float_}},
        {"name": "b", "op": "Const", "attr": {"dtype": float_}},
        {"name": "shape", "op": "Const", "attr": {"dtype": {"type": "DT_INT64"}}},
        {
            "name": "x",
            "op": "Placeholder",
            "attr": {
                "dtype": float_,
                "shape": {"shape": {"dim": [{"size": s} for s in ("-1", "2", "2", "2")]}},
            },
        },
        {
            "name": "conv",
            "op": "_FusedConv2D",
            "input": ["x", "w", "b"],
            "attr": {
                "T": float_,
                "strides": {"list": {"i": ["1", "1", "1", "1"]}},
                "padding": {"s": text("VALID")},
                "data_format": {"s": text("NHWC")},
                "fused_ops": {"list": {"s": [text("BiasAdd"), text("Relu")]}},
                "num_args": {"i": "1"},
            },
        },
        {
            "name": "end",
            "op": "Reshape",
            "input": ["conv", "shape"],
            "attr": {"T": float_, "Tshape": {"type": "DT_INT64"}},
        },
    ]
    weights = [
        {"name": "w", "shape": [1, 1, 2, 3], "dtype": "float32"},
        {"name": "b", "shape": [3], "dtype": "float32"},
        {"name": "shape", "shape": [2], "dtype": "int32"},
    ]
    (folder / "w.bin").write_bytes(
        KERNEL.tobytes() + BIAS.tobytes() + np.array([4, 3], "<i4").tobytes()
    )
    content = {
        "format": "graph-model",
        "modelTopology": {"node": nodes},
        "weightsManifest": [{"paths": ["w.bin"], "weights": weights}],
    }
    file = folder / "model.json"
    file.write_text(json.dumps(content | changes))
    return file


def test_a_browser_model_computes_what_it_says(tmp_path: Path) -> None:
    graph = read_graph(model(tmp_path))
    image = np.random.default_rng(1).normal(size=(1, 2, 2, 2)).astype(np.float32)
    expected = np.maximum(image.reshape(4, 2) @ KERNEL[0, 0] + BIAS, 0)
    np.testing.assert_allclose(run(graph, "end", image), expected, rtol=1e-5, atol=1e-6)


def test_an_unknown_batch_becomes_one(tmp_path: Path) -> None:
    node = read_graph(model(tmp_path)).nodes["x"]
    assert [dimension.size for dimension in node.attr["shape"].shape.dim] == [1, 2, 2, 2]


def test_a_layers_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="graph-model"):
        read_graph(model(tmp_path, modelTopology={"keras_version": "2"}))


def test_a_damaged_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="damaged"):
        read_graph(model(tmp_path, modelTopology={"node": [{"nam": 3}]}))


def test_a_constant_without_a_weight_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="'w'"):
        read_graph(model(tmp_path, weightsManifest=[]))
