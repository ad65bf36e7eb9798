"""Distillation: the losses by hand, and that students follow their teachers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from edgecnn.data.image_data import ImageData
from edgecnn.errors import OptionError, TrainingError
from edgecnn.training.config import TrainConfig, change
from edgecnn.training.distill import (
    Distillation,
    DistillConfig,
    LayerPair,
    attention_loss,
    feature_loss,
    soft_label_loss,
)
from edgecnn.training.fit import train
from edgecnn.training.judging import predict
from edgecnn.training.quiet import to_numpy
from edgecnn.training.teachers import BundleTeacher
from tests.helpers.models import save_mean_color

NAMES = ("red", "green", "blue")
CONFIG = change(
    TrainConfig(),
    {
        "data": {"validation": 0.2},
        "optimizer": {"name": "adam", "learning_rate": 0.03},
        "fit": {"epochs": 3, "batch_size": 20},
    },
)


def pictures(count: int = 120) -> ImageData:
    """Noisy pictures of 8 x 8 pixels, each of one colour."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 3
    images = rng.integers(0, 120, (count, 8, 8, 3))
    images[np.arange(count), :, :, labels] += 100
    return ImageData(images.astype(np.uint8), labels.astype(np.int64), NAMES)


def net(name: str, filters: int, *, logits: bool = False, pool: int = 2) -> keras.Model:
    keras.utils.set_random_seed(filters)
    layers = keras.layers
    inputs = keras.Input((8, 8, 3), name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(inputs)
    x = layers.Conv2D(filters, 3, padding="same", activation="relu", name="maps")(x)
    x = layers.AveragePooling2D(pool, name="small_maps")(x)
    x = layers.Flatten(name="flatten")(x)
    activation = None if logits else "softmax"
    return keras.Model(inputs, layers.Dense(3, activation=activation, name="classes")(x), name=name)


def softmax(x: Any) -> Any:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_soft_label_loss_by_hand() -> None:
    rng = np.random.default_rng(0)
    teacher, student = rng.normal(0, 2, (4, 5)), rng.normal(0, 2, (4, 5))
    p, q = softmax(teacher / 3), softmax(student / 3)
    expected = 9 * (p * np.log(p / q)).sum(axis=1).mean()
    given = soft_label_loss(softmax(teacher).astype("f"), student.astype("f"), 3.0)
    assert float(to_numpy(given)) == pytest.approx(expected, rel=1e-4)
    same = soft_label_loss(softmax(teacher).astype("f"), teacher.astype("f"), 3.0)
    assert float(to_numpy(same)) == pytest.approx(0.0, abs=1e-5)


def test_attention_loss_by_hand_and_blind_to_channels_and_scale() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 3, 3, 4)).astype("f"), rng.normal(size=(2, 3, 3, 7)).astype("f")

    def attention(maps: Any) -> Any:
        energy = np.square(maps).mean(axis=-1).reshape(2, -1)
        return energy / np.linalg.norm(energy, axis=1, keepdims=True)

    expected = np.square(attention(a) - attention(b)).sum(axis=1).mean()
    assert float(to_numpy(attention_loss(a, b))) == pytest.approx(expected, rel=1e-4)
    doubled = np.concatenate([3 * a, 3 * a], axis=-1)
    assert float(to_numpy(attention_loss(a, doubled))) == pytest.approx(0.0, abs=1e-6)


def test_feature_loss_resizes_the_student() -> None:
    even = np.full((1, 4, 4, 2), 2.0, np.float32)
    assert float(to_numpy(feature_loss(even, np.zeros((1, 2, 2, 2), np.float32)))) == 4.0


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> keras.Model:
    result = train(
        CONFIG, out=tmp_path_factory.mktemp("t") / "run", data=pictures(), model=net("big", 12)
    )
    assert result.metrics["val_accuracy"] > 0.9
    return result.model


PAIR = LayerPair("small_maps", "maps")


