"""What cannot work is said before the first training, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from converters.compress import compress
from edgecnn.data import fashion_mnist
from edgecnn.errors import EdgeCNNError
from edgecnn.training.run import save
from tests.converters.compress import tiny
from tests.helpers import fashion

ALEXNET = {**tiny.TRAIN, "net": {"name": "alexnet", "width": 0.1, "options": {"lrn": True}}}


@pytest.fixture(autouse=True)
def _committed_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))

    def training(*arguments: Any, **settings: Any) -> None:
        raise AssertionError("Training began.")

    for place in ("train", "run_distill", "run_prune", "run_quantize"):
        monkeypatch.setattr(f"converters.compress.steps.{place}", training)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"teacher": {"sources": ["nowhere/best.keras"]}},
            r"nowhere/best\.keras",
        ),
        (
            {"prune": {"target": {"keep_macs": 0.01}, "choice": {"multiple_of": 2}}},
            "cannot be met: the least is",
        ),
        ({"student": {**tiny.TRAIN, "net": {"name": "lenet6"}}}, "lenet6"),
        ({"student": {**tiny.TRAIN, "net": {"name": "resnet18", "stem": "big"}}}, "stem"),
        ({"convert": {"gates": {"qat.luck": 0.5}}}, r"qat\.luck"),
        ({"data": {"name": "nowhere", "limit": 300}}, "nowhere"),
        ({"data": {"name": "fashion_mnist:test", "limit": 9}}, "9"),
        (
            {"teacher": {"train": tiny.TRAIN, "features": [{"student": "c1", "teacher": "c9"}]}},
            "c9",
        ),
    ],
)
def test_what_cannot_work_is_said_first(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(EdgeCNNError, match=message):
        compress(tiny.recipe(**changes), out=tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_one_class_is_refused(tmp_path: Path) -> None:
    data = fashion.pictures()
    shirts = data.images[data.labels == 0][:20]
    fashion.write_classes(tmp_path / "data", shirts, np.zeros(20, int), data.names)
    recipe = tiny.recipe(data={"name": str(tmp_path / "data"), "size_wh": [28, 28]})
    with pytest.raises(EdgeCNNError, match="two classes"):
        compress(recipe, out=tmp_path / "work")


def test_a_teacher_of_other_classes_is_refused(tmp_path: Path) -> None:
    import keras

    net = keras.Sequential(
        [keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]
    )
    save(net, tmp_path / "teacher.keras")
    recipe = tiny.recipe(teacher={"sources": [str(tmp_path / "teacher.keras")]})
    with pytest.raises(EdgeCNNError, match="same classes"):
        compress(recipe, out=tmp_path / "work")


def test_layers_that_cannot_be_rounded_are_named(tmp_path: Path) -> None:
    recipe = tiny.recipe(teacher=None, prune=None, quantize={"train": tiny.FINE}, student=ALEXNET)
    with pytest.raises(EdgeCNNError, match="LocalResponseNorm"):
        compress(recipe, out=tmp_path / "work")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EdgeCNNError, match="no folder"):
        compress(tiny.recipe(), out=tmp_path / "file" / "work")
