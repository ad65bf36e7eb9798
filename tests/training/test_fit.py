"""The loop: what it learns, what it writes, and that a killed run goes on to the same weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("tensorflow")

import keras

from edgecnn.data.image_data import ImageData
from edgecnn.errors import OptionError, TrainingError
from edgecnn.training.averaging import measure_batch_norm
from edgecnn.training.config import TrainConfig, change
from edgecnn.training.fit import train
from edgecnn.training.preparing import prepare_data
from edgecnn.training.quiet import to_numpy
from edgecnn.training.run import RunResult

NAMES = ("dark", "left", "right")


def pictures(count: int = 90, seed: int = 0) -> ImageData:
    """Grey pictures of 8 x 8 pixels: dark ones, and those that are bright on one side."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = rng.integers(0, 80, (count, 8, 8))
    images[labels == 1, :, :4] += 120
    images[labels == 2, :, 4:] += 120
    return ImageData(images.astype(np.uint8), labels.astype(np.int64), NAMES)


def tiny_net(dropout: float = 0.2, *, logits: bool = False) -> keras.Model:
    layers = keras.layers
    keras.utils.set_random_seed(3)
    inputs = keras.Input((8, 8, 1), name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(inputs)
    x = layers.Conv2D(6, 3, padding="same", use_bias=False, name="stem_conv")(x)
    x = layers.BatchNormalization(name="stem_bn", momentum=0.8)(x)
    x = layers.ReLU(name="stem_relu")(x)
    x = layers.MaxPooling2D(4, name="pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    activation = None if logits else "softmax"
    return keras.Model(inputs, layers.Dense(3, activation=activation, name="classes")(x))


def config(**changes: Any) -> TrainConfig:
    base = {
        "data": {"validation": 0.2},
        "optimizer": {"name": "adam", "learning_rate": 0.02},
        "fit": {"epochs": 4, "batch_size": 16, "seed": 5},
    }
    return change(change(TrainConfig(), base), changes)


def weights(result: RunResult) -> list[Any]:
    last = keras.saving.load_model(result.folder / "last.keras")
    return [np.array(weight) for weight in last.get_weights()]


def assert_same(a: list[Any], b: list[Any]) -> None:
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)


class Killed(Exception):  # noqa: N818 (it stands for a kill, not for an error)
    """What a test stops a run with."""


class KillAt(keras.callbacks.Callback):
    def __init__(self, epoch: int, batch: int = 2, error: type[BaseException] = Killed) -> None:
        super().__init__()
        self.epoch, self.batch, self.error, self.now = epoch, batch, error, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.now = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.now, batch) == (self.epoch, self.batch):
            raise self.error


def shake(pixels: Any, targets: Any, seed: int) -> tuple[Any, Any]:
    noise = np.random.default_rng(seed).normal(0, 5, pixels.shape)
    return (pixels + noise).astype(np.float32), targets


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    out = tmp_path_factory.mktemp("runs") / "plain"
    return train(config(), out=out, data=pictures(), model=tiny_net())


