"""Transfer learning: ImageNet's weights from the zoo, new heads, freezing and thawing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

import edgecnn
from edgecnn.core.image import read_image
from edgecnn.data.image_data import ImageData
from edgecnn.data.preparing import canvas
from edgecnn.errors import OptionError
from edgecnn.tasks.options import ClassifyOptions
from edgecnn.training.batches import as_samples
from edgecnn.training.config import TrainConfig, change
from edgecnn.training.fit import train
from edgecnn.training.judging import predict
from edgecnn.training.preparing import build_net
from edgecnn.training.pretrained import BUNDLE, from_bundle
from edgecnn.training.run import load_model, save

ROOT = Path(__file__).parents[2]
NAMES = ("left", "right")


def pictures(count: int = 60, channels: int = 1) -> ImageData:
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    images = rng.integers(0, 80, (count, 8, 8))
    images[labels == 0, :, :4] += 120
    images[labels == 1, :, 4:] += 120
    if channels == 3:
        images = np.repeat(images[..., None], 3, axis=-1)
    return ImageData(images.astype(np.uint8), labels.astype(np.int64), NAMES)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net of four layers with weights, of five classes, untrained."""
    keras.utils.set_random_seed(4)
    layers = keras.layers
    inputs = keras.Input((8, 8, 1), name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(inputs)
    x = layers.Conv2D(6, 3, padding="same", name="conv1")(x)
    x = layers.BatchNormalization(momentum=0.5, name="bn1")(x)
    x = layers.ReLU(name="relu1")(x)
    x = layers.Conv2D(8, 3, strides=2, activation="relu", name="conv2")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(0.5, name="old_dropout")(x)
    x = layers.Dense(5, activation="softmax", name="old_head")(x)
    file = tmp_path_factory.mktemp("source") / "source.keras"
    save(keras.Model(inputs, x, name="source"), file)
    return file


def config(source: Path | str, **transfer: Any) -> TrainConfig:
    return change(
        TrainConfig(),
        {
            "data": {"validation": 0.2},
            "optimizer": {"name": "adam", "learning_rate": 0.02},
            "fit": {"epochs": 3, "batch_size": 16},
            "transfer": {"source": str(source), **transfer},
        },
    )


def moved(source: Path, model: keras.Model) -> dict[str, float]:
    """Layer of the source -> largest change of one of its weights."""
    before = load_model(source)
    return {
        layer.name: max(
            float(np.abs(a - b).max())
            for a, b in zip(
                layer.get_weights(), model.get_layer(layer.name).get_weights(), strict=True
            )
        )
        for layer in before.layers
        if layer.weights and layer.name != "old_head"
    }


def test_zoo_weights_answer_as_the_zoo_file_does() -> None:
    with edgecnn.load(
        BUNDLE, precision="float16", backend="litert", options=ClassifyOptions(top_k=None)
    ) as task:
        photo = ROOT / "assets" / "images" / "coffee.jpg"
        answer = task(photo)
        spec = task.bundle.manifest.picture_input
    expected = np.zeros(1000)
    expected[answer.class_ids] = answer.scores
    pixels = canvas(read_image(photo), "bgr", spec)[None]
    given = predict(from_bundle(BUNDLE, (224, 224, 3)), pixels)[0]
    assert answer[0].label == "espresso"
    assert given.argmax() == answer.class_ids[0]
    np.testing.assert_allclose(given, expected, atol=1e-4)


def test_zoo_weights_serve_other_sizes_and_have_no_batch_norm() -> None:
    samples = as_samples(pictures(channels=3).select(range(4)))
    large = np.tile(samples.images, (1, 5, 4, 1))
    net, freezing = build_net(config(BUNDLE), dataclasses.replace(samples, images=large))
    assert net.input_shape == (None, 40, 32, 3)
    assert net.output_shape == (None, 2)
    assert len(freezing.old) == 49  # all convolutions; the head is new
    assert not any(isinstance(one, keras.layers.BatchNormalization) for one in net.layers)


def test_frozen_layers_stay_and_the_new_head_learns(source: Path, tmp_path: Path) -> None:
    result = train(config(source, freeze="all"), out=tmp_path / "run", data=pictures())
    assert set(moved(source, result.model).values()) == {0.0}
    assert result.metrics["val_accuracy"] > 0.8
    names = [layer.name for layer in result.model.layers]
    assert "old_head" not in names
    assert "old_dropout" not in names
    assert all(layer.trainable for layer in result.model.layers)


def test_a_number_freezes_so_many_layers_from_the_input(source: Path, tmp_path: Path) -> None:
    result = train(config(source, freeze=2), out=tmp_path / "run", data=pictures())
    change_of = moved(source, result.model)
    assert (change_of["conv1"], change_of["bn1"]) == (0.0, 0.0)
    assert change_of["conv2"] > 0


def test_old_layers_move_less_by_their_factor(source: Path, tmp_path: Path) -> None:
    changes = {}
    for factor in (1.0, 0.01):
        settings = change(
            config(source, freeze="none", old_layer_factor=factor),
            {"optimizer": {"learning_rate": 1e-3}, "fit": {"epochs": 1}},
        )
        out = tmp_path / str(factor)
        changes[factor] = moved(source, train(settings, out=out, data=pictures()).model)
    for name in ("conv1", "conv2"):
        assert 0 < changes[0.01][name] < 0.03 * changes[1.0][name]


def test_a_run_that_thaws_goes_on_to_the_same_weights(source: Path, tmp_path: Path) -> None:
    settings = config(source, unfreeze_at=1, old_layer_factor=0.5)

    class Kill(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == self.at:
                raise RuntimeError

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    whole = train(settings, out=tmp_path / "whole", data=pictures())
    assert moved(source, whole.model)["conv1"] > 0
    for at in (1, 2):  # with the first epoch after the thaw, and with the second
        cut = tmp_path / str(at)
        with pytest.raises(RuntimeError):
            train(settings, out=cut, data=pictures(), callbacks=[Kill(at)])
        train(settings, out=cut, data=pictures(), resume=True)
        ours, theirs = load_model(cut / "last.keras"), load_model(whole.folder / "last.keras")
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_sources_that_do_not_fit_are_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="1 channels, but these have 3"):
        train(config(source), out=tmp_path / "run", data=pictures(channels=3))
    with pytest.raises(OptionError, match="in colour"):
        train(config(BUNDLE), out=tmp_path / "run", data=pictures())
    with pytest.raises(OptionError, match=r"from a \.keras file"):
        train(config("detect_nanodet"), out=tmp_path / "run", data=pictures(channels=3))
    with pytest.raises(OptionError, match="3 layers with weights"):
        train(config(source, freeze=9), out=tmp_path / "run", data=pictures())
    assert not (tmp_path / "run").exists()
