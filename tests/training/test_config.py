"""Configs, presets, schedules and optimizers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from edgecnn.errors import EdgeCNNError, OptionError
from edgecnn.training.config import (
    OptimizerConfig,
    ScheduleConfig,
    TrainConfig,
    differences,
    make_config,
    read_config,
    to_dict,
)
from edgecnn.training.optimizers import OPTIMIZERS, make_optimizer, prepare
from edgecnn.training.presets import PRESETS, preset
from edgecnn.training.quiet import to_numpy
from edgecnn.training.schedules import Plateau, Schedule


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_survives_being_written_and_read(name: str, tmp_path: Path) -> None:
    config = preset(name)
    assert make_config(to_dict(config)) == config
    (tmp_path / "c.toml").write_text(f'preset = "{name}"\n[fit]\nseed = 7\n')
    read = read_config(tmp_path / "c.toml")
    assert differences(to_dict(config), to_dict(read)) == ["fit.seed: 0 -> 7"]


def test_no_group_has_more_than_seven_fields() -> None:
    def check(content: dict[str, Any]) -> None:
        assert len(content) <= 7, sorted(content)
        for value in content.values():
            if isinstance(value, dict):
                check(value)

    check(to_dict(TrainConfig()))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"preset": "grand"}, "quick"),
        ({"fit": {"epoch": 3}}, "epoch"),
        ({"fit": {"epochs": 0}}, "epochs"),
        ({"optimizer": {"name": "lion"}}, "optimizer.name"),
        ({"data": {"balance": 1.5}}, "data.balance"),
        ({"data": {"balance": "both"}}, "data.balance"),
        ({"data": {"augment": {"layers": {"rotate": "much"}}}}, "augment.layers"),
        ({"optimizer": {"name": "sgd", "nesterov": True}}, "nesterov"),
        ({"optimizer": {"name": "adam", "momentum": 0.9}}, "momentum"),
        ({"optimizer": {"clip_norm": 1.0, "clip_value": 1.0}}, "not both"),
        ({"schedule": {"warmup_epochs": 10.0}}, "warm-up"),
        ({"schedule": {"name": "plateau"}, "data": {"validation": 0.0}}, "validation"),
        ({"regularize": {"average": {"name": "swa", "start_epoch": 10}}}, "nothing to average"),
        ({"net": {"std": [0.0]}}, "std"),
        ({"transfer": {"freeze": "some"}}, "freeze"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(content: dict[str, Any], said: str) -> None:
    with pytest.raises(EdgeCNNError, match=said):
        make_config(content)


def test_files_of_another_kind_or_without_tables_are_refused(tmp_path: Path) -> None:
    for name, text in (("c.yaml", "a: 1"), ("c.json", "[1]"), ("d.toml", "= 3")):
        (tmp_path / name).write_text(text)
        with pytest.raises(OptionError):
            read_config(tmp_path / name)


def rates(config: ScheduleConfig, epochs: int = 4, steps: int = 5) -> Any:
    schedule = Schedule(config, 1.0, steps_per_epoch=steps, epochs=epochs)
    return np.array([float(to_numpy(schedule(step))) for step in range(epochs * steps)])


def test_schedules_by_formula() -> None:
    epoch = np.arange(20) / 5
    step = rates(ScheduleConfig(name="step", every_epochs=2, factor=0.1))
    np.testing.assert_allclose(step, 0.1 ** np.floor(epoch / 2), rtol=1e-5)
    exponential = rates(ScheduleConfig(name="exponential", every_epochs=2, factor=0.1))
    np.testing.assert_allclose(exponential, 0.1 ** (epoch / 2), rtol=1e-5)
    cosine = rates(ScheduleConfig(name="cosine", final=0.1))
    expected = 0.1 + 0.9 * 0.5 * (1 + np.cos(math.pi * epoch / 4))
    np.testing.assert_allclose(cosine, expected, rtol=1e-4)
    warm = rates(ScheduleConfig(name="constant", warmup_epochs=2))
    np.testing.assert_allclose(warm, np.minimum((np.arange(20) + 1) / 10, 1.0), rtol=1e-5)


def test_a_schedule_goes_on_where_an_earlier_optimizer_ended() -> None:
    late = Schedule(ScheduleConfig(), 1.0, steps_per_epoch=5, epochs=4, first_step=7)
    assert float(to_numpy(late(3))) == pytest.approx(rates(ScheduleConfig())[10], rel=1e-5)


def test_plateau_lowers_after_patience_and_not_below_its_floor() -> None:
    config = ScheduleConfig(name="plateau", factor=0.1, patience=2, final=0.05)
    plateau = Plateau(config)
    shares = [plateau.tell(loss) for loss in (3.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0)]
    assert shares == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.05, 0.05])
    assert Plateau.after(config, [3.0, 2.0, 2.0, 2.0]).share == pytest.approx(0.1)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_walks_downhill_and_spares_biases_from_decay(name: str) -> None:
    layer = keras.layers.Dense(2, kernel_initializer="ones", bias_initializer="ones")
    layer.build((None, 3))
    config = OptimizerConfig(name=name, learning_rate=0.1, weight_decay=0.5)
    optimizer = make_optimizer(config, 0.1)
    prepare(optimizer, layer.trainable_variables)
    optimizer.apply([np.zeros((3, 2), np.float32), np.zeros(2, np.float32)])
    assert (to_numpy(layer.kernel) < 1).all()  # decay alone
    assert (to_numpy(layer.bias) == 1).all()
    optimizer.apply([np.ones((3, 2), np.float32), np.ones(2, np.float32)])
    assert (to_numpy(layer.bias) < 1).all()


@pytest.mark.parametrize(
    ("changes", "known"),
    [({"dat": {}}, "data, fit, "), ({"data": {"augment": {"nam": 1}}}, "fill_mode, ")],
)
def test_an_unknown_name_comes_with_those_there_are(changes: dict[str, Any], known: str) -> None:
    with pytest.raises(OptionError, match=f"unknown field .*Known there: .*{known}"):
        make_config(changes)
