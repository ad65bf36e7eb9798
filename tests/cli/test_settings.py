"""``--set`` reaches every value of a config."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

pytest.importorskip("keras")

from edgecnn.cli.settings import merged, set_option
from edgecnn.data import fashion_mnist
from tests.helpers import fashion
from tests.helpers.command import edgecnn_command
from tests.training.steps import tiny

SMALL = ("--data", "fashion_mnist:test", "--limit", "120", "--epochs", "1")


@click.command()
@set_option("a.b=sgd")
def told(settings: dict[str, Any]) -> None:
    click.echo(json.dumps(settings))


def read(*given: str) -> Any:
    answer = CliRunner().invoke(told, [part for one in given for part in ("--set", one)])
    return json.loads(answer.output) if answer.exit_code == 0 else answer.output


def test_values_are_read_as_toml_and_words_as_they_are() -> None:
    assert read("a.b=sgd", "a.c=3", "a.d=0.5", "x=true", "y=[1, 2]", "z={q = 1}", "n=null") == {
        "a": {"b": "sgd", "c": 3, "d": 0.5}, "x": True, "y": [1, 2], "z": {"q": 1}, "n": None,
    }  # fmt: skip
    assert read("a=1", "a=2") == {"a": 2}
    assert read("name=runs/a=b") == {"name": "runs/a=b"}


@pytest.mark.parametrize("text", ["optimizer.name", "=3", "a..b=1"])
def test_what_is_no_setting_is_refused(text: str) -> None:
    assert "NAME=VALUE" in read(text)


def test_tables_are_merged_without_being_changed() -> None:
    first, second = {"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}
    assert merged(first, second) == {"a": {"b": 3, "c": 2}}
    assert (first, second) == ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})


@pytest.fixture
def _committed_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorflow")
    monkeypatch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))
    tiny.draw_nothing(monkeypatch)


@pytest.mark.usefixtures("_committed_pictures")
def test_a_run_and_its_next_step_take_settings(tmp_path: Path) -> None:
    settings = (
        "optimizer.name=rmsprop", "optimizer.momentum=0.5", "schedule.name=exponential",
        "data.augment.layers.rotate=10", "data.balance=oversample", "net.dropout=0.1",
    )  # fmt: skip
    given = [part for one in settings for part in ("--set", one)]
    out = tmp_path / "run"
    said = edgecnn_command("train", "--net", "lenet5", *SMALL, *given, "--out", out)
    assert said.code == 0, said.err
    config = json.loads((out / "config.json").read_text())
    assert (config["optimizer"]["name"], config["optimizer"]["momentum"]) == ("rmsprop", 0.5)
    assert config["schedule"]["name"] == "exponential"
    assert config["data"]["augment"]["layers"] == {"rotate": 10.0}
    assert (config["data"]["balance"], config["net"]["dropout"]) == ("oversample", 0.1)
    said = edgecnn_command(
        "distill", "--net", "lenet5", "--teacher", out, *SMALL, "--out", tmp_path / "student",
        "--set", "train.optimizer.name=nadam",
    )  # fmt: skip
    assert said.code == 0, said.err
    train = json.loads((tmp_path / "student" / "config.json").read_text())["train"]
    assert train["optimizer"]["name"] == "nadam"
    assert train["schedule"]["warmup_epochs"] < train["fit"]["epochs"] == 1


@pytest.mark.usefixtures("_committed_pictures")
@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("optimizer.nam=sgd", "nam"),
        ("optimizer.name=lion", "optimizer.name"),
        ("fit.epochs=many", "fit.epochs"),
    ],
)
def test_a_setting_that_there_is_not_is_named(setting: str, words: str, tmp_path: Path) -> None:
    said = edgecnn_command(
        "train", "--net", "lenet5", *SMALL, "--set", setting, "--out", tmp_path / "run"
    )
    assert said.code == 1
    assert words in said.err
    assert not (tmp_path / "run").exists()
