"""Targets, options, reports, stages, files: what users of `prune` meet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

import keras
from keras import layers

from edgecnn.errors import OptionError
from edgecnn.training.prune import (
    LatencyTarget,
    MacsTarget,
    PruneOptions,
    count_macs,
    cubic_plan,
    prune,
    prune_gradually,
)
from edgecnn.training.prune.graph import same_weights, weights_of
from edgecnn.training.quiet import keras_noise
from tests.training.prune import proving


def small_net() -> Any:
    image = keras.Input((8, 8, 3), name="image")
    x = image
    for number, filters in enumerate((24, 32, 40)):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.BatchNormalization(name=f"bn{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return proving.randomise(keras.Model(image, layers.Dense(4, name="logits")(x), name="small"))


@pytest.mark.parametrize("fraction", [0.9, 0.5, 0.25])
def test_a_target_is_met_but_not_overshot(fraction: float) -> None:
    report = prune(small_net(), MacsTarget(fraction), PruneOptions(multiple_of=1)).report
    assert fraction - 0.05 < report.macs_fraction <= fraction


def residual_net() -> Any:
    """One wide stream that all blocks share, and a narrow space in each of them."""
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(64, 3, padding="same", name="stem")(image)
    for number in range(4):
        y = layers.Conv2D(32, 3, padding="same", activation="relu", name=f"in{number}")(x)
        y = layers.Conv2D(64, 3, padding="same", name=f"out{number}")(y)
        x = layers.Add(name=f"add{number}")([x, y])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return proving.randomise(keras.Model(image, layers.Dense(4, name="logits")(x)))


@pytest.mark.parametrize("fraction", [0.5, 0.45, 0.25])
def test_a_wide_space_that_has_to_shrink_gives_room_to_the_others(fraction: float) -> None:
    # A block of the stream is a quarter of the net: without it, 0.45 would become 0.376.
    report = prune(residual_net(), MacsTarget(fraction), PruneOptions(multiple_of=16)).report
    assert fraction - 0.02 < report.macs_fraction <= fraction


def test_the_model_that_is_given_stays_as_it_was() -> None:
    model = small_net()
    before = weights_of(model)
    prune(model, MacsTarget(0.5))
    assert all(np.array_equal(a, b) for a, b in zip(before, weights_of(model), strict=True))
    assert len(model.get_layer("conv1")._inbound_nodes) == 1


def test_layers_keep_their_names_and_settings() -> None:
    model = small_net()
    model.get_layer("conv0").trainable = False
    pruned = prune(model, MacsTarget(0.5)).model
    assert [layer.name for layer in pruned.layers] == [layer.name for layer in model.layers]
    assert not pruned.get_layer("conv0").trainable
    assert not pruned.get_layer("conv1").use_bias
    assert pruned.name == "small"
    assert pruned.input.name == "image"


def test_a_target_that_cannot_be_met_says_what_can() -> None:
    options = PruneOptions(minimum=0.5)
    with pytest.raises(OptionError, match=r"the least is [\d,]+ \(0\.\d+\)") as error:
        prune(small_net(), MacsTarget(0.01), options)
    least = float(str(error.value).split("(")[1].split(")")[0])
    assert prune(small_net(), MacsTarget(least + 1e-3), options).report.macs_fraction == (
        pytest.approx(least, abs=1e-3)
    )


def test_a_block_of_channels_stays_everywhere() -> None:
    with pytest.raises(OptionError, match="cannot be met"):
        prune(small_net(), MacsTarget(1e-6), PruneOptions(minimum=0.0))
    report = prune(small_net(), MacsTarget(0.1), PruneOptions(minimum=0.0)).report
    assert min(len(report.kept[f"conv{number}"]) for number in range(3)) >= 8


def test_a_latency_target_asks_for_measurements_until_it_is_met() -> None:
    asked = []

    def measure(model: Any) -> float:
        asked.append(model)
        return 0.2 + count_macs(model) / 1e6

    model = small_net()
    whole_ms = measure(model)
    target = LatencyTarget(0.5 * whole_ms, measure)
    report = prune(model, target, PruneOptions(multiple_of=1)).report
    assert report.latency_ms is not None
    assert report.latency_ms <= 0.5 * whole_ms
    assert report.latency_ms == pytest.approx(0.2 + report.macs_after / 1e6)
    assert len(asked) < 15


def test_a_latency_that_cannot_be_met_says_what_can() -> None:
    with pytest.raises(OptionError, match="the smallest model that is allowed takes 7 ms"):
        prune(small_net(), LatencyTarget(5.0, lambda _: 7.0))


def test_a_model_that_is_quick_enough_stays_whole() -> None:
    model = small_net()
    result = prune(model, LatencyTarget(5.0, lambda _: 3.0))
    assert same_weights(model, result.model)
    assert result.report.latency_ms == 3.0


def test_the_report_is_json() -> None:
    report = prune(small_net(), MacsTarget(0.5)).report
    read = json.loads(json.dumps(report.to_dict()))
    assert read["macs_fraction"] == report.macs_fraction
    assert read["spaces"][1]["layers"] == ["conv0"]
    assert read["spaces"][1]["after"] == len(read["kept"]["conv0"])


def test_stages_train_in_between_and_report_against_the_beginning() -> None:
    model = small_net()
    x = np.random.default_rng(0).normal(size=(16, 8, 8, 3)).astype(np.float32)
    y = np.arange(16) % 4
    sizes = []

    def fine_tune(stage_model: Any, stage: int) -> Any:
        assert stage == len(sizes)
        sizes.append(count_macs(stage_model))
        stage_model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        with keras_noise():
            stage_model.fit(x, y, batch_size=16, verbose=0)
        return stage_model if stage else None

    result = prune_gradually(model, cubic_plan(0.3, 3), fine_tune, PruneOptions(multiple_of=1))
    report = result.report
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3
    assert report.macs_before == count_macs(model)
    assert report.macs_after == count_macs(result.model) == sizes[-1]
    assert report.macs_fraction <= 0.3
    for name, kept in report.kept.items():
        assert list(kept) == sorted(set(kept))
        assert max(kept) < model.get_layer(name).kernel.shape[-1]
    assert {space.layers: space.before for space in report.spaces}[("conv2",)] == 40


def test_stages_keep_the_channels_that_one_pruning_would() -> None:
    # Without training in between, and with kernels that do not change, two stages are one.
    options = PruneOptions(score="gamma", multiple_of=1, minimum=0.0)
    kept = prune_gradually(small_net(), (0.7, 0.4), lambda *_: None, options).report.kept
    model = small_net()
    for name, indices in kept.items():
        if name != "logits":
            gamma = proving.to_numpy(model.get_layer(name.replace("conv", "bn")).gamma)
            assert gamma[list(indices)].min() > np.delete(gamma, indices).max()


def test_the_cubic_plan_falls_quickly_and_ends_at_the_target() -> None:
    plan = cubic_plan(0.2, 4)
    assert plan[-1] == 0.2
    assert np.all(np.diff(plan) < 0)
    assert np.all(np.diff(plan, 2) > 0)
    assert cubic_plan(0.2, 1) == (0.2,)


def test_a_saved_pruned_model_answers_the_same(tmp_path: Path) -> None:
    model = prune(small_net(), MacsTarget(0.5)).model
    with keras_noise():
        model.save(tmp_path / "small.keras")
        again = keras.saving.load_model(tmp_path / "small.keras")
    x = proving.pictures(model)
    np.testing.assert_array_equal(proving.outputs(model, x)[0], proving.outputs(again, x)[0])
    pruned_again = prune(again, MacsTarget(0.9), PruneOptions(multiple_of=1))
    assert count_macs(pruned_again.model) < count_macs(again)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: MacsTarget(0.0),
        lambda: MacsTarget(1.5),
        lambda: LatencyTarget(0.0, float),
        lambda: cubic_plan(0.5, 0),
        lambda: prune(small_net(), MacsTarget(0.5), PruneOptions(multiple_of=0)),
        lambda: prune(small_net(), MacsTarget(0.5), PruneOptions(minimum=1.5)),
        lambda: prune_gradually(small_net(), (0.5, 0.6), lambda *_: None),
        lambda: prune_gradually(small_net(), (), lambda *_: None),
    ],
)
def test_values_that_cannot_be_used_are_refused(wrong: Any) -> None:
    with pytest.raises(OptionError):
        wrong()
