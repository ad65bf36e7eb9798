"""The work folder: what is gone on with, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras")

from converters.compress.folder import FOLDERS, WorkFolder
from edgecnn.errors import TrainingError, UnknownNameError
from tests.converters.compress import tiny

PICTURES: dict[str, Any] = {"classes": ["a", "b"], "train": {"pictures": 3, "fingerprint": "0"}}


@pytest.fixture
def begun(tmp_path: Path) -> WorkFolder:
    """A folder in which all steps have left something."""
    folder = WorkFolder(tmp_path / "work")
    folder.begin_or_go_on(tiny.recipe(), PICTURES, None)
    for name in FOLDERS:
        folder.step(name).mkdir()
        (folder.step(name) / ("bundle.json" if name == "convert" else "config.json")).touch()
    return folder


def left(folder: WorkFolder) -> list[str]:
    return [name for name in FOLDERS if folder.step(name).exists()]


def test_the_recipe_can_be_had_back(begun: WorkFolder) -> None:
    assert begun.recipe() == tiny.recipe()
    begun.check(tiny.recipe(), resume=True, restart=None)


def test_a_used_folder_is_not_begun_again(begun: WorkFolder) -> None:
    with pytest.raises(TrainingError, match="--resume.*--from STEP"):
        begun.check(tiny.recipe(), resume=False, restart=None)


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(TrainingError, match="other things"):
        WorkFolder(tmp_path).check(tiny.recipe(), resume=False, restart=None)
    with pytest.raises(TrainingError, match="no recipe to go on with"):
        WorkFolder(tmp_path).check(tiny.recipe(), resume=True, restart=None)


@pytest.mark.parametrize(
    ("changes", "difference", "step"),
    [
        ({"seed": 1}, "seed: 0 -> 1", "teacher"),
        ({"teacher": {"train": {**tiny.TRAIN, "fit": {"epochs": 9}}}}, "epochs: 3 -> 9", "teacher"),
        ({"teacher": {"train": tiny.TRAIN, "soft": 0.5}}, "teacher.soft: 0.7 -> 0.5", "student"),
        (
            {"student": {**tiny.TRAIN, "fit": {"epochs": 9}}},
            "student.fit.epochs: 3 -> 9",
            "student",
        ),
        ({"prune": None}, "prune: {", "prune"),
        ({"quantize": {"train": {"fit": {"epochs": 2}}}}, "epochs: 1 -> 2", "quantize"),
        ({"convert": {"rounds": 9}}, "convert.rounds: 3 -> 9", "convert"),
        ({"name": "other"}, "name: 'tiny_clothes' -> 'other'", "convert"),
    ],
)
def test_another_recipe_is_refused_unless_it_is_redone_from_where_it_differs(
    begun: WorkFolder, changes: dict[str, Any], difference: str, step: Any
) -> None:
    other = tiny.recipe(**changes)
    with pytest.raises(TrainingError) as caught:
        begun.check(other, resume=True, restart=None)
    assert difference in str(caught.value)
    assert f"--from {step}" in str(caught.value)
    order = list(FOLDERS)
    for late in order[order.index(step) + 1 :]:
        with pytest.raises(TrainingError):
            begun.check(other, resume=False, restart=late)  # type: ignore[arg-type]
    begun.check(other, resume=False, restart=step)
    assert left(begun) == order


def test_redoing_removes_the_step_and_all_later_ones(begun: WorkFolder) -> None:
    begun.begin_or_go_on(tiny.recipe(seed=1), PICTURES, "prune")
    assert left(begun) == ["teacher", "student"]
    assert begun.recipe().seed == 1


def test_other_pictures_are_refused(begun: WorkFolder) -> None:
    begun.check_pictures(PICTURES)
    other = {**PICTURES, "train": {"pictures": 4, "fingerprint": "1"}}
    with pytest.raises(TrainingError, match=r"train\.pictures: 3 -> 4"):
        begun.check_pictures(other)


def test_a_step_that_was_killed_before_it_began_is_done_anew(begun: WorkFolder) -> None:
    (begun.step("student") / "run.json").touch()
    assert begun.is_begun("student")
    assert not begun.is_begun("prune")
    assert not begun.step("prune").exists()


def test_unknown_steps_are_refused_with_the_known_ones(begun: WorkFolder) -> None:
    with pytest.raises(UnknownNameError, match="teacher, student, prune, quantize, convert"):
        begun.check(tiny.recipe(), resume=False, restart="distil")  # type: ignore[arg-type]
