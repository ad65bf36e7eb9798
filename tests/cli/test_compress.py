"""The verb ``compress``: what it hands on, what it prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("tensorflow")

from converters.compress.folder import SUMMARY, WorkFolder
from converters.compress.pictures import open_recipe_pictures
from converters.compress.summary import FileRow, StepRow, Summary
from edgecnn.data import fashion_mnist
from tests.converters.compress import tiny
from tests.helpers import fashion
from tests.helpers.command import edgecnn_command

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion_mnist.toml"


@pytest.fixture(autouse=True)
def _committed_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))


def summary(bundle: Path) -> Summary:
    cost: dict[str, Any] = {"file_bytes": 181_620, "gzip_bytes": 166_018}
    return Summary(
        name="tiny_clothes",
        bundle=str(bundle),
        steps=(
            StepRow(step="teacher", accuracy=0.9, test_accuracy=None, parameters=None, macs=None),
            StepRow(
                step="student",
                accuracy=0.875,
                test_accuracy=None,
                parameters=44_426,
                macs=281_640,
                latency_ms={"litert": 0.12},
                **cost,
            ),
        ),
        files=(
            FileRow(
                file="int8.tflite", backend="litert", bytes=35_488, accuracy=0.87, agreement=0.998
            ),
        ),
        pictures={"learned from": 240, "held back": 60},
        tested_on="",
        reference="the simulation that was trained",
        machine="a processor",
        threads=1,
    )


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A work folder in which everything is done."""
    folder, recipe = WorkFolder(tmp_path / "work"), tiny.recipe()
    folder.begin_or_go_on(recipe, open_recipe_pictures(recipe).describe(), None)
    folder.write_json(SUMMARY, msgspec.to_builtins(summary(folder.bundle)))
    return folder.path


def test_what_is_done_is_shown_again(finished: Path) -> None:
    said = edgecnn_command("compress", "--out", finished, "--resume")
    assert said.code == 0, said.err
    for word in ("teacher", "90.00 %", "87.50 %", "44,426", "281,640", "181.6", "0.120"):
        assert word in said.out
    assert "35.5 kB, accuracy 87.00 %, 99.80 % of the decisions" in said.out
    assert "OpenVINO" not in said.out  # nothing was measured there
    assert said.out.rstrip().endswith("bundle")


def test_the_figures_come_as_json(finished: Path) -> None:
    said = edgecnn_command("compress", "--out", finished, "--resume", "--json")
    assert said.code == 0, said.err
    assert [row["step"] for row in json.loads(said.out)["steps"]] == ["teacher", "student"]


def test_a_changed_recipe_is_refused_with_the_differences(finished: Path, tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text('seed = 3\nname = "other"\n[data]\nname = "digits"\n[student]\n')
    said = edgecnn_command("compress", file, "--out", finished, "--resume")
    assert said.code == 1
    assert "seed: 0 -> 3" in said.err
    assert "data.name: 'fashion_mnist:test' -> 'digits'" in said.err
    assert "--from teacher" in said.err


def test_options_reach_the_recipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    handed: dict[str, Any] = {}

    def fake(recipe: Any, **settings: Any) -> Summary:
        handed.update(settings, recipe=recipe)
        return summary(tmp_path / "bundle")

    monkeypatch.setattr("converters.compress.compress", fake)
    assert edgecnn_command("compress", EXAMPLE, "--quick").code == 0
    assert handed["out"] == Path("runs/classify_fashion_mnist-quick")
    assert (handed["check"], handed["short"]) == (False, True)
    assert handed["recipe"].student.fit.epochs == 1
    assert edgecnn_command("compress", EXAMPLE, "--from", "prune").code == 0
    assert handed["out"] == Path("runs/classify_fashion_mnist")
    assert (handed["restart"], handed["check"], handed["short"]) == ("prune", True, False)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Give RECIPE.toml"),
        (("--resume",), 2, "Give RECIPE.toml"),
        (("nowhere.toml",), 1, "nowhere.toml"),
        (("recipe.yaml",), 1, ".toml"),
        (("--out", "nowhere", "--resume"), 1, "recipe.json"),
        ((EXAMPLE, "--from", "distil"), 2, "teacher"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    arguments: tuple[Any, ...],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = edgecnn_command("compress", *arguments)
    assert answer.code == code
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert not list(tmp_path.iterdir())
