"""The verbs ``train`` and ``evaluate``."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.data import fashion_mnist
from edgecnn.registry import NETS
from tests.helpers import fashion
from tests.helpers.command import edgecnn_command
from tests.helpers.models import save_mean_color

pytest.importorskip("tensorflow")

CONFIG = """
[net]
name = "lenet5"
[data]
name = "fashion_mnist:test"
limit = 200
[optimizer]
name = "adam"
learning_rate = 0.003
[fit]
epochs = 2
batch_size = 20
"""


@pytest.fixture(autouse=True)
def _committed_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two epochs on 200 pictures."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "config.toml").write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))
        said = edgecnn_command("train", folder / "config.toml", "--out", folder / "run", "--json")
    assert said.code == 0, said.err
    summary = json.loads(said.out)
    assert summary["epochs"] == 2
    assert summary["val_accuracy"] > 0.2
    return folder / "run"


def test_a_finished_run_can_be_resumed_from_its_folder_alone(run: Path) -> None:
    before = (run / "log.jsonl").read_bytes()
    said = edgecnn_command("train", "--out", run, "--resume")
    assert said.code == 0, said.err
    assert said.out.rstrip().endswith("best.keras")
    assert (run / "log.jsonl").read_bytes() == before


def test_resuming_with_another_config_is_refused_with_the_difference(run: Path) -> None:
    said = edgecnn_command("train", "--out", run, "--resume", "--epochs", "7")
    assert said.code == 1
    assert "fit.epochs: 2 -> 7" in said.err


def test_a_trained_net_is_judged(run: Path) -> None:
    said = edgecnn_command(
        "evaluate", run / "best.keras", "--data", "fashion_mnist", "--limit", "300", "--json"
    )
    assert said.code == 0, said.err
    report = json.loads(said.out)
    assert report["pictures"] == 300
    assert set(report["figures"]) == {
        "accuracy", "top_5", "precision", "recall", "f1", "roc_auc", "kappa", "ece",
    }  # fmt: skip
    assert report["classes"] == list(fashion_mnist.NAMES)
    hits = sum(report["confusion"][n][n] for n in range(10))
    assert hits / 300 == pytest.approx(report["figures"]["accuracy"])


def test_judgement_reads_well(run: Path) -> None:
    said = edgecnn_command("evaluate", run / "best.keras", "--data", "fashion_mnist")
    assert said.code == 0, said.err
    for word in ("accuracy", "kappa", "roc-auc", "ece", "Trouser", "taken for"):
        assert word in said.out


def test_a_bundle_is_judged_through_the_runtime(tmp_path: Path) -> None:
    bundle = save_mean_color(tmp_path / "mean_color")
    for name, bgr in (("red", (0, 0, 255)), ("green", (0, 255, 0)), ("blue", (255, 0, 0))):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(2):
            file = tmp_path / "data" / name / f"{number}.png"
            cv2.imwrite(str(file), np.full((40, 40, 3), bgr, np.uint8))
    said = edgecnn_command(
        "evaluate", bundle, "--data", tmp_path / "data", "--backend", "litert", "--json"
    )
    assert said.code == 0, said.err
    report = json.loads(said.out)
    assert report["figures"]["accuracy"] == 1.0
    assert report["classes"] == ["red", "green", "blue"]


def test_class_folders_that_the_model_does_not_know_are_named(tmp_path: Path) -> None:
    bundle = save_mean_color(tmp_path / "mean_color")
    for name in ("red", "violet"):
        (tmp_path / "data" / name).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "data" / name / "1.png"), np.zeros((40, 40, 3), np.uint8))
    said = edgecnn_command("evaluate", bundle, "--data", tmp_path / "data")
    assert said.code == 1
    assert "violet" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "--net and --data"),
        (("--net", "lenet5"), 2, "--net and --data"),
        (("--net", "lenet6", "--data", "fashion_mnist:test"), 1, "lenet6"),
        (("--net", "lenet5", "--data", "nowhere"), 1, "nowhere"),
        (("--preset", "quickest"), 1, "quick, small_pictures"),
        (("--preset", "quick", "--freeze", "half"), 2, "all, none or a number"),
        (("--net", "vgg16", "--data", "fashion_mnist:test", "--limit", "3"), 1, "3"),
        (("--net", "lenet5", "--data", "fashion_mnist:test", "--learning-rate", "-1"), 1, "> 0"),
    ],
)
def test_what_cannot_be_trained_is_said_in_a_line(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    answer = edgecnn_command("train", "--out", tmp_path / "run", *arguments)
    assert answer.code == code
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "run").exists()


def test_bad_class_folders_are_said_in_a_line(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "cat").mkdir(parents=True)
    (folder / "dog").mkdir()
    for number in range(12):
        cv2.imwrite(str(folder / "cat" / f"{number}.png"), np.zeros((32, 32, 3), np.uint8))
    common = ("train", "--net", "lenet5", "--data", folder, "--out", tmp_path / "run")
    empty = edgecnn_command(*common)
    assert (empty.code, "dog" in empty.err) == (1, True)
    for number in range(12):
        (folder / "dog" / f"{number}.png").write_bytes(b"no picture")
    unreadable = edgecnn_command(*common)
    assert (unreadable.code, "dog" in unreadable.err) == (1, True)
    assert not (tmp_path / "run").exists()


def test_the_example_is_a_config_that_can_be_read() -> None:
    from edgecnn.training.config import read_config

    config = read_config(Path(__file__).parents[2] / "examples" / "fashion_mnist_train.toml")
    assert config.net.name in NETS
    assert config.regularize.average.name == "ema"
