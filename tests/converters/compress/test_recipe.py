"""Recipes: what is said once, what is refused, and the quick form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras")

from converters.compress.recipe import QUICK_LIMIT, TEACHER, make_recipe, quick, read_recipe
from edgecnn.errors import OptionError, UnknownNameError
from edgecnn.training.steps.config import SELF
from tests.converters.compress import tiny

EXAMPLE = Path(__file__).parents[3] / "examples" / "fashion_mnist.toml"


def test_pictures_and_seed_are_said_once_for_all_trainings() -> None:
    made = tiny.recipe(seed=7)
    assert made.teacher is not None
    assert made.teacher.train is not None
    assert made.prune is not None
    assert made.quantize is not None
    for train in (made.teacher.train, made.student, made.prune.train, made.quantize.train):
        assert train.data.name == "fashion_mnist:test"
        assert train.data.validation == 0.2
        assert train.data.limit == 300
        assert train.fit.seed == 7


def test_steps_start_from_their_own_defaults_and_students_from_presets() -> None:
    made = tiny.recipe(student={"preset": "small_pictures", "net": {"name": "lenet5"}})
    assert made.student.regularize.average.name == "ema"
    assert made.prune is not None
    assert made.prune.train.optimizer.name == "adamw"
    assert made.prune.target.given == ("keep_macs",)
    assert made.prune.teach.sources == (SELF,)
    assert made.quantize is not None
    assert made.quantize.teach.sources == (TEACHER,)


def test_all_but_data_and_student_may_be_left_out() -> None:
    made = make_recipe({"name": "a", "data": {"name": "digits"}, "student": {}})
    assert (made.teacher, made.prune, made.quantize) == (None, None, None)
    assert made.data.validation == made.student.data.validation == 0.1


def test_the_example_is_a_recipe() -> None:
    made = read_recipe(EXAMPLE)
    assert made.name == "classify_fashion_mnist"
    assert made.teacher is not None
    assert made.quantize is not None


def test_quick_is_short_everywhere() -> None:
    made = quick(read_recipe(EXAMPLE))
    assert made.teacher is not None
    assert made.teacher.train is not None
    assert made.prune is not None
    assert made.quantize is not None
    trains = (made.teacher.train, made.student, made.prune.train, made.quantize.train)
    assert {train.fit.epochs for train in trains} == {1}
    assert {train.data.limit for train in trains} == {made.data.limit} == {QUICK_LIMIT}
    assert made.prune.stages == 1
    assert made.student.net == read_recipe(EXAMPLE).student.net


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"student": None}, r"no \[student\]"),
        ({"name": None}, "name"),
        ({"name": "a/../b"}, "name: the path"),
        ({"shrink": {}}, "unknown field `shrink`"),
        ({"data": {"name": "digits", "shuffle": True}}, "unknown field `shuffle`"),
        ({"data": "digits"}, "data is a table"),
        ({"data": {"name": "digits", "validation": 0.0}}, "validation"),
        ({"student": {"net": {"wdith": 2}}}, r"student.*unknown field `wdith`.*net"),
        ({"student": {"fit": {"epochs": 0}}}, "epochs"),
        ({"student": {"fit": {"seed": 3}}}, "student.fit.seed: .*say it once, as seed"),
        ({"student": {"data": {"limit": 3}}}, r"student.data.limit: .*once, as data\.limit"),
        ({"student": {"preset": "quickest"}}, "quick, small_pictures"),
        ({"prune": {"targets": {}}}, "prune.*unknown field `targets`"),
        ({"prune": {"target": {"keep_macs": 0.5, "sparsity": 0.5}}}, "give exactly one"),
        ({"prune": {"judge": "digits"}}, r"data\.test"),
        ({"quantize": {"rounding": {"weights": "int2"}}}, "int2"),
        ({"teacher": {"soft": 0.5}}, "either sources .* or train"),
        ({"teacher": {"sources": ["a.keras"], "train": {}}}, "either sources .* or train"),
        ({"teacher": {"sources": ["self"]}}, "are .keras files or bundles"),
        ({"teacher": None}, "quantize.teach.sources names the teacher, but there is none"),
        ({"convert": {"targets": ["onnx"]}}, "onnx"),
        ({"convert": {"precisions": ["float32"]}}, "name int8, or leave quantize out"),
        ({"convert": {"about": {"license": "MIT"}}}, "unknown field `license`"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((OptionError, UnknownNameError), match=message):
        tiny.recipe(**changes)


def test_files_that_are_no_recipes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"\.toml"):
        read_recipe(tmp_path / "recipe.yaml")
    (tmp_path / "recipe.toml").write_text("name = ")
    with pytest.raises(OptionError, match="cannot be read"):
        read_recipe(tmp_path / "recipe.toml")


@pytest.mark.parametrize(
    ("quantize", "kept"),
    [
        ({}, "last"),
        ({"keep": "best"}, "best"),
        ({"train": {"fit": {"patience": 2}}}, "best"),
        ({"train": {"preset": "small_pictures"}}, "last"),
    ],
)
def test_the_last_epoch_of_quantization_is_kept_unless_told(
    quantize: dict[str, Any], kept: str
) -> None:
    content = {
        "name": "small",
        "data": {"name": "digits"},
        "student": {"net": {"name": "lenet5"}},
        "quantize": quantize,
    }
    step = make_recipe(content).quantize
    assert step is not None
    assert step.kept == kept
