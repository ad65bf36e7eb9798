"""Every family of nets can be pruned, and what is left computes the same as without the rest."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

import keras

from edgecnn import nets
from edgecnn.training.prune import MacsTarget, count_macs, prune
from edgecnn.training.prune.graph import same_weights
from tests.helpers import net_families
from tests.training.prune import proving

FRACTIONS = {"alexnet": 0.6, "resnet18": 0.7, "lenet5": 0.5}
"""Nets in which a layer that mixes all channels holds some of them; the others get to 0.4."""


LARGE = {"densenet121", "shufflenet_v1", "shufflenet_v2", "efficientnet_lite0", "googlenet"}
"""Many layers: making them three times takes some ten seconds on a busy machine."""
EVERY = [
    pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else [])
    for name in net_families.FAMILIES
]


@pytest.mark.parametrize("name", EVERY)
def test_removing_channels_is_exact(name: str) -> None:
    result = proving.prove(net_families.build(name), FRACTIONS.get(name, 0.4))
    assert result.model.count_params() == result.report.parameters_after
    assert result.report.parameters_after < result.report.parameters_before
    assert count_macs(result.model) == result.report.macs_after


@pytest.mark.parametrize("name", EVERY)
def test_nothing_removed_is_bit_identical(name: str) -> None:
    model = proving.randomise(net_families.build(name))
    same = prune(model, MacsTarget(1.0)).model
    assert [layer.name for layer in same.layers] == [layer.name for layer in model.layers]
    assert same_weights(model, same)
    x = proving.pictures(model)
    for ours, theirs in zip(proving.outputs(same, x), proving.outputs(model, x), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v1"])
def test_widths_stay_multiples_of_eight(name: str) -> None:
    options = {"input_shape": (32, 32, 3), "num_classes": 5, "classifier_activation": None}
    result = proving.prove(nets.build(name, width=0.5, **options), 0.4, multiple_of=8)
    for space in result.report.spaces:
        assert space.fixed or space.after % 8 == 0


@pytest.mark.slow
@pytest.mark.parametrize("groups", [2, 3])
def test_grouped_and_shuffled_convolutions_keep_equal_groups(groups: int) -> None:
    model = nets.build(
        "shufflenet_v1",
        input_shape=(32, 32, 3),
        num_classes=5,
        classifier_activation=None,
        groups=groups,
        width=0.5,
    )
    result = proving.prove(model, 0.5)
    grouped = [
        layer
        for layer in result.model.layers
        if isinstance(layer, keras.layers.Conv2D) and layer.groups > 1
    ]
    assert grouped
    for layer in grouped:
        kept = np.array(result.report.kept[layer.name])
        own = model.get_layer(layer.name).filters
        counts = np.bincount(kept * groups // own, minlength=groups)
        assert len(set(counts.tolist())) == 1


def test_multiply_adds_agree_with_the_description_of_nets() -> None:
    for name in ("mobilenet_v1", "shufflenet_v1"):
        model = net_families.build(name)
        assert count_macs(model) == sum(row.macs or 0 for row in nets.describe(model))
