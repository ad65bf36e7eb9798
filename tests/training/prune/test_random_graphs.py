"""Graphs thrown together at random: pruning is exact, whatever meets whatever."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

import keras
from keras import layers

from edgecnn.nets.layers.channels import ChannelShuffle, ChannelSlice
from tests.training.prune import proving

SEEDS = (1, 16, 28, 34)
"""The last three once had channels exchanged: copies of a channel that were mistaken."""

WIDTHS = (4, 6, 8, 12)


def random_graph(seed: int) -> Any:
    """A net of a dozen blocks over 6 x 6 pixels; each takes its inputs from those before."""
    rng = np.random.default_rng(seed)
    image = keras.Input((6, 6, 3), name="image")
    made = [layers.Conv2D(int(rng.choice(WIDTHS)), 1, name="stem")(image)]
    for number in range(12):
        made.append(_block(rng, made, f"b{number}"))
    ends = [layers.GlobalAveragePooling2D()(x) for x in made[-2:]]
    ends.append(layers.Flatten()(layers.MaxPooling2D(3)(made[int(rng.integers(len(made)))])))
    return keras.Model(image, layers.Dense(3, name="logits")(layers.Concatenate()(ends)))


def _block(rng: np.random.Generator, made: list[Any], name: str) -> Any:
    x = made[-1 - int(rng.integers(min(3, len(made))))]
    channels = x.shape[-1]
    alike = [other for other in made if other.shape[-1] == channels]
    other = alike[int(rng.integers(len(alike)))]
    groups = int(rng.choice([g for g in (1, 2, 3, 4) if channels % g == 0]))
    filters = groups * int(rng.integers(1, 5))
    kind = int(rng.integers(10))
    if kind == 0:
        return layers.Add(name=name)([x, other])
    if kind == 1:
        return layers.Concatenate(name=name)([x, made[int(rng.integers(len(made)))]])
    if kind == 2:
        return layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name=name)(x)
    if kind == 3:
        return ChannelShuffle(groups, name=name)(x)
    if kind == 4 and channels > 1:
        cut = int(rng.integers(1, channels))
        return ChannelSlice(0, cut, name=name)(x)
    if kind == 5:
        weights = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_mean")(x)
        weights = layers.Conv2D(channels, 1, activation="sigmoid", name=f"{name}_conv")(weights)
        return layers.Multiply(name=name)([x, weights])
    if kind == 6:
        x = layers.BatchNormalization(name=f"{name}_bn")(x)
        return layers.Activation("hard_silu", name=name)(x)
    return layers.Conv2D(filters, 3, padding="same", groups=groups, name=name)(x)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fraction", [0.9, 0.6])
def test_removing_channels_is_exact(seed: int, fraction: float) -> None:
    proving.prove(random_graph(seed), fraction, seed=seed)
