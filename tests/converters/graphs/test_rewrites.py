from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.graphs import rewrites
from converters.graphs.graph import Graph
from edgecnn.errors import ConversionError
from tests.helpers.graphs import constant, convolution, empty, operations, run

IMAGE = np.random.default_rng(0).normal(scale=4.0, size=(1, 8, 8, 3)).astype(np.float32)


def kernel(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def biased(graph: Graph, x: str, outputs: int) -> str:
    conv = convolution(graph, x, kernel(3, 3, 3, outputs))
    return graph.add("BiasAdd", "sum", [conv, constant(graph, list(np.linspace(-1, 1, outputs)))])


@pytest.mark.parametrize(
    "chain",
    [
        ("Relu", "Minimum", "Maximum"),
        ("Relu", "Minimum"),
        ("Minimum", "Maximum"),
        ("Minimum", "Relu"),
    ],
)
def test_clamps_to_0_and_6_become_one_relu6(chain: tuple[str, ...]) -> None:
    graph = empty(IMAGE.shape)
    name = "x"
    for operation in chain:
        bound = {"Minimum": [6.0], "Maximum": [0.0]}.get(operation)
        inputs = [name] if bound is None else [name, constant(graph, bound[0])]
        name = graph.add(operation, operation.lower(), inputs)
    end = graph.add("Identity", "end", [name])
    before = run(graph, end, IMAGE)
    assert rewrites.unite_relu6(graph) == 1
    np.testing.assert_array_equal(run(graph, end, IMAGE), before)
    assert operations(graph, end) == {"Relu6": 1, "Identity": 1}


def test_a_clamp_to_another_number_stays() -> None:
    graph = empty(IMAGE.shape)
    low = graph.add("Relu", "relu", ["x"])
    high = graph.add("Minimum", "min", [low, constant(graph, 5.0)])
    assert rewrites.unite_relu6(graph) == 0
    assert operations(graph, high) == {"Relu": 1, "Minimum": 1}


@pytest.mark.parametrize("order", ["(x/6)*r", "(x*r)/6", "(r/6)*x"])
def test_hard_swish_gets_an_exact_sixth_in_whatever_order_it_came(order: str) -> None:
    graph = empty(IMAGE.shape)
    shifted = graph.add("AddV2", "add", ["x", constant(graph, 3.0)])
    relu6 = graph.add("Relu6", "relu6", [shifted])
    sixth = constant(graph, float(np.float16(1 / 6)))
    first = {"(x/6)*r": ["x", sixth], "(x*r)/6": ["x", relu6], "(r/6)*x": [relu6, sixth]}[order]
    second = {"(x/6)*r": relu6, "(x*r)/6": sixth, "(r/6)*x": "x"}[order]
    product = graph.add("Mul", "mul", [graph.add("Mul", "mul", first), second])
    end = graph.add("Identity", "end", [product])
    assert rewrites.exact_hard_swish(graph) == 1
    exact = IMAGE * np.clip(IMAGE + 3, 0, 6) / 6
    np.testing.assert_allclose(run(graph, end, IMAGE), exact, rtol=1e-6, atol=1e-6)
    last = graph.source(graph.nodes[end])
    assert graph.constant(last.input[1]) == np.float32(1 / 6)


def test_relu6_that_is_no_hard_swish_stays() -> None:
    graph = empty(IMAGE.shape)
    relu6 = graph.add("Relu6", "r", [graph.add("AddV2", "a", ["x", constant(graph, 3.0)])])
    graph.add("Mul", "m", [relu6, constant(graph, 0.5)])
    assert rewrites.exact_hard_swish(graph) == 0


def stem(graph: Graph, activation: str) -> str:
    made = graph.add(activation, "act", [biased(graph, "x", 4)])
    paddings = constant(graph, [[0, 0], [1, 1], [1, 1], [0, 0]], "paddings")
    low = constant(graph, float("-inf"), "low")
    pad = graph.add("PadV2", "pad", [made, paddings, low])
    sizes = graph.nodes[convolution(graph, "x", kernel(1, 1, 3, 3))].attr["strides"]
    window = type(sizes)()
    window.list.i.extend([1, 3, 3, 1])
    step = type(sizes)()
    step.list.i.extend([1, 2, 2, 1])
    return graph.add("MaxPool", "pool", [pad], ksize=window, strides=step, padding="VALID")


@pytest.mark.parametrize("activation", ["LeakyRelu", "Relu", "Relu6"])
def test_minus_infinity_in_front_of_a_pool_becomes_a_number_that_changes_nothing(
    activation: str,
) -> None:
    graph = empty(IMAGE.shape)
    pool = stem(graph, activation)
    before = run(graph, pool, IMAGE)
    low, high = np.full(3, IMAGE.min()), np.full(3, IMAGE.max())
    assert rewrites.finite_pool_padding(graph, low, high) == 1
    value = float(graph.constant(graph.of("PadV2")[0].input[2]))
    assert np.isfinite(value)
    np.testing.assert_array_equal(run(graph, pool, IMAGE), before)


@pytest.mark.parametrize(("size", "folds"), [(3, True), (5, False)])
def test_padding_that_keeps_the_size_folds_into_the_convolution(size: int, folds: bool) -> None:
    graph = empty(IMAGE.shape)
    paddings = constant(graph, [[0, 0], [1, 1], [1, 1], [0, 0]])
    pad = graph.add("Pad", "pad", ["x", paddings])
    end = convolution(graph, pad, kernel(size, size, 3, 2))
    before = run(graph, end, IMAGE)
    assert rewrites.fold_same_padding(graph) == int(folds)
    np.testing.assert_allclose(run(graph, end, IMAGE), before, rtol=1e-5, atol=1e-5)


def test_padding_before_a_strided_convolution_stays() -> None:
    graph = empty(IMAGE.shape)
    pad = graph.add("Pad", "pad", ["x", constant(graph, [[0, 0], [1, 1], [1, 1], [0, 0]])])
    convolution(graph, pad, kernel(3, 3, 3, 2), stride=2)
    assert rewrites.fold_same_padding(graph) == 0


def test_a_split_convolution_becomes_one_for_each_part() -> None:
    graph = empty(IMAGE.shape)
    sizes, axis = constant(graph, [2, 3], "sizes"), constant(graph, 3, "axis")
    split = graph.add("SplitV", "split", [biased(graph, "x", 5), sizes, axis])
    node = graph.nodes[split]
    node.attr["num_split"].i = 2
    node.attr["Tlen"].type = graph.nodes["sizes"].attr["dtype"].type
    ends = [graph.add("Identity", f"end_{i}", [ref]) for i, ref in enumerate([split, "split:1"])]
    before = [run(graph, end, IMAGE) for end in ends]
    assert rewrites.part_split_convolutions(graph) == 1
    for end, value in zip(ends, before, strict=True):
        np.testing.assert_allclose(run(graph, end, IMAGE), value, rtol=1e-5, atol=1e-5)
        assert "SplitV" not in operations(Graph(graph.definition()), end)


def test_sums_of_constants_are_computed() -> None:
    graph = empty(IMAGE.shape)
    total = graph.add("AddV2", "shape", [constant(graph, [1, 2]), constant(graph, [0, 3])])
    end = graph.add("Identity", "end", [total])
    assert rewrites.fold_constant_sums(graph) == 1
    np.testing.assert_array_equal(graph.constant(end), [1, 5])


def test_an_output_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConversionError, match="nowhere"):
        empty((1, 2, 2, 3)).prune(["nowhere"])
