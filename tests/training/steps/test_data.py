"""Which pictures a step learns from and is judged on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras")

from edgecnn.data import fashion_mnist
from edgecnn.errors import OptionError
from edgecnn.training.config import TrainConfig, change
from edgecnn.training.steps.data import StepData, open_step_data, part
from tests.helpers import fashion
from tests.training.steps import tiny


def config(name: str, **data: object) -> TrainConfig:
    return change(TrainConfig(), {"data": {"name": name, **data}})


def test_a_data_set_is_judged_on_its_test_part() -> None:
    data = open_step_data(config("digits"))
    assert data.words == "digits:test"
    assert data.test is not None
    assert data.validation is not None
    assert len(data.judged) == len(data.test)
    assert len(data.train) > len(data.validation)


@pytest.mark.parametrize("name", ["digits:all", "digits:test"])
def test_another_part_is_judged_on_what_is_held_back(name: str) -> None:
    data = open_step_data(config(name))
    assert data.words == "held-back pictures"
    assert data.validation is not None
    assert len(data.judged) == len(data.validation)


def test_pictures_to_judge_on_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fashion_mnist.ENVIRONMENT, str(fashion.FOLDER))
    limited = config("fashion_mnist:test", limit=300, validation=0.0)
    assert len(open_step_data(limited).judged) == 300
    data = open_step_data(limited, judge="fashion_mnist:test")
    assert (data.words, len(data.judged)) == ("fashion_mnist:test", 2000)


def test_pictures_of_files_get_the_size_of_the_net(tmp_path: Path) -> None:
    whole = tiny.pictures(30)
    folder = tmp_path / "pictures"
    fashion.write_classes(folder, whole.images, whole.labels, whole.names)
    data = open_step_data(config(str(folder), validation=0.2), model=tiny.net(side=12))
    assert data.samples.images.shape == (24, 12, 12, 1)
    assert data.judged.images.shape == (6, 12, 12, 1)


def test_pictures_of_other_classes_cannot_judge() -> None:
    with pytest.raises(OptionError, match="same order"):
        open_step_data(config("digits", validation=0.0), judge="fashion_mnist:test")


def test_the_same_seed_parts_alike_and_some_are_drawn_alike() -> None:
    settings = change(TrainConfig(), {"fit": {"seed": 3}})
    one, two = (part(tiny.pictures(), settings) for _ in range(2))
    assert one.describe() == two.describe()
    np.testing.assert_array_equal(one.some(7, 1).images, two.some(7, 1).images)
    assert len(one.some(1000, 1)) == len(one.train)
    other = part(tiny.pictures(), change(settings, {"fit": {"seed": 4}}))
    assert other.describe() != one.describe()


def test_what_was_handed_in_is_named() -> None:
    whole = tiny.pictures()
    assert StepData(whole).words == "pictures learned from"
    assert StepData(whole, whole).words == "held-back pictures"
    assert StepData(whole, whole, whole).words == "test pictures"
    assert StepData(whole, judged_on="mine").words == "mine"
