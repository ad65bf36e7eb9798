"""The verb ``prune``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow")

from converters import latency
from edgecnn.data import fashion_mnist
from edgecnn.training.run import load_model
from tests.helpers import fashion
from tests.helpers.command import Said, edgecnn_command
from tests.training.steps import tiny

CONFIG = """
stages = 1
[target]
keep_macs = 0.9
[train.data]
name = "fashion_mnist:test"
limit = 200
[train.data.augment]
name = "none"
[train.fit]
epochs = 1
batch_size = 50
"""


@pytest.fixture(autouse=True)
def _committed_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))
    tiny.draw_nothing(monkeypatch)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config, and the folder of a run with a net in it."""
    folder = tmp_path_factory.mktemp("prune")
    (folder / "config.toml").write_text(CONFIG)
    (folder / "run").mkdir()
    tiny.save(tiny.net(side=28, classes=10, filters=8), folder / "run" / "best.keras")
    return folder


def prune(folder: Path, out: str, *arguments: str) -> Said:
    return edgecnn_command(
        "prune", folder / "run", folder / "config.toml", "--out", folder / out, *arguments
    )


def test_a_net_is_pruned_and_a_table_tells_what_was_won(folder: Path) -> None:
    said = prune(folder, "table", "--keep-macs", "0.5", "--multiple-of", "2", "--teacher", "none")
    assert said.code == 0, said.err
    for word in ("accuracy", "MACs", "gzip", "before", "pruned", "change", "held-back pictures"):
        assert word in said.out
    assert said.out.rstrip().endswith("best.keras")
    config = json.loads((folder / "table" / "config.json").read_text())
    assert config["target"]["keep_macs"] == 0.5
    assert config["teach"]["sources"] == []
    # With --resume alone the folder's own model and config are taken.
    again = edgecnn_command("prune", "--out", folder / "table", "--resume")
    assert (again.code, again.out) == (0, said.out)
    changed = edgecnn_command("prune", "--out", folder / "table", "--resume", "--epochs", "3")
    assert changed.code == 1
    assert "train.fit.epochs: 1 -> 3" in changed.err


def test_zeros_are_told_as_json(folder: Path) -> None:
    said = prune(folder, "zeros", "--sparsity", "0.75", "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["file"] == str(folder / "zeros" / "best.keras")
    assert told["details"]["sparsity"]["two"] == pytest.approx(0.75, abs=1e-3)
    assert told["after"]["parameters"] == load_model(told["file"]).count_params()
    assert told["pictures"] == 20


def test_a_time_is_measured_on_the_backend_that_was_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that counts parameters: a real one would make the test depend on the machine."""
    asked = []

    def meter(backend: str) -> Any:
        asked.append(backend)
        return lambda model: model.count_params() / 1e3

    monkeypatch.setattr(latency, "LatencyMeter", meter)
    wanted = ("--keep-latency", "0.7", "--multiple-of", "2", "--backend", "openvino")
    said = prune(folder, "time", *wanted)
    assert said.code == 0, said.err
    assert asked == ["openvino"]
    told = json.loads((folder / "time" / "result.json").read_text())
    assert told["after"]["parameters"] <= 0.72 * told["before"]["parameters"]
    plan = told["details"]["plan"]
    assert f"{plan['before_ms']:.3f} ms before" in said.out
    assert plan["before_ms"] == told["before"]["parameters"] / 1e3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("prune",), 2, "--out"),
        (("prune", "--out", "OUT"), 2, "Give MODEL"),
        (("prune", "RUN", "--out", "OUT"), 2, "CONFIG or --data"),
        (("prune", "nowhere", "--data", "digits", "--out", "OUT"), 1, "'nowhere'"),
        (("prune", "RUN", "--data", "nowhere", "--out", "OUT"), 1, "nowhere"),
        (("prune", "RUN", "--data", "digits", "--out", "OUT"), 1, "(28, 28, 1)"),
        (("prune", "RUN", "CONFIG", "--out", "OUT", "--n-of-m", "2-4"), 2, "like 2:4"),
        (
            ("prune", "RUN", "CONFIG", "--out", "OUT", "--sparsity", "0.5", "--keep-macs", "1"),
            2,
            "one target",
        ),
        (("prune", "RUN", "CONFIG", "--out", "OUT", "--keep-macs", "0.001"), 1, "the least is"),
        (("prune", "RUN", "CONFIG", "--out", "OUT", "--keep-macs", "3"), 1, "target.keep_macs"),
        (("prune", "RUN", "CONFIG", "--out", "OUT", "--teacher", "none", "--teacher", "self"), 2,
         "no other"),
        (("prune", "--out", "OUT", "--resume"), 1, "no run that can be read"),
    ],
)  # fmt: skip
def test_what_cannot_be_pruned_is_said_in_a_line(
    arguments: tuple[str, ...], code: int, said: str, folder: Path, tmp_path: Path
) -> None:
    places = {"OUT": tmp_path / "out", "RUN": folder / "run", "CONFIG": folder / "config.toml"}
    answer = edgecnn_command(*(places.get(one, one) for one in arguments))
    assert answer.code == code
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "out").exists()
