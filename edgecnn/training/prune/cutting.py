"""From a choice of channels to the smaller model: sizes and weights of every layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edgecnn.errors import OptionError
from edgecnn.training.prune.flow import Elements, Tags, UnevenError, classify, keys, positions
from edgecnn.training.prune.graph import rebuild
from edgecnn.training.prune.rules import Cut
from edgecnn.training.prune.spaces import Network, Walk, correspondence

Kept = npt.NDArray[np.bool_]


def smaller_walk(network: Network, kept: Kept) -> Walk:
    """The walk through the net that only has the kept classes (bool for each class)."""
    return network.walk(network.widths(kept))


def cuts(network: Network, kept: Kept, walk: Walk) -> dict[str, Cut]:
    """For each layer with weights, the places of the channels that stay.

    Raises:
        UnevenError: The choice does not fit the groups of the net.
    """
    before, after = network.own.flow, walk.flow
    own = network.classes.of
    origin = correspondence(network.classes, kept, classify(after))
    result = {}
    for step in network.graph.steps:
        if step.name not in before.taken:
            continue
        large, small = before.taken[step.name], after.taken[step.name]
        taken = positions(
            keys(own[large.elements], large.tags), keys(origin[small.elements], small.tags)
        )
        made: Elements = np.empty(0, np.int64)
        if step.name in before.producers:
            large_made, small_made = before.made(step.name), after.made(step.name)
            made = positions(_plain(own[large_made]), _plain(origin[small_made]))
        result[step.name] = Cut(taken, made)
    return result


def _plain(classes: Elements) -> Tags:
    return keys(classes, np.zeros(classes.shape, np.uint64))


def cut_model(network: Network, kept: Kept) -> Any:
    """An ordinary Keras model that only has the kept classes.

    Args:
        network: The large net.
        kept: (classes,) bool.

    Returns:
        A new functional model, not compiled, with the layer names of the large one.

    Raises:
        OptionError: The choice does not fit the groups of the net.
    """
    walk = smaller_walk(network, kept)
    try:
        places = cuts(network, kept, walk)
    except UnevenError as error:
        raise OptionError(
            f"The groups and shuffles of {network.graph.name!r} hang together in a way that this "
            f"choice of channels does not fit ({error}). Give another fraction, or the names of "
            "shuffled layers in exclude."
        ) from error
    settings, weights = {}, {}
    for step, rule in zip(network.graph.steps, network.rules, strict=True):
        if rule.settings is not None:
            settings[step.name] = rule.settings(step, walk.calls[step.name])
        if rule.weights is not None and step.operation.weights:
            weights[step.name] = rule.weights(step, places[step.name])
    return rebuild(network.graph, settings=settings, weights=weights)


def kept_channels(network: Network, kept: Kept) -> dict[str, Elements]:
    """By layer that makes channels, the sorted indices of those that stay."""
    flow, classes = network.own.flow, network.classes
    stays = kept[classes.index(classes.of)]
    return {
        name: np.flatnonzero(stays[flow.made(name)])
        for name in flow.producers
        if name in flow.taken
    }
