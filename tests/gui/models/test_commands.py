from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from edgecnn.cli.convert import convert
from edgecnn.errors import OptionError
from gui.models.commands import CONVERT_TASKS, ConvertWish

WISH = {"model": "net.keras", "name": "mine", "calibration": "pictures"}


def test_what_a_bundle_says_of_itself_reaches_the_command(home: Path) -> None:
    given = ConvertWish(
        **WISH,
        licence="MIT",
        title="My net",
        source="Ada, at home",
        training_data="My desk",
        limits="Daylight only",
    ).arguments()
    pairs = dict(pairwise(given))
    assert pairs["--licence"] == "MIT"
    assert pairs["--title"] == "My net"
    assert pairs["--source"] == "Ada, at home"
    assert pairs["--training-data"] == "My desk"
    assert pairs["--limits"] == "Daylight only"


def test_what_is_left_empty_is_left_to_the_command(home: Path) -> None:
    given = ConvertWish(**WISH).arguments()
    assert not {"--licence", "--title", "--source", "--limits", "--describe"} & set(given)


def test_every_option_is_one_of_the_command(home: Path) -> None:
    known = {option for parameter in convert.params for option in parameter.opts}
    wish = ConvertWish(
        **WISH, task="detect", describe="net.json", labels="l.txt", validation="v",
        licence="MIT", title="t", source="s", training_data="d", limits="l",
    )  # fmt: skip
    assert {word for word in wish.arguments() if word.startswith("--")} <= known


@pytest.mark.parametrize("task", CONVERT_TASKS)
def test_detection_is_asked_for_its_description_before_anything_runs(task: str, home: Path) -> None:
    if task in ("detect", "detect_faces"):
        with pytest.raises(OptionError, match="description"):
            ConvertWish(**WISH, task=task).arguments()
    else:
        assert task in ConvertWish(**WISH, task=task).arguments()
