"""Zeros in kernels: how many, which, when, and that they stay."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

import keras
from keras import layers

from edgecnn.errors import OptionError
from edgecnn.training.prune import MagnitudePruning, NMSparsity, PolynomialSchedule, sparsity
from edgecnn.training.prune.magnitude import n_of_m_mask, smallest_mask
from edgecnn.training.quiet import keras_noise, to_numpy


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with keras_noise():
        yield


def net() -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(8, 3, activation="relu", name="first"),
            layers.DepthwiseConv2D(3, name="depthwise"),
            layers.Conv2D(16, 1, activation="relu", name="second"),
            layers.SeparableConv2D(8, 3, name="separable"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, name="logits"),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-2), loss)
    return model


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(64, 8, 8, 1)).astype(np.float32), np.arange(64) % 4


def fit(model: Any, *callbacks: Any, epochs: int = 4) -> None:
    model.fit(*data(), batch_size=16, epochs=epochs, verbose=0, callbacks=list(callbacks))


def test_the_schedule_is_the_cubic_one_of_the_paper() -> None:
    schedule = PolynomialSchedule(initial=0.2, final=0.8, begin_step=10, end_step=110, every=25)
    assert schedule.sparsity(9) == 0
    assert schedule.sparsity(10) == pytest.approx(0.2)
    assert schedule.sparsity(60) == pytest.approx(0.8 - 0.6 * 0.5**3)
    assert schedule.sparsity(110) == schedule.sparsity(999) == pytest.approx(0.8)
    assert [s for s in range(200) if schedule.renews(s)] == [10, 35, 60, 85, 110]


def test_the_smallest_weights_go_and_the_number_is_exact() -> None:
    kernel = np.array([[3.0, -1.0, 2.0], [-5.0, 0.5, 4.0]])
    np.testing.assert_array_equal(
        smallest_mask(kernel, 0.5), [[True, False, False], [True, False, True]]
    )
    assert smallest_mask(np.zeros((10, 10)), 0.3).sum() == 70
    assert smallest_mask(kernel, 0.0).all()


def test_n_of_m_holds_in_every_group_along_the_channels_in() -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 3, 8, 5))
    mask = n_of_m_mask(kernel, 2, 4)
    groups = np.moveaxis(mask, -2, -1).reshape(-1, 4)
    assert np.all(groups.sum(axis=1) == 2)
    values = np.abs(np.moveaxis(kernel, -2, -1)).reshape(-1, 4)
    assert np.all(np.where(groups, values, np.inf).min(1) > np.where(groups, 0, values).max(1))
    with pytest.raises(OptionError, match="8 channels"):
        n_of_m_mask(kernel, 2, 3)


def test_training_with_a_schedule_ends_with_that_many_zeros() -> None:
    model = net()
    pruning = MagnitudePruning(
        PolynomialSchedule(final=0.75, begin_step=2, end_step=12, every=5), exclude=("first",)
    )
    fit(model, pruning)
    zeros = sparsity(model)
    assert zeros["first"] == 0
    assert zeros["second"] == zeros["separable"] == zeros["logits"] == 0.75
    assert np.all(to_numpy(model.get_layer("depthwise").weights[0]) != 0)
    assert pruning.step == 16


def test_what_is_masked_stays_zero_and_the_rest_learns() -> None:
    model = net()
    pruning = MagnitudePruning(PolynomialSchedule(final=0.5, end_step=4, every=1))
    fit(model, pruning, epochs=1)
    before, masks = to_numpy(model.get_layer("second").kernel), dict(pruning.masks)
    fit(model, pruning, epochs=2)
    after = to_numpy(model.get_layer("second").kernel)
    np.testing.assert_array_equal(after == 0, before == 0)
    np.testing.assert_array_equal(masks["second"], after != 0)
    assert np.abs(after - before).max() > 0


def test_two_of_four_is_kept_while_training() -> None:
    model = net()
    fit(model, NMSparsity(2, 4))
    zeros = sparsity(model)
    assert zeros["first"] == 0  # one channel in
    assert zeros["second"] == zeros["logits"] == 0.5
    kernel = to_numpy(model.get_layer("second").kernel)
    assert np.all((np.moveaxis(kernel, -2, -1).reshape(-1, 4) != 0).sum(1) == 2)


def test_nothing_has_to_be_stripped_before_saving(tmp_path: Path) -> None:
    model = net()
    names = [layer.name for layer in model.layers]
    dense = len(zlib.compress(b"".join(to_numpy(w).tobytes() for w in model.weights)))
    fit(model, MagnitudePruning(PolynomialSchedule(final=0.9, end_step=10, every=2)))
    assert [layer.name for layer in model.layers] == names
    model.save(tmp_path / "sparse.keras")
    again = keras.saving.load_model(tmp_path / "sparse.keras")
    assert sparsity(again) == sparsity(model)
    small = len(zlib.compress(b"".join(to_numpy(w).tobytes() for w in again.weights)))
    assert small < 0.7 * dense


def test_nested_models_are_pruned_as_well() -> None:
    inner = net()
    image = keras.Input((8, 8, 1))
    model = keras.Model(image, layers.Dense(4, name="top")(inner(image)))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    fit(model, MagnitudePruning(PolynomialSchedule(final=0.5, end_step=4, every=1)), epochs=1)
    assert sparsity(model)["second"] == sparsity(model)["top"] == 0.5


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: PolynomialSchedule(final=1.0, end_step=5),
        lambda: PolynomialSchedule(final=0.5, initial=0.6, end_step=5),
        lambda: PolynomialSchedule(final=0.5, begin_step=5, end_step=5),
        lambda: PolynomialSchedule(final=0.5, end_step=5, every=0),
        lambda: NMSparsity(4, 4),
        lambda: NMSparsity(0, 4),
        lambda: fit(net(), NMSparsity(2, 7)),
        lambda: fit(net(), NMSparsity(2, 4, exclude=("nowhere",))),
        lambda: fit(net(), NMSparsity(2, 4, exclude=("first", "second", "separable", "logits"))),
    ],
)
def test_values_that_cannot_be_used_are_refused(wrong: Any) -> None:
    with pytest.raises(OptionError):
        wrong()
