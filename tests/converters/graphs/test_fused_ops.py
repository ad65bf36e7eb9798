from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.graphs.fused_ops import fold_sparse_to_dense, split_fused, split_prelu
from edgecnn.errors import ConversionError
from tests.helpers.graphs import constant, convolution, empty, operations, run, tf

IMAGE = np.random.default_rng(0).normal(size=(1, 5, 5, 2)).astype(np.float32)
KERNEL = np.random.default_rng(1).normal(size=(3, 3, 2, 3)).astype(np.float32)
BIAS = [0.5, -0.5, 0.0]


def fused(*steps: str) -> tuple:
    graph = empty(IMAGE.shape)
    name = convolution(graph, "x", KERNEL)
    node = graph.nodes[name]
    node.op = "_FusedConv2D"
    node.input.append(constant(graph, BIAS))
    if "Prelu" in steps:
        node.input.append(constant(graph, [0.1, 0.2, 0.3]))
    node.attr["fused_ops"].list.s.extend(step.encode() for step in steps)
    return graph, graph.add("Identity", "end", [name])


def expected() -> np.ndarray:
    return np.asarray(tf.nn.conv2d(IMAGE, KERNEL, 1, "VALID")) + np.float32(BIAS)


def test_a_fused_convolution_becomes_convolution_bias_and_activation() -> None:
    graph, end = fused("BiasAdd", "Relu6")
    assert split_fused(graph) == 1
    np.testing.assert_allclose(
        run(graph, end, IMAGE), np.clip(expected(), 0, 6), rtol=1e-5, atol=1e-5
    )
    assert operations(graph, end) == {"Conv2D": 1, "BiasAdd": 1, "Relu6": 1, "Identity": 1}


def test_prelu_becomes_two_relus() -> None:
    graph, end = fused("BiasAdd", "Prelu")
    split_fused(graph)
    assert split_prelu(graph) == 1
    x = expected()
    slopes = np.float32([0.1, 0.2, 0.3])
    np.testing.assert_allclose(
        run(graph, end, IMAGE), np.where(x > 0, x, slopes * x), rtol=1e-5, atol=1e-5
    )
    assert "Prelu" not in operations(graph, end)


def test_an_unknown_activation_is_an_error() -> None:
    graph, _ = fused("BiasAdd", "Swishish")
    with pytest.raises(ConversionError, match="Swishish"):
        split_fused(graph)


def sparse(indices: list, values: list) -> tuple:
    graph = empty((1, 1, 1, 1))
    inputs = [
        constant(graph, np.asarray(indices, np.int32).reshape(len(values), 1), "indices"),
        constant(graph, [4], "shape"),
        constant(graph, np.asarray(values, np.int32), "values"),
        constant(graph, 7, "default"),
    ]
    return graph, graph.add("SparseToDense", "dense", inputs)


def test_sparse_constants_become_dense_ones_under_the_same_name() -> None:
    graph, name = sparse([1, 3], [10, 30])
    assert fold_sparse_to_dense(graph) == 1
    assert graph.constant(name).tolist() == [7, 10, 7, 30]


def test_nothing_given_is_all_default() -> None:
    graph, name = sparse([], [])
    fold_sparse_to_dense(graph)
    assert graph.constant(name).tolist() == [7, 7, 7, 7]
