"""``edgecnn train --task embed``, and the bundle that its net becomes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edgecnn.data import fashion_mnist
from tests.helpers import fashion
from tests.helpers.command import edgecnn_command

pytest.importorskip("tensorflow")

import edgecnn
from edgecnn.training.metric.unseen import embed_pictures
from edgecnn.training.run import load_model

CONFIG = """
[net]
name = "lenet5"
[data]
name = "fashion_mnist:test"
limit = 400
[optimizer]
name = "adam"
learning_rate = 0.003
[fit]
epochs = 2
[metric]
dimension = 16
classes_per_batch = 7
pictures_per_class = 4
unseen = ["Bag", "Sandal", "Coat"]
"""
UNSEEN = ("Coat", "Sandal", "Bag")


@pytest.fixture(autouse=True)
def _committed_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a run of two epochs."""
    folder = tmp_path_factory.mktemp("embed")
    (folder / "config.toml").write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))
        said = edgecnn_command("train", folder / "config.toml", "--out", folder / "run", "--json")
        assert said.code == 0, said.err
        summary = json.loads(said.out)
        assert summary["epochs"] == 2
        assert summary["val_eer"] < 0.45
        yield folder / "run"


def test_a_finished_run_is_known_for_an_embedder_by_its_folder(run: Path) -> None:
    before = (run / "log.jsonl").read_bytes()
    said = edgecnn_command("train", "--out", run, "--resume")
    assert said.code == 0, said.err
    assert "val eer" in said.out
    assert (run / "log.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--task", "embed"), "Give CONFIG, or --net and --data"),
        (("--task", "embed", "--folds", "3", "--net", "lenet5", "--data", "digits"), "cross-valid"),
        (("--task", "embed", "--preset", "fine_tune"), "transfer.source has no meaning"),
        (("--task", "embed", "--preset", "nothing"), "nothing"),
    ],
)
def test_what_cannot_be_done_says_why(options: tuple[str, ...], said: str, tmp_path: Path) -> None:
    answer = edgecnn_command("train", *options, "--out", tmp_path / "run")
    assert answer.code in (1, 2)
    assert said in answer.err
    assert not (tmp_path / "run").exists()


def test_the_net_becomes_a_proven_bundle_that_faces_evaluate_judges(
    run: Path, tmp_path: Path
) -> None:
    from converters.options import ConvertOptions, Proof

    data = fashion.pictures()
    held = np.flatnonzero(np.isin(data.labels, [data.names.index(name) for name in UNSEEN]))[:60]
    net = load_model(run / "best.keras")
    report = edgecnn.convert(
        net,
        tmp_path / "clothes",
        task="embed",
        calibration=data.pixels[:200],
        validation=(data.pixels[held], data.labels[held]),
        targets=("tflite",),
        precisions=("float32", "int8"),
        options=ConvertOptions(proof=Proof(rounds=0, pictures=40, tensors=16)),
    )
    assert report.passed
    with edgecnn.load(tmp_path / "clothes", precision="float32", threads=1) as embed:
        assert embed.bundle.manifest.task == "embed"
        found = np.stack([embed(data.images[row], "gray").vector for row in held[:5]])
    np.testing.assert_allclose(found, embed_pictures(net, data.pixels[held[:5]]), atol=1e-4)
    folder = fashion.write_classes(
        tmp_path / "pictures", data.images[held], data.labels[held], data.names
    )
    said = edgecnn_command(
        "faces", "evaluate", folder, "--model", tmp_path / "clothes", "--replicates", "100",
        "--precision", "int8", "--threads", "1", "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["verification"]["people"] == 3
    assert told["failures"]["without_face"] == 0
    assert told["verification"]["equal_error_rate"] < 0.45
