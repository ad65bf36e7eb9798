from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.graphs.nhwc import to_channels_last
from edgecnn.errors import ConversionError
from tests.helpers.graphs import constant, convolution, empty, operations, run, tf, transpose

SHAPE = (1, 3, 6, 4)
IMAGE = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
TURNED = np.ascontiguousarray(IMAGE.transpose(0, 2, 3, 1))
KERNEL = np.random.default_rng(1).normal(size=(3, 3, 3, 3)).astype(np.float32)


def wrapped_convolution(graph, x: str) -> str:
    """As an ONNX exporter writes it: padded channels first, convolved channels last."""
    paddings = constant(graph, [[0, 0], [0, 0], [1, 1], [1, 1]], "paddings")
    pad = graph.add("Pad", "pad", [x, paddings])
    conv = convolution(graph, transpose(graph, pad, (0, 2, 3, 1)), KERNEL)
    return graph.add("LeakyRelu", "leaky", [transpose(graph, conv, (0, 3, 1, 2))], alpha=0.1)


def test_all_transposes_of_a_network_cancel() -> None:
    graph = empty(SHAPE)
    first = wrapped_convolution(graph, "x")
    joined = graph.add(
        "ConcatV2", "concat", [wrapped_convolution(graph, first), first, constant(graph, 1)]
    )
    graph.nodes[joined].attr["N"].i = 2
    graph.nodes[joined].attr["Tidx"].type = tf.int32.as_datatype_enum
    scaled = graph.add("Mul", "scale", [joined, constant(graph, np.full((6, 1, 1), 2.0))])
    flat = graph.add("Reshape", "flat", [scaled, constant(graph, [1, 6, -1])])
    end = graph.add("Identity", "end", [transpose(graph, flat, (0, 2, 1))])
    before = run(graph, end, IMAGE)
    assert before.shape == (1, 24, 6)
    assert to_channels_last(graph, ("x",)) == 5
    np.testing.assert_allclose(run(graph, end, TURNED), before, rtol=1e-5, atol=1e-6)
    assert "Transpose" not in operations(graph, end)


def test_where_a_region_ends_in_something_else_it_is_turned_back() -> None:
    graph = empty(SHAPE)
    axes = constant(graph, [1], "axes")
    inner = wrapped_convolution(graph, "x")
    end = graph.add("Mean", "mean", [inner, axes], keep_dims=False)
    graph.nodes[end].attr["Tidx"].type = tf.int32.as_datatype_enum
    before = run(graph, end, IMAGE)
    to_channels_last(graph, ("x",))
    np.testing.assert_allclose(run(graph, end, TURNED), before, rtol=1e-5, atol=1e-6)


def test_the_placeholder_takes_channels_last() -> None:
    graph = empty(SHAPE)
    wrapped_convolution(graph, "x")
    to_channels_last(graph, ("x",))
    sizes = [dimension.size for dimension in graph.nodes["x"].attr["shape"].shape.dim]
    assert sizes == [1, 6, 4, 3]


def test_a_constant_that_cannot_be_turned_is_an_error_that_names_the_node() -> None:
    graph = empty(SHAPE)
    graph.add("Mul", "strange", [wrapped_convolution(graph, "x"), constant(graph, [1.0, 2.0])])
    with pytest.raises(ConversionError, match="strange"):
        to_channels_last(graph, ("x",))
