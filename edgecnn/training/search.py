"""A search for better settings: Optuna proposes, runs are cut short when they lag behind.

| file           | content                                                              |
|----------------|----------------------------------------------------------------------|
| search.json    | config, space, fingerprint of the pictures                           |
| study.db       | all trials, in SQLite; Optuna's own tools open it as study "search"  |
| trial_001/ ... | a run folder a trial, less what only a resumed run needs             |
| best.toml      | the config of the best trial, for ``edgecnn train``                  |
| trials.png     | accuracy over trials, and over each thing that was changed           |
| result.json    | trials, best first, and how much each thing mattered                 |

All trials learn from the same pictures and are compared on the same held-back ones, by the best
epoch's accuracy. That accuracy is the maximum of many, so it flatters: judge the winner on pictures
that no trial saw (``edgecnn evaluate``, or cross-validation).

What a trial is given depends on the seed, its number and the trials before it, so that a search
that was killed goes on to the trials that it would have made.

Reference:
    Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NIPS 2011 (TPE); Golovin et al.,
    "Google Vizier", KDD 2017 (median stopping); Hutter, Hoos and Leyton-Brown, "An Efficient
    Approach for Assessing Hyperparameter Importance", ICML 2014 (functional ANOVA).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import msgspec

from edgecnn.errors import OptionError, TrainingError
from edgecnn.optional import require
from edgecnn.training.batches import Labelled
from edgecnn.training.config import TrainConfig, to_dict
from edgecnn.training.fit import Line, train
from edgecnn.training.many_runs import Progress, a_part, begin, can_resume, describe, open_once
from edgecnn.training.run import STATE, RunFolder
from edgecnn.training.search_report import SearchResult, TrialResult, report_search
from edgecnn.training.search_space import Pruning, Space, check_space, with_values

BEGUN, STUDY, NAME = "search.json", "study.db", "search"
USUAL_TRIALS = 20
_ERROR, _EPOCHS, _TRIALS = "error", "epochs", "trials"


def search(
    config: TrainConfig,
    space: Space,
    *,
    out: str | os.PathLike[str],
    trials: int | None = None,
    data: Labelled | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> SearchResult:
    """Try settings, and keep the best.

    A trial that goes astray (NaN, or settings that do not fit each other) is recorded as failed.

    Args:
        config: What is not searched.
        space: What is.
        out: Folder; new or empty.
        trials: So many in all, those that are there already included; None for 20, or for as many
            as the search in ``out`` was to have.
        data: Pictures or files; None opens what the config names.
        resume: Go on with the search in ``out``, perhaps with more trials.
        progress: Told what is done and the share of it.

    Raises:
        OptionError: A space that does not fit the config, or no pictures to compare by.
        TrainingError: The folder holds something else, or every trial failed.
        SourceError: Pictures that cannot be read.
    """
    if not config.data.validation:
        raise OptionError("Trials are compared on held-back pictures, but data.validation is 0.")
    if trials is not None and trials < 1:
        raise OptionError(f"trials must be 1 or more, but got {trials}.")
    check_space(space, config)
    pictures = open_once(config, data)
    folder = RunFolder(out)
    content = {
        "config": to_dict(config), "space": space.to_dict(), **describe(config, pictures),
    }  # fmt: skip
    begin(folder, BEGUN, content, resume=resume)
    with _study(folder.path / STUDY, space.pruning) as study:
        count = trials or int(study.user_attrs.get(_TRIALS, USUAL_TRIALS))
        study.set_user_attr(_TRIALS, count)
        while (trial := _next(study, config.fit.seed, count)) is not None:
            name = f"trial {trial.number + 1} of {count}"
            telling = a_part(progress, name, trial.number, count)
            _one_trial(study, trial, config, space, folder, pictures, telling)
        return report_search(folder, config, space, study, _results(study))


def read_begun_space(out: str | os.PathLike[str]) -> Space:
    """The space that a folder was begun with.

    Raises:
        TrainingError: It was not begun.
    """
    return msgspec.convert(RunFolder(out).read_json(BEGUN)["space"], Space)


def _one_trial(
    study: Any,
    trial: Any,
    config: TrainConfig,
    space: Space,
    folder: RunFolder,
    pictures: Labelled,
    progress: Progress | None,
) -> None:
    """Train once, and record what came of it; an interruption leaves the trial open."""
    optuna = require("optuna", extra="train")
    state, value = optuna.trial.TrialState.COMPLETE, None
    path = folder.path / trial_name(trial.number)
    watch = _Watch(trial)
    # Or the graphs of all trials would stay in memory.
    keras.utils.clear_session()
    try:
        settings = with_values(config, space.suggest(trial))
        watch.last = settings.fit.epochs
        run = train(
            settings,
            out=path,
            data=pictures,
            resume=can_resume(path),
            progress=progress,
            after_epoch=watch,
        )
        value = run.metrics["val_accuracy"]
    except optuna.TrialPruned:
        state = optuna.trial.TrialState.PRUNED
    except (OptionError, TrainingError) as error:
        trial.set_user_attr(_ERROR, str(error))
        state = optuna.trial.TrialState.FAIL
    trial.set_user_attr(_EPOCHS, watch.epochs)
    study.tell(trial, value, state=state)
    # Only a run that goes on needs it, and it is three times as large as the model.
    (path / STATE).unlink(missing_ok=True)


class _Watch:
    """Reports every epoch to Optuna, and stops a trial that lags behind."""

    def __init__(self, trial: Any) -> None:
        self._trial = trial
        self.epochs, self.last = 0, 0

    def __call__(self, history: Sequence[Line]) -> None:
        self.epochs = len(history)
        best = 0.0
        known = self._trial.storage.get_trial(self._trial._trial_id).intermediate_values
        for step, line in enumerate(history):
            best = max(best, line["val_accuracy"])
            if step not in known:
                self._trial.report(best, step)
        if self.epochs < self.last and self._trial.should_prune():
            raise require("optuna", extra="train").TrialPruned


def trial_name(number: int) -> str:
    """Name of the folder of a trial, from 0."""
    return f"trial_{number + 1:03d}"


@contextlib.contextmanager
def _study(file: Path, pruning: Pruning) -> Iterator[Any]:
    """The study of a folder."""
    optuna = require("optuna", extra="train")
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.RDBStorage(f"sqlite:///{file}")
    try:
        yield optuna.create_study(
            storage=storage,
            study_name=NAME,
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(
                n_startup_trials=pruning.startup_trials, n_warmup_steps=pruning.warmup_epochs
            ),
        )
    finally:
        storage.remove_session()
        storage.engine.dispose()
        optuna.logging.set_verbosity(before)


def _next(study: Any, seed: int, trials: int) -> Any:
    """The trial that was interrupted, else a new one; None when there were enough."""
    optuna = require("optuna", extra="train")
    known = study.get_trials(deepcopy=False)
    # A sampler of its own for each trial: what it draws does not depend on when it was begun.
    open_one = next((one for one in known if not one.state.is_finished()), None)
    number = len(known) if open_one is None else open_one.number
    if number >= trials:
        return None
    study.sampler = optuna.samplers.TPESampler(seed=seed + number)
    return study.ask() if open_one is None else optuna.trial.Trial(study, open_one._trial_id)


def _results(study: Any) -> list[TrialResult]:
    return [
        TrialResult(
            number=one.number + 1,
            state=one.state.name.lower(),
            accuracy=one.value if one.value is not None else _last(one.intermediate_values),
            values=dict(one.params),
            epochs=int(one.user_attrs.get(_EPOCHS, 0)),
            error=one.user_attrs.get(_ERROR),
        )
        for one in study.get_trials(deepcopy=False)
        if one.state.is_finished()
    ]


def _last(reported: dict[int, float]) -> float | None:
    return reported[max(reported)] if reported else None