def test_a_net_learns_and_the_folder_tells_all(plain: RunResult) -> None:
    assert plain.metrics["val_accuracy"] > 0.9
    assert plain.stopped == "done"
    assert {file.name for file in plain.folder.iterdir()} == {
        "best.keras", "config.json", "confusion.png", "curves.png", "last.keras", "log.jsonl",
        "result.json", "run.json", "state.npz",
    }  # fmt: skip
    text = (plain.folder / "log.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"} <= set(
        lines[0]
    )
    about = json.loads((plain.folder / "run.json").read_text())
    assert about["seed"] == 5
    assert about["versions"]["keras"] == keras.__version__
    assert (plain.folder / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_best_model_is_the_one_of_the_best_epoch(plain: RunResult) -> None:
    best = max(plain.history, key=lambda line: (line["val_accuracy"], -line["val_loss"]))
    assert best["epoch"] == plain.best_epoch + 1
    assert plain.metrics["val_loss"] == best["val_loss"]


HARD = {
    "plain": {},
    "everything": {
        "optimizer": {"name": "adamw", "weight_decay": 0.01, "clip_norm": 1.0},
        "schedule": {"warmup_epochs": 1.0},
        "regularize": {
            "l1": 1e-5, "l2": 1e-4, "spatial_dropout": 0.1, "label_smoothing": 0.1,
            "average": {"name": "ema", "momentum": 0.9},
        },
    },
    "swa and plateau": {
        "optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": True, "learning_rate": 0.1},
        "schedule": {"name": "plateau", "patience": 1, "factor": 0.3},
        "regularize": {"average": {"name": "swa", "start_epoch": 1}},
        "data": {"balance": "weights"},
    },
    "half with scaled loss": {"fit": {"precision": "mixed_float16"}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "error"),
    [("plain", KeyboardInterrupt), *((name, Killed) for name in HARD if name != "plain")],
)
def test_a_killed_run_goes_on_to_the_same_weights(
    name: str, error: type[BaseException], tmp_path: Path
) -> None:
    settings = config(**HARD[name])
    common = {"data": pictures(), "augment": shake}
    whole = train(settings, out=tmp_path / "whole", model=tiny_net(), **common)
    kill = KillAt(epoch=2, error=error)
    with pytest.raises(error):
        train(settings, out=tmp_path / "cut", model=tiny_net(), callbacks=[kill], **common)
    assert len((tmp_path / "cut" / "log.jsonl").read_text().splitlines()) == 2
    assert not (tmp_path / "cut" / "result.json").exists()
    # Another start: the weights come out of the folder.
    keras.utils.set_random_seed(99)
    again = train(settings, out=tmp_path / "cut", model=tiny_net(), resume=True, **common)
    assert_same(weights(whole), weights(again))
    for a, b in zip(whole.history, again.history, strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


def test_a_finished_run_is_not_trained_any_further(plain: RunResult, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(plain.folder, folder)
    again = train(config(), out=folder, data=pictures(), model=tiny_net(), resume=True)
    assert_same(weights(plain), weights(again))
    assert again.history == plain.history


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (lambda: {"config": config(fit={"epochs": 9})}, "fit.epochs: 4 -> 9"),
        (lambda: {"data": pictures(seed=1)}, "data.fingerprint"),
        (lambda: {"model": tiny_net(0.5)}, "net.fingerprint"),
        (lambda: {"config": config(optimizer={"name": "sgd"})}, "'adam' -> 'sgd'"),
    ],
)
def test_going_on_with_something_else_is_refused(
    what: Callable[[], dict[str, Any]], said: str, plain: RunResult
) -> None:
    given = {"config": config(), "data": pictures(), "model": tiny_net(), **what()}
    with pytest.raises(TrainingError, match=said):
        train(given.pop("config"), out=plain.folder, resume=True, **given)


def test_a_folder_with_a_run_or_other_things_is_not_written_to(
    plain: RunResult, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="--resume"):
        train(config(), out=plain.folder, data=pictures(), model=tiny_net())
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(TrainingError, match="other things"):
        train(config(), out=tmp_path, data=pictures(), model=tiny_net())
    with pytest.raises(TrainingError, match=r"config\.json"):
        train(config(), out=tmp_path / "none", data=pictures(), model=tiny_net(), resume=True)