@pytest.mark.parametrize(
    "config",
    [
        DistillConfig(soft=1.0, temperature=2.0),
        DistillConfig(soft=0.5, features=(PAIR,), attention=(PAIR,)),
    ],
)
def test_a_student_follows_its_teacher(
    config: DistillConfig, teacher: keras.Model, tmp_path: Path
) -> None:
    data, student = pictures(), net("small", 2, logits=True)
    before = [np.array(weight) for weight in teacher.get_weights()]
    settings = change(CONFIG, {"fit": {"epochs": 6}})
    result = train(
        settings, out=tmp_path / "run", data=data, model=student,
        lesson=Distillation([teacher], config),
    )  # fmt: skip
    assert result.metrics["val_accuracy"] > 0.9
    assert [layer.name for layer in result.model.layers] == [layer.name for layer in student.layers]
    for a, b in zip(before, teacher.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_wrong_labels_are_overruled_by_the_teacher_alone(
    teacher: keras.Model, tmp_path: Path
) -> None:
    data = pictures()
    wrong = ImageData(data.images, (data.labels + 1) % 3, NAMES)
    result = train(
        change(CONFIG, {"fit": {"epochs": 6}, "data": {"validation": 0.0}}),
        out=tmp_path / "run", data=wrong, model=net("small", 4),
        lesson=Distillation([teacher, teacher], DistillConfig(soft=1.0)),
    )  # fmt: skip
    named = predict(result.model, data.pixels).argmax(axis=1)
    assert (named == data.labels).mean() > 0.9


def test_a_bundle_teaches_through_the_runtime(tmp_path: Path) -> None:
    data = pictures()
    wrong = ImageData(data.images, (data.labels + 1) % 3, NAMES)
    bundle = BundleTeacher(save_mean_color(tmp_path / "mean_color"), names=NAMES, backend="litert")
    answers = bundle(data.pixels.astype(np.float32))
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
    assert (answers.argmax(axis=1) == data.labels).all()
    result = train(
        change(CONFIG, {"fit": {"epochs": 10}, "data": {"validation": 0.0}}),
        out=tmp_path / "run", data=wrong, model=net("small", 8),
        lesson=Distillation([bundle], DistillConfig(soft=1.0, temperature=0.2)),
    )  # fmt: skip
    bundle.close()
    named = predict(result.model, data.pixels).argmax(axis=1)
    assert (named == data.labels).mean() > 0.8


def test_a_distilled_run_goes_on_to_the_same_weights(teacher: keras.Model, tmp_path: Path) -> None:
    config = DistillConfig(features=(PAIR,))

    class Kill(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                raise RuntimeError

    def go(out: Path, **more: Any) -> Any:
        lesson = Distillation([teacher], config)
        return train(CONFIG, out=out, data=pictures(), model=net("s", 2), lesson=lesson, **more)

    whole = go(tmp_path / "whole")
    with pytest.raises(RuntimeError):
        go(tmp_path / "cut", callbacks=[Kill()])
    again = go(tmp_path / "cut", resume=True)
    for a, b in zip(whole.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(TrainingError, match=r"net\.lesson"):
        train(CONFIG, out=tmp_path / "cut", data=pictures(), model=net("s", 2), resume=True)


def test_teachers_that_do_not_fit_are_refused(teacher: keras.Model, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="at least one"):
        Distillation([])
    missing = Distillation([teacher], DistillConfig(features=(LayerPair("nowhere", "maps"),)))
    with pytest.raises(OptionError, match="nowhere"):
        missing.learner(net("s", 2), label_smoothing=0.0)
    flat = Distillation([teacher], DistillConfig(attention=(LayerPair("flatten", "maps"),)))
    with pytest.raises(OptionError, match="flatten"):
        flat.learner(net("s", 2), label_smoothing=0.0)
    other = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    with pytest.raises(OptionError, match=r"\(8, 8, 1\)"):
        Distillation([other]).learner(net("s", 2), label_smoothing=0.0)
    folder = save_mean_color(tmp_path / "mean_color")
    with pytest.raises(OptionError, match="violet"):
        BundleTeacher(folder, names=("red", "violet"))
    bundle = BundleTeacher(folder)
    with pytest.raises(OptionError, match="Keras teachers"):
        Distillation([bundle], DistillConfig(features=(PAIR,)))
    bundle.close()
