"""Training on files: the same weights whether they fit in memory or not, killed or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from edgecnn.data import lazy_pictures
from edgecnn.data.class_folders import list_folder
from edgecnn.data.picture_files import PictureFiles
from edgecnn.errors import OptionError, SourceError
from edgecnn.training.config import TrainConfig, change
from edgecnn.training.fit import train
from edgecnn.training.run import RunResult

CONFIG = change(
    TrainConfig(),
    {
        "data": {"size_wh": [8, 8], "validation": 0.25},
        "optimizer": {"name": "adam", "learning_rate": 0.02},
        "fit": {"epochs": 3, "batch_size": 7, "seed": 4},
    },
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> PictureFiles:
    """48 pictures of two classes, bright on one side."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number in range(48):
        pixels = rng.integers(0, 100, (12, 12, 3), dtype=np.uint8)
        side = "left" if number % 2 else "right"
        pixels[:, slice(6) if side == "left" else slice(6, None)] += 100
        (folder / side).mkdir(exist_ok=True)
        cv2.imwrite(str(folder / side / f"{number}.png"), pixels)
    return list_folder(folder)


def tiny_net() -> keras.Model:
    keras.utils.set_random_seed(3)
    inputs = keras.Input((8, 8, 3), name="pixels")
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Flatten()(keras.layers.Conv2D(4, 3, strides=2, activation="relu")(x))
    x = keras.layers.Dropout(0.2)(x)
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(lazy_pictures.ENVIRONMENT, "0")


def weights(result: RunResult) -> list[Any]:
    return [np.array(weight) for weight in result.model.get_weights()]


@pytest.fixture(scope="module")
def in_memory(files: PictureFiles, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return train(CONFIG, out=tmp_path_factory.mktemp("r") / "r", data=files, model=tiny_net())


class KillAt(keras.callbacks.Callback):
    def __init__(self, batch: int) -> None:
        super().__init__()
        self.left = batch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.usefixtures("little_memory")
def test_a_killed_run_on_disk_ends_with_the_weights_of_one_in_memory(
    files: PictureFiles, in_memory: RunResult, tmp_path: Path
) -> None:
    assert in_memory.metrics["val_accuracy"] > 0.8
    out = tmp_path / "r"
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, out=out, data=files, model=tiny_net(), callbacks=[KillAt(9)])
    again = train(CONFIG, out=out, data=files, model=tiny_net(), resume=True)
    for one, other in zip(weights(in_memory), weights(again), strict=True):
        np.testing.assert_array_equal(one, other)
    about = [json.loads((r.folder / "run.json").read_text()) for r in (in_memory, again)]
    assert about[0]["data"] == about[1]["data"]


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("held_back", [False, True])
def test_an_unreadable_file_stops_before_anything_is_written(
    held_back: bool, files: PictureFiles, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    damaged = PictureFiles((broken, *files.files[1:]), files.labels, files.names)
    data, other = (files, damaged) if held_back else (damaged, files)
    with pytest.raises(SourceError, match=r"broken\.png"):
        train(CONFIG, out=tmp_path / "r", data=data, validation=other, model=tiny_net())
    assert not (tmp_path / "r").exists()


@pytest.mark.usefixtures("little_memory")
def test_a_file_that_vanishes_meanwhile_is_named_and_the_run_goes_on_later(
    files: PictureFiles, tmp_path: Path
) -> None:
    file = tmp_path / "gone.png"
    file.write_bytes(files.files[0].read_bytes())
    data = PictureFiles((file, *files.files[1:]), files.labels, files.names)
    content = file.read_bytes()

    class Remove(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 0:
                file.unlink()

    settings = change(CONFIG, {"data": {"validation": 0.0}})
    common = {"out": tmp_path / "r", "data": data, "model": tiny_net()}
    with pytest.raises(SourceError, match=r"gone\.png"):
        train(settings, callbacks=[Remove()], **common)
    file.write_bytes(content)
    assert train(settings, resume=True, **common).epochs == 3


def test_files_need_a_size_that_the_net_takes(files: PictureFiles, tmp_path: Path) -> None:
    settings = change(CONFIG, {"net": {"name": "lenet5"}, "data": {"size_wh": [4, 4]}})
    with pytest.raises(OptionError, match="4"):
        train(settings, out=tmp_path / "r", data=files)