class PoisonAt(KillAt):
    """Makes a weight NaN, as a step that went astray does."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if (self.now, batch) == (self.epoch, self.batch):
            kernel = self.model.form.get_layer("classes").kernel
            kernel.assign(np.full(kernel.shape, np.nan))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


def test_nan_stops_with_its_step_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    poison = PoisonAt(epoch=1, batch=2)
    with pytest.raises(TrainingError, match=r"nan at step 3 of epoch 2.*learning_rate") as caught:
        train(config(), out=tmp_path / "r", data=pictures(), model=tiny_net(), callbacks=[poison])
    assert "after epoch 1" in str(caught.value)
    kept = keras.saving.load_model(tmp_path / "r" / "last.keras")
    assert all(np.isfinite(weight).all() for weight in kept.get_weights())


class PoisonAfter(KillAt):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.now, batch) == (self.epoch, self.batch):
            kernel = self.model.form.get_layer("classes").kernel
            kernel.assign(np.full(kernel.shape, np.nan))


def test_nan_of_the_last_step_is_not_saved(tmp_path: Path) -> None:
    poison = PoisonAfter(epoch=1, batch=4)
    with pytest.raises(TrainingError, match="classes/kernel"):
        train(config(), out=tmp_path / "r", data=pictures(), model=tiny_net(), callbacks=[poison])
    assert len((tmp_path / "r" / "log.jsonl").read_text().splitlines()) == 1


def test_early_stopping_ends_a_run_that_gets_no_better(tmp_path: Path) -> None:
    settings = config(fit={"epochs": 9, "patience": 2}, optimizer={"learning_rate": 1e-30})
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
    result = train(settings, out=tmp_path / "r", data=pictures(), model=model)
    assert (result.stopped, result.best_epoch, result.epochs) == ("early", 0, 3)


def test_saved_models_are_ordinary_ones(tmp_path: Path) -> None:
    settings = config(**HARD["everything"], fit={"epochs": 2, "precision": "mixed_bfloat16"})
    model = tiny_net()
    names = [layer.name for layer in model.layers]
    result = train(settings, out=tmp_path / "r", data=pictures(), model=model)
    for one in (model, result.model, keras.saving.load_model(tmp_path / "r" / "last.keras")):
        assert [layer.name for layer in one.layers] == names
        assert {layer.dtype_policy.name for layer in one.layers} == {"float32"}
        assert one.get_layer("stem_conv").kernel.regularizer is None


def test_logits_are_trained_like_probabilities(tmp_path: Path) -> None:
    result = train(config(), out=tmp_path / "r", data=pictures(), model=tiny_net(logits=True))
    assert result.metrics["val_accuracy"] > 0.9


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lambda: ImageData(np.zeros((9, 8, 8), np.uint8), np.zeros(9, np.int64), NAMES), "classes"),
        (lambda: ImageData(np.zeros((0, 8, 8), np.uint8), np.zeros(0, np.int64), NAMES), "picture"),
        (
            lambda: ImageData(
                np.zeros((30, 9, 9), np.uint8), (np.arange(30) % 3).astype(np.int64), NAMES
            ),
            r"\(8, 8, 1\)",
        ),
        (
            lambda: ImageData(
                np.zeros((30, 8, 8), np.uint8), (np.arange(30) % 2).astype(np.int64), NAMES[:2]
            ),
            "2 classes",
        ),
    ],
)
def test_pictures_that_do_not_fit_are_refused_before_anything_is_written(
    data: Callable[[], ImageData], said: str, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=said):
        train(config(), out=tmp_path / "r", data=data(), model=tiny_net())
    assert not (tmp_path / "r").exists()


def test_auxiliary_heads_learn_and_are_not_saved(tmp_path: Path) -> None:
    settings = config(data={"augment": {"name": "none", "mix": "both"}}, fit={"epochs": 2})
    plain = tiny_net()
    flat = plain.get_layer("flatten").output
    side = keras.layers.Dense(3, activation="softmax", name="side")(flat)
    heads = {"auxiliary1": side, "predictions": plain.output}
    model = keras.Model(plain.input, heads)
    before = np.array(model.get_layer("side").get_weights()[0])
    result = train(settings, out=tmp_path / "r", data=pictures(), model=model)
    assert np.abs(model.get_layer("side").get_weights()[0] - before).max() > 1e-3
    assert not isinstance(result.model.output, list | dict)
    assert [layer.name for layer in result.model.layers] == [layer.name for layer in plain.layers]


def test_a_net_by_name_takes_pixels_and_is_an_ordinary_model(tmp_path: Path) -> None:
    data = pictures()
    large = ImageData(np.tile(data.images, (1, 4, 4)), data.labels, data.names)
    settings = config(net={"name": "lenet5", "mean": [100.0], "std": [50.0]}, fit={"epochs": 1})
    model = train(settings, out=tmp_path / "r", data=large).model
    assert model.input.name == "pixels"
    rescale = model.get_layer("normalise")
    assert (rescale.scale, rescale.offset) == (1 / 50, -2.0)
    assert not isinstance(model.output, list | dict)


def test_models_without_a_graph_or_with_two_inputs_are_refused(tmp_path: Path) -> None:
    class Own(keras.Model):
        pass

    one, two = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    pair = keras.Model([one, two], keras.layers.Flatten()(keras.layers.Add()([one, two])))
    for model, said in ((Own(), "no graph"), (pair, "2 inputs")):
        with pytest.raises(OptionError, match=said):
            train(config(), out=tmp_path / "r", data=pictures(), model=model)


def test_a_moving_average_looks_on_and_leaves_the_training_alone(tmp_path: Path) -> None:
    # Keras writes the average over the weights at the end of each fit, and we call fit every epoch.
    shared: dict[str, Any] = {"fit": {"epochs": 3}}
    alone = train(config(**shared), out=tmp_path / "alone", data=pictures(), model=tiny_net())
    watched = train(
        config(**shared, regularize={"average": {"name": "ema", "momentum": 0.99}}),
        out=tmp_path / "watched",
        data=pictures(),
        model=tiny_net(),
    )
    for a, b in zip(alone.history, watched.history, strict=True):
        assert (a["loss"], a["accuracy"]) == (b["loss"], b["accuracy"])


@pytest.mark.parametrize("name", ["ema", "swa"])
def test_batch_norm_is_measured_again_for_averaged_weights(tmp_path: Path, name: str) -> None:
    data = pictures()
    result = train(
        config(fit={"epochs": 2}, regularize={"average": {"name": name}}, data={"validation": 0}),
        out=tmp_path / "run",
        data=data,
        model=tiny_net(),
    )
    norms = [
        layer for layer in result.model.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert norms
    saved = [to_numpy(layer.moving_mean) for layer in norms]
    order = np.random.default_rng([0, 0]).permutation(len(data))
    batches = [
        data.pixels[order[start : start + 16]].astype(np.float32)
        for start in range(0, len(data), 16)
    ]
    measure_batch_norm(result.model, batches)
    for before, layer in zip(saved, norms, strict=True):
        np.testing.assert_allclose(before, to_numpy(layer.moving_mean), rtol=1e-4, atol=1e-4)


def test_a_moving_average_of_few_steps_has_forgotten_the_random_weights(tmp_path: Path) -> None:
    average = {"name": "ema", "momentum": 0.9999}
    result = train(
        config(fit={"epochs": 6}, regularize={"average": average}),
        out=tmp_path / "run",
        data=pictures(),
        model=tiny_net(),
    )
    assert result.history[-1]["val_accuracy"] > 0.8


def rare(count: int = 90) -> ImageData:
    """One class has a tenth of the pictures that the others have."""
    data = pictures(count)
    seldom = np.flatnonzero(data.labels == 2)[: count // 30]
    return data.select(np.concatenate([np.flatnonzero(data.labels != 2), seldom]))


@pytest.mark.parametrize(
    ("balance", "shown", "weights"),
    [
        ("none", [24, 24, 2], None),
        ("weights", [24, 24, 2], [50 / 72, 50 / 72, 25 / 3]),
        (0.0, [24, 24, 2], [1.0, 1.0, 1.0]),
        ("oversample", [24, 24, 24], None),
        ("undersample", [2, 2, 2], None),
    ],
)
def test_rare_classes_weigh_more_or_are_shown_more_often(
    balance: str | float, shown: list[int], weights: list[float] | None
) -> None:
    settings = config(data={"balance": balance, "validation": 0.2})
    samples, held = prepare_data(settings, rare(), None, tiny_net())
    assert np.bincount(samples.labels).tolist() == shown
    assert held is not None
    assert np.bincount(held.labels).tolist() == [6, 6, 1]
    if weights is None:
        assert samples.weights is None
    else:
        assert samples.weights is not None
        each = [samples.weights[samples.labels == label][0] for label in range(3)]
        np.testing.assert_allclose(each, weights, rtol=1e-6)


def test_a_share_that_cannot_be_held_back_is_said_by_its_name() -> None:
    with pytest.raises(OptionError, match=r"\(data\.validation\).* of 40 pictures.* to 0\.925"):
        prepare_data(config(data={"validation": 0.02}), pictures(40), None, tiny_net())
