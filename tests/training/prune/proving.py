"""The proof of structured pruning: removing channels equals cutting every wire that uses them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edgecnn.training.prune import MacsTarget, PruneOptions, PruneResult, prune
from edgecnn.training.prune.cutting import cuts, smaller_walk
from edgecnn.training.prune.graph import trace
from edgecnn.training.prune.spaces import Network
from edgecnn.training.quiet import to_numpy

Array = NDArray[Any]


def randomise(model: Any, seed: int = 0) -> Any:
    """Give every weight a value of its own, so that no mistake in their order can hide."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        shape = tuple(weight.shape)
        if weight.path.endswith(("gamma", "variance")):
            values = rng.uniform(0.5, 1.5, shape)
        else:
            fan = max(1, int(np.prod(shape[:-1])))
            values = rng.normal(0, (2 / fan) ** 0.5, shape)
        weight.assign(values.astype(np.float32))
    return model


def pictures(model: Any, seed: int = 1) -> Any:
    """Two random inputs in the structure that the model takes."""
    rng = np.random.default_rng(seed)
    structure = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    return keras.tree.map_structure(
        lambda tensor: rng.normal(size=(2, *tensor.shape[1:])).astype(np.float32), structure
    )


def outputs(model: Any, x: Any) -> list[Array]:
    """Everything that the model answers, flat."""
    return [to_numpy(values) for values in keras.tree.flatten(model(x, training=False))]


def cut_wires(model: Any, result: PruneResult, exclude: tuple[str, ...] = ()) -> None:
    """Give zeros to every layer of the large model for what comes from removed channels.

    What is removed is read from the report alone; the model is changed.
    """
    network = Network(trace(model), frozenset(exclude))
    flow, classes = network.own.flow, network.classes
    kept = np.ones(len(classes.ids), bool)
    for name, indices in result.report.kept.items():
        made = flow.made(name)
        gone = np.delete(made, np.array(indices, int))
        kept[classes.index(classes.of[gone])] = False
    places = cuts(network, kept, smaller_walk(network, kept))
    for step in network.graph.steps:
        if step.name not in flow.taken or step.name not in flow.producers:
            continue
        gone = np.setdiff1d(np.arange(flow.taken[step.name].elements.size), places[step.name].taken)
        values = step.weights
        _silence(step.kind, values, gone, int(getattr(step.operation, "groups", 1)))
        step.operation.set_weights(values)


def _silence(kind: str, weights: list[Array], gone: Array, groups: int) -> None:
    kernel = weights[0]
    if kind == "Conv2DTranspose":
        kernel[..., gone] = 0
    elif kind == "SeparableConv2D":
        kernel[..., gone, :] = 0
    else:
        inside, outside = kernel.shape[-2], kernel.shape[-1] // groups
        for channel in gone:
            group = channel // inside
            kernel[..., channel % inside, group * outside : (group + 1) * outside] = 0


def prove(
    model: Any,
    fraction: float = 0.5,
    *,
    multiple_of: int = 1,
    exclude: tuple[str, ...] = (),
    seed: int = 0,
) -> PruneResult:
    """Prune, and check that the result is the large net without the removed channels.

    The model gets random weights, and is of no use afterwards.
    """
    randomise(model, seed)
    options = PruneOptions(score="l2", multiple_of=multiple_of, exclude=exclude)
    result = prune(model, MacsTarget(fraction), options)
    assert result.report.macs_after <= fraction * result.report.macs_before
    x = pictures(model)
    small, whole = outputs(result.model, x), outputs(model, x)
    cut_wires(model, result, exclude)
    dead = outputs(model, x)
    for ours, theirs, before in zip(small, dead, whole, strict=True):
        assert ours.shape == before.shape
        scale = float(np.abs(theirs).max()) + 1e-6
        np.testing.assert_allclose(ours / scale, theirs / scale, atol=2e-5)
    # The channels were of use, so the comparison above says something.
    assert any(
        float(np.abs(ours - before).max()) > 1e-3 * float(np.abs(before).max())
        for ours, before in zip(small, whole, strict=True)
    )
    return result
