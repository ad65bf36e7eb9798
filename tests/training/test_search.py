"""The search: what trials get, which are cut short, and that a killed one goes on."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("optuna")

from edgecnn.data.image_data import ImageData
from edgecnn.errors import OptionError, TrainingError
from edgecnn.training import search as searching
from edgecnn.training import search_report
from edgecnn.training.config import TrainConfig, change, read_config, to_dict
from edgecnn.training.search import search
from edgecnn.training.search_space import check_space, make_space, read_space, with_values
from edgecnn.training.toml_text import to_toml

CONFIG = change(
    TrainConfig(),
    {
        "net": {"name": "lenet5"},
        "data": {"validation": 0.2},
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "schedule": {"name": "constant"},
        "fit": {"epochs": 4, "batch_size": 8, "seed": 5},
    },
)
SPACE = """
[space]
optimizer.learning_rate = { log = [1e-4, 1e-1] }
net.dropout = { float = [0.0, 0.5], step = 0.1 }
fit.batch_size = { choice = [8, 16] }
schedule.warmup_epochs = { int = [0, 2] }

[pruning]
startup_trials = 3
warmup_epochs = 1
"""


@pytest.fixture
def space(tmp_path: Path) -> Any:
    (tmp_path / "space.toml").write_text(SPACE)
    return read_space(tmp_path / "space.toml")


def pictures(count: int = 40) -> ImageData:
    """Grey pictures that are dark, or bright on one side."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    images = rng.integers(0, 60, (count, 20, 20))
    images[labels == 1, :, :10] += 150
    names = ("dark", "left")
    return ImageData(images.astype(np.uint8), labels.astype(np.int64), names)


class Pretended:
    """Stands in for `train`: accuracy follows from the learning rate, best at 0.01.

    Args:
        kill: Trial (from 0) and epoch (from 1) before whose end the process dies, once.
        astray: Trials (from 0) whose loss becomes NaN.
    """

    def __init__(self, kill: tuple[int, int] | None = None, astray: tuple[int, ...] = ()) -> None:
        self.kill, self.astray = kill, astray
        self.called: list[tuple[str, bool]] = []

    def __call__(self, config: TrainConfig, *, out: Path, **given: Any) -> Any:
        self.called.append((out.name, given["resume"]))
        trial, log = int(out.name[-3:]) - 1, out / "log.json"
        out.mkdir(exist_ok=True)
        (out / "run.json").write_text("{}")
        (out / "state.npz").write_bytes(b"")
        history = json.loads(log.read_text()) if given["resume"] else []
        peak = 1 - abs(math.log10(config.optimizer.learning_rate) + 2) / 3
        for epoch in range(len(history) + 1, config.fit.epochs + 1):
            if trial in self.astray:
                raise TrainingError("The loss became nan at step 1.")
            history.append({"val_accuracy": peak * epoch / config.fit.epochs})
            log.write_text(json.dumps(history))
            if self.kill == (trial, epoch):
                self.kill = None
                raise KeyboardInterrupt
            given["after_epoch"](history)
        return SimpleNamespace(metrics={"val_accuracy": history[-1]["val_accuracy"]})


def told(result: Any) -> list[Any]:
    return [(t.number, t.state, t.values, t.accuracy, t.epochs) for t in result.trials]


def test_a_killed_search_goes_on_to_the_trials_that_it_would_have_made(
    tmp_path: Path, space: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_report, "LEAST_TRIALS", 4)
    common = {"data": pictures(), "trials": 14}
    monkeypatch.setattr(searching, "train", Pretended(astray=(2,)))
    whole = search(CONFIG, space, out=tmp_path / "whole", **common)
    cut = Pretended(kill=(12, 2), astray=(2,))
    monkeypatch.setattr(searching, "train", cut)
    with pytest.raises(KeyboardInterrupt):
        search(CONFIG, space, out=tmp_path / "cut", **common)
    assert not (tmp_path / "cut" / "best.toml").exists()
    again = search(CONFIG, space, out=tmp_path / "cut", resume=True, **common)
    # One of the first ten is drawn at random, those behind follow from what was found before.
    assert told(again) == told(whole)
    assert again.importance == whole.importance
    assert cut.called[12:14] == [("trial_013", False), ("trial_013", True)]

    states = {trial.state for trial in whole.trials}
    assert states == {"complete", "pruned", "fail"}
    failed = whole.trials[-1]
    assert (failed.number, failed.accuracy) == (3, None)
    assert "nan" in str(failed.error)
    assert all(t.epochs == 4 for t in whole.trials if t.state == "complete")
    # Cut short after the warm-up, and when three had run to their end.
    assert all(2 <= t.epochs < 4 and t.number > 4 for t in whole.trials if t.state == "pruned")
    assert whole.best.accuracy == max(t.accuracy or 0 for t in whole.trials)
    assert next(iter(whole.importance)) == "optimizer.learning_rate"

    longer = search(CONFIG, space, out=tmp_path / "whole", data=pictures(), trials=16, resume=True)
    assert len(longer.trials) == 16


