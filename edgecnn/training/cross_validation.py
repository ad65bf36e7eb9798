"""Cross-validation: as many runs as folds, each judged on pictures that it never saw.

| file                  | content                                                          |
|-----------------------|------------------------------------------------------------------|
| plan.json             | config, plan, fingerprint of the pictures                        |
| fold_01/ ...          | a run folder a fold, and test.json: how it did on its test part  |
| cross_validation.json | mean, deviation and 95 % interval of each figure; all folds      |
| confusion.png         | what was taken for what, over all folds                          |

A fold's test part is looked at once, by the model that its run ended with. Which epoch is best is
decided on ``data.validation`` of the other pictures, never on the test part, or each fold would be
flattered by the choice. Without validation pictures the last epoch counts.

Reference: Kohavi, "A Study of Cross-Validation and Bootstrap for Accuracy Estimation and Model
Selection", IJCAI 1995.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import keras
import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from edgecnn.data import splits
from edgecnn.data.image_data import ImageData
from edgecnn.data.splits import Split
from edgecnn.errors import OptionError
from edgecnn.evaluation.probabilities import report_classes
from edgecnn.training import curves
from edgecnn.training.batches import Labelled, as_held_back, hold_back
from edgecnn.training.config import TrainConfig, change, to_dict
from edgecnn.training.fit import train
from edgecnn.training.fold_statistics import METHOD, Statistic, over_folds
from edgecnn.training.judging import log_loss, predict
from edgecnn.training.many_runs import Progress, a_part, begin, can_resume, describe, open_once
from edgecnn.training.preparing import file_spec
from edgecnn.training.run import CONFUSION, RunFolder

PLAN, TABLE, TEST = "plan.json", "cross_validation.json", "test.json"
_LIMITS = {"kappa": (-1.0, 1.0), "loss": (0.0, np.inf)}
"""Of figures that are no shares."""


class FoldPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How pictures are parted; classes keep their shares, groups stay together.

    Attributes:
        scheme: ``k_fold``; ``monte_carlo``, random parts; ``leave_one_group_out``.
        folds: Of k-fold, or rounds of Monte Carlo.
        repeats: Of k-fold, each parted and trained with a seed of its own.
        test: Share of a test part of Monte Carlo.
    """

    scheme: Literal["k_fold", "monte_carlo", "leave_one_group_out"] = "k_fold"
    folds: Annotated[int, Meta(ge=1)] = 5
    repeats: Annotated[int, Meta(ge=1)] = 1
    test: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoldResult:
    """How one fold did on its test part.

    Attributes:
        name: Of its folder.
        trained_on, tested_on: Pictures.
        best_epoch: From 1.
        figures: As in `edgecnn.evaluation.probabilities.ClassReport`, and ``loss`` in nats.
        confusion: (C, C), rows by truth.
    """

    name: str
    trained_on: int
    tested_on: int
    best_epoch: int
    figures: dict[str, float]
    confusion: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossResult:
    """What all folds together say.

    Attributes:
        folder: Of all runs.
        folds: One by one.
        statistics: Figure -> mean, deviation and interval.
        confusion: (C, C) summed over folds, rows by truth.
        names: Of the classes.
        method: How the intervals came about.
    """

    folder: Path
    folds: tuple[FoldResult, ...]
    statistics: dict[str, Statistic]
    confusion: NDArray[np.int64]
    names: tuple[str, ...]
    method: str = METHOD

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists."""
        return {
            "interval": self.method,
            "statistics": {name: one.to_dict() for name, one in self.statistics.items()},
            "folds": [_plain(fold) for fold in self.folds],
            "classes": list(self.names),
            "confusion": self.confusion.tolist(),
        }


def cross_validate(
    config: TrainConfig,
    *,
    out: str | os.PathLike[str],
    plan: FoldPlan | None = None,
    data: Labelled | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> CrossResult:
    """Train and judge fold by fold.

    Args:
        config: Of every run; repeat r, from 0, has seed + r.
        out: Folder; new or empty.
        plan: None for five stratified folds.
        data: Pictures or files; None opens what the config names.
        resume: Go on with the folds in ``out``: finished ones are not trained again.
        progress: Told what is done and the share of it.

    Raises:
        OptionError: The pictures cannot be parted that way.
        TrainingError: The folder holds something else, or a run went astray; see
            `edgecnn.training.fit.train`.
        SourceError: Pictures that cannot be read.
    """
    chosen = FoldPlan() if plan is None else plan
    pictures = open_once(config, data)
    parts = list(make_splits(pictures, chosen, config.fit.seed))
    _check_parts(config, pictures, parts)
    folder = RunFolder(out)
    content = {
        "config": to_dict(config),
        "plan": msgspec.to_builtins(chosen),
        **describe(config, pictures),
    }
    begin(folder, PLAN, content, resume=resume)
    each = len(parts) // chosen.repeats
    folds = []
    for number, split in enumerate(parts):
        name = f"fold_{number + 1:02d}"
        settings = change(config, {"fit": {"seed": config.fit.seed + number // each}})
        words = f"fold {number + 1} of {len(parts)}"
        telling = a_part(progress, words, number, len(parts))
        folds.append(_one_fold(settings, folder.path / name, pictures, split, telling))
    result = _summed_up(folder.path, folds, pictures.names)
    with folder.replacing(CONFUSION) as file:
        curves.draw_confusion(result.confusion, result.names, file)
    folder.write_json(TABLE, result.to_dict())
    return result


def make_plan(**settings: Any) -> FoldPlan:
    """A plan, its values checked.

    Raises:
        OptionError: A value that cannot be used.
    """
    try:
        return msgspec.convert(settings, FoldPlan)
    except msgspec.ValidationError as error:
        raise OptionError(f"The plan of folds cannot be used: {error}.") from error


def read_plan(out: str | os.PathLike[str]) -> FoldPlan:
    """The plan that a folder was begun with.

    Raises:
        TrainingError: It was not begun.
    """
    return make_plan(**RunFolder(out).read_json(PLAN)["plan"])


def make_splits(data: Labelled, plan: FoldPlan, seed: int) -> Iterator[Split]:
    """The parts of a plan; the same seed gives the same parts.

    Raises:
        OptionError: The pictures cannot be parted that way.
    """
    if plan.repeats > 1 and plan.scheme != "k_fold":
        raise OptionError(f"Only k-fold is repeated, but the scheme is {plan.scheme}.")
    if plan.scheme == "monte_carlo":
        yield from splits.monte_carlo(
            data.labels, rounds=plan.folds, test=plan.test, groups=data.groups, seed=seed
        )
    elif plan.scheme == "leave_one_group_out":
        if data.groups is None:
            raise OptionError(
                "These pictures have no groups to leave out. A .csv with the columns "
                "path,label,group names them."
            )
        yield from splits.leave_one_out(data.labels, groups=data.groups)
    else:
        for repeat in range(plan.repeats):
            yield from splits.k_fold(
                data.labels, folds=plan.folds, groups=data.groups, seed=seed + repeat
            )


def _check_parts(config: TrainConfig, data: Labelled, parts: list[Split]) -> None:
    """Refuse before the first fold what would stop the last one."""
    nothing = np.zeros((len(data), 0, 0), np.uint8)
    shown = ImageData(nothing, data.labels, data.names, data.groups)
    for split in parts:
        hold_back(shown.select(split.train), config.data.validation, config.fit.seed)


def _one_fold(
    config: TrainConfig, path: Path, data: Labelled, split: Split, progress: Progress | None
) -> FoldResult:
    done = path / TEST
    if done.exists():
        return _read_fold(path)
    # Or the graphs of all folds would stay in memory.
    keras.utils.clear_session()
    run = train(
        config,
        out=path,
        data=data.select(split.train),
        resume=can_resume(path),
        progress=progress,
    )
    test = as_held_back(data.select(split.test), file_spec(config, run.model))
    scores = predict(run.model, test.images, config.fit.batch_size)
    report = report_classes(test.labels, scores, test.names)
    fold = FoldResult(
        name=path.name,
        trained_on=len(split.train),
        tested_on=len(split.test),
        best_epoch=run.best_epoch + 1,
        figures={**report.figures, "loss": log_loss(test.labels, scores)},
        confusion=report.confusion,
    )
    RunFolder(path).write_json(TEST, _plain(fold))
    return fold


def _plain(fold: FoldResult) -> dict[str, Any]:
    return {
        "name": fold.name,
        "trained_on": fold.trained_on,
        "tested_on": fold.tested_on,
        "best_epoch": fold.best_epoch,
        "figures": fold.figures,
        "confusion": fold.confusion.tolist(),
    }


def _read_fold(path: Path) -> FoldResult:
    content = RunFolder(path).read_json(TEST)
    return FoldResult(**{**content, "confusion": np.array(content["confusion"], np.int64)})


def _summed_up(path: Path, folds: list[FoldResult], names: tuple[str, ...]) -> CrossResult:
    ratio = float(np.mean([fold.tested_on / fold.trained_on for fold in folds]))
    figures = list(dict.fromkeys(name for fold in folds for name in fold.figures))
    statistics = {
        name: over_folds(
            [fold.figures.get(name, np.nan) for fold in folds],
            ratio,
            _LIMITS.get(name, (0.0, 1.0)),
        )
        for name in figures
    }
    confusion = np.sum([fold.confusion for fold in folds], axis=0)
    return CrossResult(
        folder=path, folds=tuple(folds), statistics=statistics, confusion=confusion, names=names
    )
