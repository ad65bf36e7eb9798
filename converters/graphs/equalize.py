"""Give the channels of an activation alike ranges, without changing what the network computes.

An int8 activation has one scale for all its channels: where one channel reaches 40 and another 0.5,
the second is left with a handful of levels. Because ``relu(s x) = s relu(x)`` for positive ``s``,
a channel may be made smaller by the convolution that makes it and larger again by those that use
it. The factor of a channel balances its range against the weights that it meets, so that the
trouble is shared and not only moved.

References: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction",
arXiv:1906.04721; Xiao et al., "SmoothQuant", arXiv:2211.10438, for the balance by measured ranges.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.graphs.graph import Graph, owner
from converters.graphs.rewrites import biased_convolution
from converters.graphs.saved_model import INPUT_NAME, save_graph
from converters.quiet import captured_output, tensorflow
from converters.tflite.from_saved_model import Calibration

Floats = NDArray[np.float32]

_HOMOGENEOUS = ("Relu", "LeakyRelu")
_PASSES = ("Identity", "Pad", "MaxPool")
"""Operations that keep channels apart and scale with them."""


def equalize(
    graph: Graph,
    placeholder: str,
    calibration: Calibration,
    *,
    balance: float = 0.5,
) -> int:
    """Equalize every activation between convolutions, channels last.

    Args:
        graph: Changed in place; its values stay, to rounding.
        placeholder: Name of the input.
        calibration: Inputs on which ranges are measured.
        balance: 0 looks at the weights only, 1 at the activations only.

    Returns:
        How many activations were equalized; those with other users (sums, outputs) are left.
    """
    found = {}
    for node in graph.of(*_HOMOGENEOUS):
        users = _convolutions(graph, node.name, 0)
        if users and biased_convolution(graph, node.input[0]) is not None:
            found[node.name] = users
    ranges = measure_ranges(graph, placeholder, tuple(found), calibration)
    for name, users in found.items():
        factors = _factors(graph, ranges[name], users, balance)
        _divide_producer(graph, graph.nodes[name], factors)
        for conv, start in users:
            kernel = _kernel(graph, conv).copy()
            kernel[:, :, start : start + len(factors), :] *= factors[:, None]
            conv.input[1] = graph.add_constant(f"{conv.name}/kernel", kernel)
    return len(found)


def measure_ranges(
    graph: Graph, placeholder: str, names: tuple[str, ...], calibration: Calibration
) -> Mapping[str, Floats]:
    """Largest absolute value of each channel of some nodes: name -> (C,) float32."""
    tf = tensorflow()
    outputs = {f"range_{index}": f"{name}:0" for index, name in enumerate(names)}
    with tempfile.TemporaryDirectory() as folder:
        save_graph(
            graph.definition(),
            Path(folder) / "model",
            inputs={INPUT_NAME: f"{placeholder}:0"},
            outputs=outputs,
        )
        with captured_output():
            module = tf.saved_model.load(str(Path(folder) / "model"))
            run = module.signatures["serving_default"]
            largest: dict[str, Floats] = {}
            for image in calibration():
                for key, value in run(**{INPUT_NAME: tf.constant(image)}).items():
                    reach = np.abs(value.numpy()).max(axis=(0, 1, 2))
                    largest[key] = np.maximum(largest.get(key, reach), reach)
    return {name: largest[key] for name, key in zip(names, outputs, strict=True)}


def _convolutions(graph: Graph, name: str, start: int) -> list[tuple[Any, int]] | None:
    """Convolutions that use a tensor, with the channel at which it starts; None if others do."""
    found: list[tuple[Any, int]] = []
    for user in graph.users(name):
        if user.op == "Conv2D" and user.input[0] == name:
            found.append((user, start))
            continue
        further = None
        if _passes(graph, user) and graph.users(user.name):
            further = _convolutions(graph, user.name, start)
        elif user.op == "ConcatV2":
            further = _behind_concat(graph, user, name, start)
        if further is None:
            return None
        found += further
    return found


def _passes(graph: Graph, node: Any) -> bool:
    """Whether scaling a channel before the node is the same as scaling it behind."""
    if node.op == "PadV2":
        value = graph.constant(node.input[2])
        return value is not None and bool(np.all(np.isinf(value) | (value == 0)))
    return node.op in _PASSES


def _behind_concat(graph: Graph, node: Any, name: str, start: int) -> list[tuple[Any, int]] | None:
    *parts, axis = list(node.input)
    if int(np.asarray(graph.constant(axis))) not in (3, -1) or parts.count(name) != 1:
        return None
    for part in parts[: parts.index(name)]:
        width = _channels(graph, part)
        if width is None:
            return None
        start += width
    return _convolutions(graph, node.name, start)


def _channels(graph: Graph, name: str) -> int | None:
    node = graph.nodes[owner(name)]
    if node.op in (*_HOMOGENEOUS, *_PASSES, "PadV2", "Relu6"):
        return _channels(graph, node.input[0])
    if node.op == "ConcatV2":
        widths = [_channels(graph, part) for part in list(node.input)[:-1]]
        return None if None in widths else sum(width or 0 for width in widths)
    made = biased_convolution(graph, name)
    return None if made is None else len(made[1])


def _factors(graph: Graph, reach: Floats, users: list[tuple[Any, int]], balance: float) -> Floats:
    """(C,) float32, geometric mean 1: what each channel is divided by."""
    weight = np.zeros_like(reach)
    for conv, start in users:
        kernel = np.abs(_kernel(graph, conv))
        share = kernel / np.maximum(kernel.max(axis=(0, 1, 2), keepdims=True), 1e-12)
        met = share[:, :, start : start + len(reach), :].max(axis=(0, 1, 3))
        weight = np.maximum(weight, met)
    reach = np.maximum(reach, 1e-2 * reach.max())
    weight = np.maximum(weight, 1e-2 * weight.max())
    factors = reach**balance / weight ** (1.0 - balance)
    factors /= np.exp(np.log(factors).mean())
    return np.asarray(factors, np.float32)


def _divide_producer(graph: Graph, activation: Any, factors: Floats) -> None:
    total = graph.source(activation)
    made = biased_convolution(graph, total.name)
    if made is None:
        return
    conv, bias = made
    index = 0 if graph.constant(total.input[0]) is not None else 1
    total.input[index] = graph.add_constant(f"{total.name}/bias", bias / factors)
    kernel = _kernel(graph, conv) / factors
    conv.input[1] = graph.add_constant(f"{conv.name}/kernel", kernel)


def _kernel(graph: Graph, conv: Any) -> Floats:
    return np.asarray(graph.constant(conv.input[1]), np.float32)