def test_what_was_found_is_written_and_the_best_config_can_be_trained(
    tmp_path: Path, space: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "train", Pretended())
    result = search(CONFIG, space, out=tmp_path / "s", data=pictures(), trials=6)
    best = read_config(tmp_path / "s" / "best.toml")
    assert best == result.config == with_values(CONFIG, result.best.values)
    assert result.importance == {}  # of six trials nothing can be said
    table = json.loads((tmp_path / "s" / "result.json").read_text())
    assert [trial["number"] for trial in table["trials"]] == [t.number for t in result.trials]
    assert (tmp_path / "s" / "trials.png").read_bytes().startswith(b"\x89PNG")
    assert not list((tmp_path / "s").glob("*/state.npz"))
    other = change(CONFIG, {"net": {"name": "alexnet"}})
    with pytest.raises(TrainingError, match=r"net\.name: 'lenet5' -> 'alexnet'"):
        search(other, space, out=tmp_path / "s", data=pictures(), resume=True)
    with pytest.raises(TrainingError, match="--resume"):
        search(CONFIG, space, out=tmp_path / "s", data=pictures())


def test_real_runs_are_searched(tmp_path: Path) -> None:
    space = make_space({"space": {"optimizer": {"learning_rate": {"choice": [1e-2, 1e30]}}}})
    settings = change(CONFIG, {"fit": {"epochs": 2, "batch_size": 4, "seed": 1}})
    result = search(settings, space, out=tmp_path / "s", data=pictures(), trials=3)
    assert result.best.values == {"optimizer.learning_rate": 1e-2}
    absurd = [t for t in result.trials if t.values["optimizer.learning_rate"] == 1e30]
    assert absurd
    assert all((t.accuracy or 0.0) < (result.best.accuracy or 0.0) for t in absurd)
    best = tmp_path / "s" / f"trial_{result.best.number:03d}"
    log = [json.loads(line) for line in (best / "log.jsonl").read_text().splitlines()]
    assert result.best.accuracy == max(line["val_accuracy"] for line in log)


def test_a_search_in_which_all_fail_says_why(
    tmp_path: Path, space: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "train", Pretended(astray=(0, 1)))
    with pytest.raises(TrainingError, match=r"None of 2 trials.*nan at step 1"):
        search(CONFIG, space, out=tmp_path / "s", data=pictures(), trials=2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"\[space\]"),
        ("[space]", r"\[space\]"),
        ("[spaces]\na = 1", r"\[space\]"),
        ("[space]\nnet.width = 3", "net.width is 3"),
        ("[space]\nnet.width = {}", "net.width has no range"),
        ("[space]\nnet.width = { float = [1.0] }", "two numbers"),
        ("[space]\nnet.width = { float = [2.0, 1.0] }", "lower one first"),
        ("[space]\nnet.width = { int = [1.0, 2.0] }", "two whole numbers"),
        ("[space]\nnet.width = { log = [0.0, 1.0] }", "above 0"),
        ("[space]\nnet.width = { float = [0.0, 1.0], step = 2.0 }", "step 2.0"),
        ("[space]\nnet.width = { float = [0.0, 1.0], most = 2 }", "one of"),
        ("[space]\nnet.width = { choice = [1.0] }", "two or more"),
        ("[space]\nnet.width = { choice = [[1.0], [2.0]] }", "plain values"),
        ("[space]\nnet.widths = { choice = [1.0, 2.0] }", r"no net\.widths.*net\.width"),
        ("[space]\nnets.width = { choice = [1.0, 2.0] }", r"no nets\.width.*net"),
        ("[space]\nnet.width = { float = [-1.0, 1.0] }", r"net\.width"),
        ("[space]\nfit.seed = { int = [1, 5] }", "different pictures"),
        ("[space]\nnet.width = { float = [1, 2] }\n[pruning]\npatience = 3", r"\[pruning\]"),
        ("[space", "TOML"),
    ],
)
def test_spaces_that_cannot_be_searched_are_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "space.toml").write_text(text)
    with pytest.raises(OptionError, match=said):
        check_space(read_space(tmp_path / "space.toml"), CONFIG)


def test_a_search_needs_pictures_to_compare_by_and_writes_nothing_before(
    tmp_path: Path, space: Any
) -> None:
    plain = change(CONFIG, {"data": {"validation": 0.0}})
    with pytest.raises(OptionError, match="held-back"):
        search(plain, space, out=tmp_path / "s", data=pictures())
    with pytest.raises(OptionError, match="trials"):
        search(CONFIG, space, out=tmp_path / "s", data=pictures(), trials=0)
    assert not (tmp_path / "s").exists()


def test_options_of_a_net_are_searched_beside_those_that_it_has() -> None:
    settings = change(CONFIG, {"net": {"name": "shufflenet_v1", "options": {"groups": 3}}})
    found = with_values(settings, {"net.options.other": 1, "net.width": 0.5})
    assert found.net.options == {"groups": 3, "other": 1}
    assert found.net.width == 0.5


@pytest.mark.parametrize("config", [TrainConfig(), CONFIG])
def test_configs_survive_being_written_as_toml(config: TrainConfig, tmp_path: Path) -> None:
    odd = change(
        config,
        {
            "net": {"options": {"a b": 'quo"te\\', "list": [1, 2.5, True]}},
            "optimizer": {"learning_rate": 1e-22},
        },
    )
    (tmp_path / "c.toml").write_text(to_toml(to_dict(odd), comment="two\n\nlines"))
    assert read_config(tmp_path / "c.toml") == odd
