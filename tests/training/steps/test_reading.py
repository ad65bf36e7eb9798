"""Steps from files and from tables: what is merged, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras")

from edgecnn.errors import OptionError, UnknownNameError
from edgecnn.training.steps.config import DistillStep, PruneStep, QuantizeStep
from edgecnn.training.steps.reading import change, read_step, to_dict

TEACHER = {"teach": {"sources": ["teacher.keras"]}}
STEPS = (change(DistillStep(), TEACHER), PruneStep(), QuantizeStep())


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_a_step_comes_back_from_its_tables(step: Any) -> None:
    assert change(step, to_dict(step)) == step
    assert to_dict(step)["step"] == type(step).__name__.removesuffix("Step").lower()


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    file = tmp_path / "prune.toml"
    file.write_text(
        'stages = 5\n[target]\nkeep_macs = 0.25\n[teach]\nsources = ["a.keras"]\n'
        "[train.fit]\nepochs = 3\n"
    )
    step = read_step(file, PruneStep())
    assert (step.stages, step.target.keep_macs, step.train.fit.epochs) == (5, 0.25, 3)
    assert step.teach.sources == ("a.keras",)
    assert step.teach.temperature == PruneStep().teach.temperature
    assert step.train.optimizer == PruneStep().train.optimizer


def test_the_training_may_start_from_a_preset() -> None:
    step = change(PruneStep(), {"train": {"preset": "classic", "fit": {"epochs": 2}}})
    assert (step.train.optimizer.name, step.train.fit.epochs) == ("sgd", 2)


def test_one_goal_takes_the_place_of_another_and_backend_stays() -> None:
    step = change(PruneStep(), {"target": {"keep_latency": 0.5, "backend": "openvino"}})
    step = change(step, {"target": {"latency_ms": 2.0}})
    assert step.target.given == ("latency_ms",)
    assert step.target.backend == "openvino"


@pytest.mark.parametrize(
    ("base", "changes", "said"),
    [
        (PruneStep(), {"target": {"keep_macs": None}}, "exactly one"),
        (PruneStep(), {"target": {"keep_macs": 0.5, "sparsity": 0.5}}, "keep_macs and sparsity"),
        (PruneStep(), {"target": {"keep_macs": 1.5}}, "target.keep_macs"),
        (PruneStep(), {"target": {"n_of_m": [4, 4]}}, "fewer than 4 of 4"),
        (PruneStep(), {"target": {"keep": 0.5}}, "keep"),
        (PruneStep(), {"train": {"transfer": {"source": "x.keras"}}}, "transfer.source"),
        (PruneStep(), {"train": {"preset": "quickest"}}, "quick, small_pictures"),
        (PruneStep(), {"train": 3}, "a table of groups"),
        (PruneStep(), {"step": "quantize"}, "'quantize'"),
        (
            PruneStep(),
            {"target": {"sparsity": 0.5}, "train": {"regularize": {"average": {"name": "ema"}}}},
            "'ema'",
        ),
        (QuantizeStep(), {"rounding": {"freeze_epoch": 3}}, "the epochs end with 2"),
        (QuantizeStep(), {"train": {"fit": {"precision": "mixed_bfloat16"}}}, "float32"),
        (
            QuantizeStep(),
            {"teach": {"attention": [{"student": "a", "teacher": "b"}]}},
            "answers alone",
        ),
        (QuantizeStep(), {"rounding": {"weights": "int2"}}, "int2"),
        (DistillStep(), {}, "at least one teacher"),
        (DistillStep(), {"teach": {"sources": ["self"]}}, "its own teacher"),
    ],
)
def test_what_does_not_fit_together_is_said(base: Any, changes: Any, said: str) -> None:
    with pytest.raises((OptionError, UnknownNameError)) as caught:
        change(base, changes)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.yaml", "x", ".toml or .json"),
        ("a.toml", "x = ", "cannot be read"),
        ("a.json", "[1]", "no table"),
    ],
)
def test_files_that_hold_no_step_are_named(
    name: str, content: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(OptionError, match=said) as caught:
        read_step(file, PruneStep())
    assert name in str(caught.value)


def test_the_file_in_the_documents_is_one(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "training.md").read_text("utf-8")
    file = tmp_path / "prune.toml"
    file.write_text(text.partition("```toml\n")[2].partition("```")[0])
    step = read_step(file, PruneStep())
    assert step.target.given == ("keep_macs",)
    assert step.teach.attention[0].student == "block_5_add"
    assert (step.stages, step.epochs_between) == (PruneStep().stages, PruneStep().epochs_between)
    for goal in step.target.GOALS:
        assert f"{goal} = " in file.read_text()


def test_an_unknown_name_comes_with_those_there_are() -> None:
    with pytest.raises(OptionError, match=r"unknown field `data`.*Known there: .*judge.*train"):
        change(DistillStep(), {"data": {"size_wh": [48, 48]}})
    with pytest.raises(OptionError, match=r"unknown field `size`.*Known there: .*size_wh"):
        change(DistillStep(), {"train": {"data": {"size": [48, 48]}}})
