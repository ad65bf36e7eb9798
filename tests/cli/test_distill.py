"""The verb ``distill``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("tensorflow")

from edgecnn.data import fashion_mnist
from tests.helpers import fashion
from tests.helpers.command import edgecnn_command
from tests.training.steps import tiny

DATA = ("--data", "fashion_mnist:test", "--limit", "200")


@pytest.fixture(autouse=True)
def _committed_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))
    tiny.draw_nothing(monkeypatch)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("distill")
    return tiny.save(tiny.net(side=28, classes=10, filters=8), folder / "teacher.keras")


def test_a_student_of_two_teachers_is_set_beside_them(teacher: Path) -> None:
    out = teacher.parent / "out"
    (teacher.parent / "student.toml").write_text(
        '[train]\npreset = "quick"\n[train.net]\nname = "alexnet"\n'
    )
    said = edgecnn_command(
        "distill", teacher.parent / "student.toml", "--net", "lenet5", "--width", "0.5",
        "--teacher", teacher, "--teacher", teacher, *DATA, "--epochs", "2",
        "--temperature", "2", "--soft", "0.5", "--out", out,
    )  # fmt: skip
    assert said.code == 0, said.err
    for word in ("teachers", "student", "held-back pictures", "20 pictures"):
        assert word in said.out
    config = json.loads((out / "config.json").read_text())
    assert (config["teach"]["temperature"], config["teach"]["soft"]) == (2.0, 0.5)
    assert config["train"]["net"]["name"] == "lenet5"
    assert config["train"]["net"]["width"] == 0.5
    again = edgecnn_command("distill", "--out", out, "--resume", "--json")
    told = json.loads(again.out)
    assert told["details"]["teachers"] == [str(teacher)] * 2
    assert (
        told["before"]["parameters"] == 2 * tiny.net(side=28, classes=10, filters=8).count_params()
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--net", "lenet5", *DATA), 2, "--teacher"),
        (("--teacher", "TEACHER", *DATA), 2, "--net"),
        (("--net", "lenet5", "--teacher", "TEACHER"), 2, "CONFIG or --data"),
        (("--net", "lenet6", "--teacher", "TEACHER", *DATA), 1, "lenet6"),
        (("--net", "lenet5", "--teacher", "self", *DATA), 1, "its own teacher"),
        (("--net", "lenet5", "--teacher", "none", *DATA), 1, "at least one teacher"),
        (("--net", "lenet5", "--teacher", "nowhere.keras", *DATA), 1, "nowhere.keras"),
        (("--net", "lenet5", "--teacher", "TEACHER", "--soft", "2", *DATA), 1, "teach.soft"),
        (("--net", "vgg16", "--teacher", "TEACHER", "--data", "digits"), 1, "give at least"),
    ],
)
def test_what_cannot_be_distilled_is_said_in_a_line(
    arguments: tuple[str, ...], code: int, said: str, teacher: Path, tmp_path: Path
) -> None:
    places = {"TEACHER": teacher}
    answer = edgecnn_command(
        "distill", *(places.get(one, one) for one in arguments), "--out", tmp_path / "out"
    )
    assert answer.code == code
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "out").exists()
