from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.graphs.equalize import equalize, measure_ranges
from converters.graphs.graph import Graph
from tests.helpers.graphs import constant, convolution, empty, run, tf

SHAPE = (1, 6, 6, 3)
RNG = np.random.default_rng(0)
IMAGES = [RNG.normal(size=SHAPE).astype(np.float32) for _ in range(4)]


def layer(graph: Graph, x: str, channels: tuple[int, int], gains: np.ndarray | None = None) -> str:
    kernel = np.random.default_rng(sum(channels)).normal(size=(3, 3, *channels))
    gains = np.ones(channels[1]) if gains is None else gains
    conv = convolution(graph, x, kernel * gains, padding="SAME")
    total = graph.add("Add", "sum", [conv, constant(graph, np.linspace(-1, 1, channels[1]))])
    return graph.add("LeakyRelu", "leaky", [total], alpha=0.1)


def network(gains: np.ndarray) -> tuple[Graph, str, str]:
    """Two branches that are joined in front of the last convolution."""
    graph = empty(SHAPE)
    first = layer(graph, "x", (3, 4), gains)
    second = layer(graph, first, (4, 5))
    joined = graph.add("ConcatV2", "concat", [second, first, constant(graph, 3)])
    graph.nodes[joined].attr["N"].i = 2
    graph.nodes[joined].attr["Tidx"].type = tf.int32.as_datatype_enum
    last = convolution(graph, joined, np.random.default_rng(9).normal(size=(1, 1, 9, 2)))
    return graph, first, graph.add("Identity", "end", [last])


def test_what_the_network_computes_stays() -> None:
    graph, _, end = network(np.array([0.01, 1.0, 5.0, 100.0]))
    before = run(graph, end, IMAGES[0])
    assert equalize(graph, "x", lambda: IMAGES) == 2
    after = run(graph, end, IMAGES[0])
    np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-4 * np.abs(before).max())


def test_channels_get_alike_ranges() -> None:
    graph, first, _ = network(np.array([0.5, 1.0, 5.0, 10.0]))
    before = measure_ranges(graph, "x", (first,), lambda: IMAGES)[first]
    equalize(graph, "x", lambda: IMAGES, balance=1.0)
    after = measure_ranges(graph, "x", (first,), lambda: IMAGES)[first]
    assert before.max() / before.min() > 5
    assert after.max() / after.min() == pytest.approx(1.0, rel=1e-3)


def test_an_activation_that_is_an_output_or_summed_is_left_alone() -> None:
    graph = empty(SHAPE)
    first = layer(graph, "x", (3, 3))
    second = layer(graph, first, (3, 3))
    end = graph.add("AddV2", "skip", [first, second])
    before = run(graph, end, IMAGES[0])
    assert equalize(graph, "x", lambda: IMAGES) == 0
    np.testing.assert_array_equal(run(graph, end, IMAGES[0]), before)
