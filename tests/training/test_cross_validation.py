"""Folds: who is judged on what, what comes out, and that a killed series goes on."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from edgecnn.data.image_data import ImageData
from edgecnn.errors import OptionError, TrainingError
from edgecnn.training import cross_validation
from edgecnn.training.config import TrainConfig, change
from edgecnn.training.cross_validation import FoldPlan, cross_validate, make_splits
from edgecnn.training.fold_statistics import over_folds

NAMES = ("dark", "left", "right")
CONFIG = change(
    TrainConfig(),
    {
        "net": {"name": "lenet5"},
        "data": {"validation": 0.0},
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "schedule": {"name": "constant"},
        "fit": {"epochs": 1, "batch_size": 8, "seed": 5},
    },
)


def pictures(count: int = 60, *, groups: int | None = None) -> ImageData:
    """Grey pictures: dark ones, and those that are bright on one side."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 3
    images = rng.integers(0, 60, (count, 20, 20))
    images[labels == 1, :, :10] += 150
    images[labels == 2, :, 10:] += 150
    members = None if groups is None else (np.arange(count) // 3 % groups).astype(np.int64)
    return ImageData(images.astype(np.uint8), labels.astype(np.int64), NAMES, members)


class Killed(Exception):  # noqa: N818 (it stands for a kill, not for an error)
    """What a test stops a series with."""


def test_every_picture_is_judged_once_and_a_killed_series_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, out = FoldPlan(folds=3), tmp_path / "cv"
    trained = []
    train = cross_validation.train

    def counted(*args: Any, **settings: Any) -> Any:
        if len(trained) == 2:
            raise Killed
        trained.append(Path(settings["out"]).name)
        return train(*args, **settings)

    monkeypatch.setattr(cross_validation, "train", counted)
    with pytest.raises(Killed):
        cross_validate(CONFIG, out=out, plan=plan, data=pictures())
    assert not (out / cross_validation.TABLE).exists()
    monkeypatch.setattr(
        cross_validation, "train", lambda *a, **s: trained.append("again") or train(*a, **s)
    )
    result = cross_validate(CONFIG, out=out, plan=plan, data=pictures(), resume=True)
    assert trained == ["fold_01", "fold_02", "again"]

    assert result.confusion.sum() == 60
    np.testing.assert_array_equal(result.confusion.sum(axis=1), [20, 20, 20])
    assert [fold.trained_on for fold in result.folds] == [40, 40, 40]
    accuracies = [fold.figures["accuracy"] for fold in result.folds]
    for fold, accuracy in zip(result.folds, accuracies, strict=True):
        assert np.trace(fold.confusion) / 20 == pytest.approx(accuracy)
    told = result.statistics["accuracy"]
    assert told.mean == pytest.approx(np.mean(accuracies))
    assert told.deviation == pytest.approx(np.std(accuracies, ddof=1))

    table = json.loads((out / cross_validation.TABLE).read_text())
    assert table["confusion"] == result.confusion.tolist()
    assert "Student t" in table["interval"]
    assert (out / "confusion.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(TrainingError, match="folds: 3 -> 4"):
        cross_validate(CONFIG, out=out, plan=FoldPlan(folds=4), data=pictures(), resume=True)
    with pytest.raises(TrainingError, match="--resume"):
        cross_validate(CONFIG, out=out, plan=plan, data=pictures())


def test_runs_never_see_their_test_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, seen = pictures(24, groups=4), []

    def looking(*args: Any, **settings: Any) -> Any:
        seen.append(set(settings["data"].groups.tolist()))
        assert settings.get("validation") is None
        raise Killed

    monkeypatch.setattr(cross_validation, "train", looking)
    plan = FoldPlan(scheme="leave_one_group_out")
    with pytest.raises(Killed):
        cross_validate(CONFIG, out=tmp_path / "cv", plan=plan, data=data)
    parts = list(make_splits(data, plan, 0))
    assert len(parts) == 4
    assert seen == [{1, 2, 3}]


@pytest.mark.parametrize(
    ("plan", "count", "test_size"),
    [
        (FoldPlan(folds=4), 4, 15),
        (FoldPlan(folds=4, repeats=2), 8, 15),
        (FoldPlan(scheme="monte_carlo", folds=3, test=0.25), 3, 15),
        (FoldPlan(scheme="leave_one_group_out"), 5, 12),
    ],
)
def test_plans_part_without_overlap(plan: FoldPlan, count: int, test_size: int) -> None:
    data = pictures(groups=5 if plan.scheme == "leave_one_group_out" else None)
    parts = list(make_splits(data, plan, seed=1))
    assert len(parts) == count
    for split in parts:
        assert not set(split.train) & set(split.test)
        assert len(split.test) == test_size
    assert len({tuple(split.test) for split in parts}) == count


@pytest.mark.parametrize(
    ("plan", "data", "said"),
    [
        (FoldPlan(scheme="leave_one_group_out"), lambda: pictures(), "no groups"),
        (FoldPlan(scheme="monte_carlo", repeats=2), lambda: pictures(), "Only k-fold"),
        (FoldPlan(folds=1), lambda: pictures(), "2 or more"),
        (FoldPlan(folds=21), lambda: pictures(), "20 pictures"),
        (FoldPlan(folds=3), lambda: pictures(6), "2 pictures"),
    ],
)
def test_what_cannot_be_parted_is_refused_before_anything_is_written(
    plan: FoldPlan, data: Any, said: str, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=said):
        cross_validate(CONFIG, out=tmp_path / "cv", plan=plan, data=data())
    assert not (tmp_path / "cv").exists()


def test_a_validation_part_that_no_fold_can_hold_back_is_refused_at_once(tmp_path: Path) -> None:
    settings = change(CONFIG, {"data": {"validation": 0.01}})
    with pytest.raises(OptionError, match="share"):
        cross_validate(settings, out=tmp_path / "cv", data=pictures())
    assert not (tmp_path / "cv").exists()


def test_interval_by_hand() -> None:
    # Three folds, two thirds learned from: t(0.975, 2) = 4.302653, factor 1/3 + 1/2.
    told = over_folds([0.8, 0.9, 1.0], test_to_train=0.5, limits=(0.0, 9.0))
    half = 4.302653 * 0.1 * math.sqrt(1 / 3 + 1 / 2)
    assert told.mean == pytest.approx(0.9)
    assert told.deviation == pytest.approx(0.1)
    assert told.interval == pytest.approx((0.9 - half, 0.9 + half), rel=1e-6)


def test_intervals_end_where_a_figure_can_be() -> None:
    told = over_folds([0.8, 0.9, 1.0], test_to_train=0.5)
    assert told.interval is not None
    assert told.interval[1] == 1.0


def test_figures_without_meaning_in_a_fold_are_left_out_there() -> None:
    assert over_folds([0.5, np.nan], 0.5).to_dict() == {
        "mean": 0.5, "deviation": None, "interval": None, "folds": 1,
    }  # fmt: skip
    with pytest.raises(OptionError, match="no fold"):
        over_folds([np.nan], 0.5)
