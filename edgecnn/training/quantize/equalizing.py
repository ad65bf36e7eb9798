"""Give the channels of an activation alike ranges, without changing what the network computes.

An activation of integers has one step for all its channels: where one channel reaches 10 and
another 0.5, the second is left with a handful of levels. Because ``relu(s x) = s relu(x)`` for
positive ``s``, the operation that makes a channel may make it larger, and those that take it
smaller again.

Reference: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction",
ICCV 2019, arXiv:1906.04721, for pairs of layers. We measure ranges on pictures where they take them
from the weights, since it is activations that share a step here while convolutions have one for
each channel, and we follow channels through the whole graph, sums and concatenations as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edgecnn.core.evening import Doubles, Places, factor_sizes
from edgecnn.training.quantize.arrays import to_numpy
from edgecnn.training.quantize.building import float_values
from edgecnn.training.quantize.factors import Factors, is_relu, is_scaling
from edgecnn.training.quantize.folding import Linear
from edgecnn.training.quantize.net import Net, Node

_TINY = 1e-12


def equalize_net(net: Net, batches: Iterable[Any], balance: float) -> None:
    """Equalize the channels of a net in place.

    Args:
        net: Lowered; operations with weights get other weights.
        batches: Inputs in the structure of the net's, on which ranges are measured.
        balance: See `edgecnn.training.quantize.equalize`.
    """
    inputs, values = float_values(net)
    factors = Factors(net, {number: tuple(value.shape) for number, value in values.items()})
    measured = [number for number in _stored(net) if factors.free[factors.of[number]].any()]
    if not measured:
        return
    model = keras.Model(
        keras.tree.pack_sequence_as(net.structures[0], inputs), [values[n] for n in measured]
    )
    reach = np.zeros(len(factors.free))
    for number, largest in zip(measured, _reach(model, batches), strict=True):
        np.maximum.at(reach, factors.of[number], largest / max(float(largest.max()), _TINY))
    size = factor_sizes(reach, _met(net, factors.of, len(reach)), factors.free, balance)
    for node in net.nodes:
        if node.linear is None and not is_scaling(node.layer):
            continue
        coming, going = size[factors.of[node.inputs[0]]], size[factors.of[node.output]]
        if node.linear is not None:
            _scale(node.linear, coming, going)
        else:
            node.weights = _scaled(node, coming, going)


def _stored(net: Net) -> list[int]:
    """Tensors that an integer network has: none between an operation and its ReLU."""
    users = net.users()
    found = []
    for node in net.nodes:
        follows = users[node.output]
        inner = len(follows) == 1 and follows[0] is not None and is_relu(follows[0].layer)
        if not inner:
            found.append(node.output)
    return found


def _reach(model: Any, batches: Iterable[Any]) -> list[Doubles]:
    """Largest absolute value of each channel of each output."""
    largest: list[Doubles] = []
    for batch in batches:
        found = [
            np.abs(to_numpy(value)).max(axis=tuple(range(len(value.shape) - 1)))
            for value in keras.tree.flatten(model(batch, training=False))
        ]
        largest = [np.maximum(*pair) for pair in zip(largest or found, found, strict=True)]
    return largest


def _met(net: Net, of: Mapping[int, Places], count: int) -> Doubles:
    """Largest weight that a channel meets, as a share of the weights that have the same step.

    Depthwise weights have a step for each channel, so changing them costs nothing; a channel that
    meets no others has a share of 1.
    """
    met = np.zeros(count)
    for node in net.nodes:
        linear = node.linear
        if linear is None or linear.form == "depthwise":
            continue
        kernel = np.abs(linear.kernel.astype(np.float64))
        together = None if linear.form == "dense" else (0, 1, 2)
        kernel /= np.maximum(kernel.max(axis=together, keepdims=True), _TINY)
        coming = np.moveaxis(_by_group(linear, kernel), (-2, -3), (0, 1))
        shares = coming.reshape(coming.shape[0] * coming.shape[1], -1).max(axis=1)
        np.maximum.at(met, of[node.inputs[0]], shares)
    return np.where(met > 0.0, met, 1.0)


def _by_group(linear: Linear, kernel: Doubles) -> Doubles:
    """(..., channels into a group, groups, channels out of a group)."""
    return kernel.reshape(*kernel.shape[:-1], int(linear.config.get("groups", 1)), -1)


def _scale(linear: Linear, coming: Doubles, going: Doubles) -> None:
    """Let an operation take ``x / coming`` and give ``y / going``; one value a channel."""
    kernel = linear.kernel.astype(np.float64)
    if linear.form == "depthwise":
        kernel *= coming[:, None] / going.reshape(kernel.shape[-2:])
    else:
        grouped = _by_group(linear, kernel)
        grouped = grouped * coming.reshape(grouped.shape[-2], -1).T[..., None]
        kernel = grouped.reshape(kernel.shape) / going
    linear.kernel = kernel.astype(np.float32)
    if linear.bias is not None:
        linear.bias = (linear.bias / going).astype(np.float32)


def _scaled(node: Node, coming: Doubles, going: Doubles) -> list[NDArray[np.float32]]:
    """Weights of batch norm that takes ``x / coming`` and gives ``y / going``."""
    gamma, beta, mean, variance = node.weights or []
    changed = gamma * coming / going, beta / going, mean / coming, variance
    return [np.asarray(values, np.float32) for values in changed]
