"""Embedders learn classes and tell others apart; killed runs go on to the same weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("tensorflow")

import keras

from edgecnn.data.image_data import ImageData
from edgecnn.errors import OptionError, TrainingError
from edgecnn.training.config import NetConfig
from edgecnn.training.metric import EmbedConfig, make_embed_config, train_embedder
from edgecnn.training.metric.net import embedding_net
from edgecnn.training.metric.unseen import embed_pictures, part_classes
from edgecnn.training.run import RunResult

CLASSES = 10


def pictures(each: int = 16, seed: int = 0, side: int = 12) -> ImageData:
    """Ten classes: a bar each, at an angle of its own and anywhere in the picture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] - side / 2
    labels = np.tile(np.arange(CLASSES), each)
    images = []
    for label in labels:
        angle = np.pi * label / CLASSES
        across = np.cos(angle) * x + np.sin(angle) * y + rng.uniform(-3, 3)
        images.append(200 * np.exp(-np.square(across) / 3) + rng.uniform(0, 40, (side, side)))
    names = tuple(f"angle {label}" for label in range(CLASSES))
    return ImageData(np.array(images).astype(np.uint8), labels.astype(np.int64), names)


def tiny_net(side: int = 12, dimension: int = 8) -> keras.Model:
    layers = keras.layers
    keras.utils.set_random_seed(3)
    inputs = keras.Input((side, side, 1), name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(inputs)
    x = layers.Conv2D(12, 5, padding="same", use_bias=False, name="stem_conv")(x)
    x = layers.BatchNormalization(name="stem_bn", momentum=0.8)(x)
    x = layers.ReLU(name="stem_relu")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(0.1, name="dropout")(x)
    x = layers.Dense(dimension, name="logits")(x)
    return keras.Model(inputs, layers.UnitNormalization(name="embedding")(x), name="tiny")


def config(average: str = "none", **metric: Any) -> EmbedConfig:
    return make_embed_config(
        {
            "regularize": {"average": {"name": average, "momentum": 0.8}},
            "optimizer": {"name": "adam", "learning_rate": 0.02},
            "fit": {"epochs": 3, "seed": 5},
            "metric": {
                "dimension": 8, "classes_per_batch": 6, "pictures_per_class": 4,
                "unseen": ["angle 1", "angle 4", "angle 7"], **metric,
            },
        }
    )  # fmt: skip


class Killed(Exception):  # noqa: N818 (it stands for a kill, not for an error)
    """What a test stops a run with."""


class KillAt(keras.callbacks.Callback):
    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch, self.now = epoch, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.now = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.now, batch) == (self.epoch, 1):
            raise Killed


LOSSES: dict[str, dict[str, Any]] = {
    "triplet": {"loss": "triplet"},
    "arcface": {"loss": "arcface", "scale": 8.0, "margin": 0.2, "average": "ema"},
}


def final(result: RunResult) -> list[Any]:
    last = keras.saving.load_model(result.folder / "last.keras")
    return [np.array(weight) for weight in last.get_weights()]


@pytest.mark.parametrize("name", LOSSES)
def test_unseen_classes_come_apart_and_killed_runs_go_on(name: str, tmp_path: Path) -> None:
    settings, data = config(**LOSSES[name]), pictures()
    whole = train_embedder(settings, out=tmp_path / "whole", data=data, model=tiny_net())
    errors = [line["val_eer"] for line in whole.history]
    assert whole.metrics["val_eer"] == min(errors)
    assert min(errors) < 0.35
    with pytest.raises(Killed):
        train_embedder(
            settings, out=tmp_path / "cut", data=data, model=tiny_net(), callbacks=[KillAt(1)]
        )
    keras.utils.set_random_seed(99)
    again = train_embedder(settings, out=tmp_path / "cut", data=data, model=tiny_net(), resume=True)
    for one, other in zip(final(whole), final(again), strict=True):
        np.testing.assert_array_equal(one, other)
    for a, b in zip(whole.history, again.history, strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    out = tmp_path_factory.mktemp("runs") / "run"
    return train_embedder(config(), out=out, data=pictures(), model=tiny_net())


def test_the_folder_tells_all(trained: RunResult) -> None:
    assert {file.name for file in trained.folder.iterdir()} == {
        "best.keras", "config.json", "curves.png", "distances.png", "last.keras", "log.jsonl",
        "result.json", "run.json", "state.npz",
    }  # fmt: skip
    about = json.loads((trained.folder / "run.json").read_text())
    assert about["data"]["unseen_classes"] == ["angle 1", "angle 4", "angle 7"]
    assert len(about["data"]["classes"]) == 7
    result = json.loads((trained.folder / "result.json").read_text())
    assert result["val_eer"] == trained.metrics["val_eer"]
    for name in ("curves.png", "distances.png"):
        assert (trained.folder / name).read_bytes().startswith(b"\x89PNG")


def test_the_model_gives_vectors_of_length_one_and_no_classes(trained: RunResult) -> None:
    data = pictures(2, seed=9)
    vectors = embed_pictures(trained.model, data.pixels)
    assert vectors.shape == (20, 8)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert trained.model.output_names == ["embedding"]


def test_going_on_with_other_settings_is_refused(trained: RunResult) -> None:
    with pytest.raises(TrainingError, match="metric.margin: None -> 0.4"):
        train_embedder(
            config(margin=0.4), out=trained.folder, data=pictures(), model=tiny_net(), resume=True
        )


def test_classes_are_parted_whole() -> None:
    data = pictures(3)
    seen, unseen = part_classes(data, ("angle 7", "angle 2"), 0)
    assert unseen.names == ("angle 2", "angle 7")
    assert len(seen) + len(unseen) == len(data)
    assert not set(seen.names) & set(unseen.names)
    for part in (seen, unseen):
        assert sorted(set(part.labels.tolist())) == list(range(len(part.names)))
    names = np.array(data.names)[data.labels]
    np.testing.assert_array_equal(
        np.array(unseen.names)[unseen.labels], names[np.isin(names, unseen.names)]
    )
    shares = [part_classes(data, 0.3, seed)[1].names for seed in (0, 0, 1)]
    assert shares[0] == shares[1] != shares[2]
    assert len(shares[0]) == 3


@pytest.mark.parametrize(
    ("unseen", "said"),
    [
        (("angle 1", "angle 99"), "names angle 99; the classes are"),
        (tuple(f"angle {n}" for n in range(9)), "both take two"),
        (0.95, "both take two"),
    ],
)
def test_classes_that_cannot_be_held_back_are_named(unseen: Any, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        part_classes(pictures(2), unseen, 0)


def test_other_models_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    maps = keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Conv2D(2, 3)])
    large = tiny_net(side=16)
    for model, said in ((maps, "one output of shape"), (large, r"\(16, 16, 1\)")):
        with pytest.raises(OptionError, match=said):
            train_embedder(config(), out=tmp_path / "r", data=pictures(), model=model)
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("name", ["lenet5", "separable_resnet"])
def test_nets_by_name_become_embedders(name: str) -> None:
    net = embedding_net(NetConfig(name=name, width=0.25, stem="small"), (32, 32, 1), 16)
    vectors = embed_pictures(
        net, np.random.default_rng(0).integers(0, 256, (3, 32, 32, 1), np.uint8)
    )
    assert vectors.shape == (3, 16)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert net.input.name == "pixels"
