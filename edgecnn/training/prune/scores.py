"""How much each channel matters: one number for each class of channels.

| score | a channel is unimportant when | needs |
|-------|------|------|
| ``"gamma"`` | the scale of its batch norm is near 0 (kernels where there is no batch norm) | - |
| ``"l1"``, ``"l2"`` | its kernel is small | - |
| ``"taylor"`` | the loss would hardly change without it, to first order | samples, labels |

Where layers are joined, the numbers of all their kernels or batch norms are averaged. Numbers of
different spaces are not comparable as they are, so each is divided by the root mean square of its
space before all are ranked together.

Reference:
    Liu et al., "Learning Efficient Convolutional Networks through Network Slimming", ICCV 2017
    (gamma); Li et al., "Pruning Filters for Efficient ConvNets", ICLR 2017 (L1); Molchanov et al.,
    "Importance Estimation for Neural Network Pruning", CVPR 2019 (Taylor: the square of gradient
    times weight, summed over the weights of a channel). The paper compares Taylor scores without
    normalisation; here they are normalised as well, which keeps narrow spaces from being emptied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt

from edgecnn.errors import OptionError
from edgecnn.training.prune.graph import Array, Step, rebuild, weights_of
from edgecnn.training.prune.spaces import Network
from edgecnn.training.quiet import keras_noise

Score = Literal["gamma", "l1", "l2", "taylor"]
Scores = npt.NDArray[np.float64]
Batches = Sequence[tuple[Any, Any]]

_GRADIENT_STEP = 1024.0
"""Learning rate of the one step of plain SGD from which gradients are read: a power of two, so that
it adds no rounding, and large, so that the difference keeps its digits."""


def class_scores(
    network: Network,
    score: Score,
    *,
    batches: Batches = (),
    loss: Any = "sparse_categorical_crossentropy",
) -> Scores:
    """Score all classes of a network.

    Args:
        network: The net with its weights.
        score: See the table of this module.
        batches: For ``"taylor"``, (samples, labels) as the model and the loss take them.
        loss: For ``"taylor"``, a Keras loss or its name.

    Returns:
        (classes,) float64 >= 0, with a root mean square of 1 in every space.

    Raises:
        OptionError: The score is unknown, or there are no batches for ``"taylor"``.
    """
    if score not in ("gamma", "l1", "l2", "taylor"):
        raise OptionError(f"score is {score!r}; known are 'gamma', 'l1', 'l2' and 'taylor'.")
    if score == "taylor":
        if not len(batches):
            raise OptionError("score 'taylor' needs data; give batches=[(samples, labels), ...].")
        return normalised(network, _taylor(network, batches, loss))
    if score == "gamma":
        return normalised(network, _gamma(network))
    return normalised(network, _of_kernels(network, 1 if score == "l1" else 2))


def normalised(network: Network, scores: Scores) -> Scores:
    """Divide the scores (classes,) of each space by their root mean square."""
    result = np.array(scores, np.float64)
    for space in network.spaces:
        own = result[space.classes]
        size = float(np.sqrt(np.mean(own**2)))
        result[space.classes] = own / size if size > 0 else 0.0
    return result


def _gamma(network: Network) -> Scores:
    sums, counts = _gathered(network, _norm_parts(network, lambda step: [abs(_scale(step))]))
    kernels = normalised(network, _of_kernels(network, 2))
    scores = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    for space in network.spaces:
        if not counts[space.classes].all():  # a space without batch norm, or one in part
            scores[space.classes] = kernels[space.classes]
    return scores


def _of_kernels(network: Network, order: int) -> Scores:
    def parts() -> Iterable[tuple[npt.NDArray[np.int64], Array]]:
        flow = network.own.flow
        for step in network.graph.steps:
            if step.name in flow.producers and step.name in flow.taken:
                rows = _by_channel(step, _kernel(step))
                yield flow.made(step.name), np.linalg.norm(rows, ord=order, axis=1)

    sums, counts = _gathered(network, parts())
    return np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)


def _taylor(network: Network, batches: Batches, loss: Any) -> Scores:
    """Mean over the batches of the square of gradient times weight, summed over a channel."""
    total = np.zeros(len(network.classes.ids))
    for gradients in _gradients(network, batches, loss):

        def by_norm(step: Step, gradients: dict[str, list[Array]] = gradients) -> list[Array]:
            return [
                weight * slope
                for variable, weight, slope in zip(
                    step.operation.weights, step.weights, gradients[step.name], strict=True
                )
                if variable.path.endswith(("gamma", "beta"))
            ]

        sums, counts = _gathered(network, _norm_parts(network, by_norm))
        kernels, _ = _gathered(network, _kernel_slopes(network, gradients))
        for space in network.spaces:
            if not counts[space.classes].all():
                sums[space.classes] = kernels[space.classes]
        total += sums**2
    # The root brings the unit of the other scores; the ranking is that of the paper.
    return np.sqrt(total / len(batches))


def _kernel_slopes(
    network: Network, gradients: dict[str, list[Array]]
) -> Iterable[tuple[npt.NDArray[np.int64], Array]]:
    flow = network.own.flow
    for step in network.graph.steps:
        if step.name in flow.producers and step.name in flow.taken:
            kernel = _kernel_index(step)
            product = step.weights[kernel] * gradients[step.name][kernel]
            yield flow.made(step.name), _by_channel(step, product).sum(axis=1)


def _gradients(network: Network, batches: Batches, loss: Any) -> Iterable[dict[str, list[Array]]]:
    """Gradients of the loss by layer, for each batch, on any backend of Keras.

    Keras has no gradient that all backends share, but it has training: one step of SGD without
    momentum moves each weight by the learning rate times its gradient.
    """
    model = rebuild(network.graph)
    model.trainable = True
    for layer in model.layers:
        layer.trainable = True
    model.compile(keras.optimizers.SGD(_GRADIENT_STEP), loss)
    start = weights_of(model)
    before = {layer.name: weights_of(layer) for layer in model.layers}
    for samples, labels in batches:
        with keras_noise():
            model.train_on_batch(samples, labels)
        yield {
            layer.name: [
                (old - new) / _GRADIENT_STEP
                for old, new in zip(before[layer.name], weights_of(layer), strict=True)
            ]
            for layer in model.layers
        }
        model.set_weights(start)


def _gathered(
    network: Network, parts: Iterable[tuple[npt.NDArray[np.int64], Array]]
) -> tuple[Scores, Scores]:
    """Sum values by class; also how many there were."""
    classes = network.classes
    sums, counts = np.zeros(len(classes.ids)), np.zeros(len(classes.ids))
    for elements, values in parts:
        index = classes.index(classes.of[elements])
        np.add.at(sums, index, values)
        np.add.at(counts, index, 1.0)
    return sums, counts


def _norm_parts(
    network: Network, values: Callable[[Step], list[Array]]
) -> Iterable[tuple[npt.NDArray[np.int64], Array]]:
    taken = network.own.flow.taken
    for step in network.graph.steps:
        if step.kind == "BatchNormalization" and step.operation.scale and step.name in taken:
            yield taken[step.name].elements, np.sum(values(step), axis=0)


def _scale(step: Step) -> Array:
    return step.weights[0]


def _kernel_index(step: Step) -> int:
    return 1 if step.kind == "SeparableConv2D" else 0


def _kernel(step: Step) -> Array:
    return step.weights[_kernel_index(step)]


def _by_channel(step: Step, kernel: Array) -> Array:
    """A kernel as (channels out, values)."""
    axis = -2 if step.kind == "Conv2DTranspose" else -1
    return np.moveaxis(kernel, axis, 0).reshape(kernel.shape[axis], -1)
