"""What pruning refuses: before anything is written, in words that say what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from edgecnn.errors import EdgeCNNError, OptionError, TrainingError
from edgecnn.training import quantize
from edgecnn.training.steps.config import PruneStep
from edgecnn.training.steps.data import StepData
from edgecnn.training.steps.pruning import run_prune
from edgecnn.training.steps.reading import change
from tests.training.steps import tiny


def step(**changes: Any) -> PruneStep:
    base = {"target": {"keep_macs": 0.3}, "stages": 2, "train": tiny.QUICK}
    return change(change(PruneStep(), base), changes)


def parameters(model: keras.Model) -> float:
    """In place of a clock."""
    return float(model.count_params())


def refused(
    error: type[EdgeCNNError], out: Path, changes: dict[str, Any], model: Any = None, **more: Any
) -> str:
    """The words of the refusal; nothing may have been written."""
    more.setdefault("data", tiny.data())
    with pytest.raises(error) as caught:
        run_prune(tiny.trained() if model is None else model, step(**changes), out=out, **more)
    assert not out.exists()
    return str(caught.value)


def test_a_target_that_cannot_be_met_is_refused_with_the_least_that_can(tmp_path: Path) -> None:
    said = refused(OptionError, tmp_path / "out", {"target": {"keep_macs": 0.001}})
    assert "cannot be met: the least is" in said
    said = refused(
        OptionError, tmp_path / "out", {"target": {"latency_ms": 1.0}}, measure=parameters
    )
    assert "target of 1 ms cannot be met" in said


def test_a_time_that_is_met_already_leaves_nothing_to_do(tmp_path: Path) -> None:
    said = refused(
        OptionError, tmp_path / "out", {"target": {"latency_ms": 1e6}}, measure=parameters
    )
    assert "nothing to prune" in said


def test_a_time_needs_somebody_who_measures_it(tmp_path: Path) -> None:
    said = refused(OptionError, tmp_path / "out", {"target": {"keep_latency": 0.5}})
    assert "keep_macs" in said


def test_a_layer_that_pruning_does_not_know_is_named(tmp_path: Path) -> None:
    said = refused(OptionError, tmp_path / "out", {}, tiny.net(tiny.unknown_layer()))
    assert "'wobble'" in said
    assert "Wobble" in said


def test_a_net_that_rounds_is_refused(tmp_path: Path) -> None:
    said = refused(OptionError, tmp_path / "out", {}, quantize.prepare(tiny.trained()))
    assert "prune first" in said


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: tiny.net(classes=4), "same classes"),
        (lambda: tiny.net(side=12), "(12, 12, 1)"),
    ],
)
def test_a_teacher_of_other_pictures_or_classes_is_named(
    build: Callable[[], keras.Model], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "teacher.keras"
    tiny.save(build(), file)
    words = refused(OptionError, tmp_path / "out", {"teach": {"sources": [str(file)]}})
    assert said in words
    assert str(file) in words


def test_hints_of_layers_that_are_not_there_are_refused(tmp_path: Path) -> None:
    pair = {"student": "one_relu", "teacher": "three_relu"}
    words = refused(OptionError, tmp_path / "out", {"teach": {"attention": [pair]}})
    assert "three_relu" in words
    words = refused(OptionError, tmp_path / "out", {"teach": {"sources": [], "features": [pair]}})
    assert "teach.sources" in words


def test_a_net_for_other_pictures_is_refused(tmp_path: Path) -> None:
    words = refused(OptionError, tmp_path / "out", {}, tiny.net(side=12))
    assert "(12, 12, 1)" in words
    words = refused(OptionError, tmp_path / "out", {}, tiny.net(classes=4))
    assert "3 classes" in words


def test_a_net_with_nan_in_it_is_refused(tmp_path: Path) -> None:
    model = tiny.trained()
    model.get_layer("one").kernel.assign(np.full((3, 3, 1, 16), np.nan, np.float32))
    assert "NaN" in refused(OptionError, tmp_path / "out", {}, model)


def test_early_stopping_needs_held_back_pictures(tmp_path: Path) -> None:
    words = refused(
        OptionError,
        tmp_path / "out",
        {"train": {"fit": {"patience": 1}}},
        data=StepData(tiny.pictures()),
    )
    assert "validation" in words


def test_a_loss_that_is_no_number_stops_and_names_what_is_kept(tmp_path: Path) -> None:
    wild = step(train={"optimizer": {"name": "sgd", "learning_rate": 1e30}}, stages=1)
    with pytest.raises(TrainingError, match=r"at step \d+ of epoch 1") as caught:
        run_prune(tiny.trained(), wild, out=tmp_path / "out", data=tiny.data())
    assert "learning_rate" in str(caught.value)
    assert (tmp_path / "out" / "stage-1.keras").exists()
    assert not (tmp_path / "out" / "result.json").exists()
