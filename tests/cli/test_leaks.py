"""``edgecnn train --check-leaks``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from tests.helpers.command import edgecnn_command

CHECK = ("train", "--net", "lenet5", "--check-leaks")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of ten pictures, no two of which look alike."""
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(10):
            rough = rng.integers(0, 256, (6, 6, 3), np.uint8)
            file = tmp_path / name / f"{number}.png"
            cv2.imwrite(str(file), cv2.resize(rough, (48, 48), interpolation=cv2.INTER_CUBIC))
    return tmp_path


def test_pictures_without_copies_pass(folder: Path) -> None:
    said = edgecnn_command(*CHECK, "--data", folder, "--set", "data.validation=0.5")
    assert said.code == 0, said.err
    assert said.out == "held back: no picture of the 10 is among the 10 of training\n"


def test_copies_on_both_sides_are_named_and_fail(folder: Path) -> None:
    for number in range(10):
        shutil.copy(folder / "a" / f"{number}.png", folder / "a" / f"{number}_copy.png")
    given = (*CHECK, "--data", folder, "--set", "data.validation=0.5")
    said = edgecnn_command(*given)
    assert said.code == 1
    assert "pixel by pixel" in said.out
    assert "_copy.png" in said.out
    assert not said.err
    (part,) = json.loads(edgecnn_command(*given, "--json").out)
    assert part["part"] == "held back"
    assert part["exact"] == len(part["copies"]) > 0
    for learned, judged in part["copies"]:
        assert learned != judged
        assert Path(learned).stem.split("_")[0] == Path(judged).stem.split("_")[0]


def test_the_test_part_of_a_data_set_is_compared_too() -> None:
    said = edgecnn_command(*CHECK, "--data", "digits", "--limit", "200", "--json")
    held_back, tested_on = json.loads(said.out)
    assert (held_back["part"], tested_on["part"]) == ("held back", "digits:test")
    assert (tested_on["learned_from"], tested_on["pictures"]) == (180, 360)
    assert said.code == int(held_back["exact"] + tested_on["exact"] > 0)


def test_nothing_held_back_is_said(folder: Path) -> None:
    said = edgecnn_command(*CHECK, "--data", folder, "--set", "data.validation=0.0")
    assert (said.code, said.out) == (
        0, "Nothing is held back or tested on, so nothing was compared.\n",
    )  # fmt: skip
