"""The training inside a step: one run folder a stage, gone on with after a kill."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from edgecnn.errors import OptionError
from edgecnn.training.callbacks import Progress
from edgecnn.training.config import TrainConfig, change
from edgecnn.training.fit import check_fit, train
from edgecnn.training.form import functional
from edgecnn.training.learner import main_part
from edgecnn.training.quiet import to_numpy
from edgecnn.training.run import CONFIG, STATE, RunResult, load_model
from edgecnn.training.steps.data import StepData
from edgecnn.training.steps.folder import Line, StepFolder

Prepare = Callable[[], tuple[keras.Model | None, dict[str, Any]]]
"""Makes the net that a stage trains, and what there is to say about it; without a net, `train`
builds what the config names."""


class Stages:
    """Runs the stages of a step one after the other.

    Args:
        folder: Of the step.
        data: What is learned from.
        lesson: See `edgecnn.training.fit.train`.
        epochs: Of all stages, for the progress.
        progress: Told what is done and the share of it.

    Attributes:
        history: Lines of all epochs so far, with the number of their stage.
        told: What was said about the net of each stage.
    """

    def __init__(
        self,
        folder: StepFolder,
        data: StepData,
        lesson: Any,
        *,
        epochs: int,
        progress: Progress | None,
    ) -> None:
        self.folder, self.data, self.lesson = folder, data, lesson
        self.epochs, self.progress = epochs, progress
        self.history: list[Line] = []
        self.told: list[dict[str, Any]] = []

    def run(
        self, config: TrainConfig, prepare: Prepare, *, callbacks: Sequence[Any] = ()
    ) -> RunResult:
        """Train one stage, or what is left of it.

        Args:
            config: Of this stage.
            prepare: Called when the stage was not begun before.
            callbacks: Keras callbacks.
        """
        number = len(self.told) + 1
        name = f"stage-{number}"
        path = self.folder.path / name
        model = self._prepared(name, prepare)
        begun = (path / STATE).exists() and (path / CONFIG).exists()
        if not begun and path.exists():
            # Killed before the first epoch was over: nothing in there was learned.
            shutil.rmtree(path)
        result = train(
            config,
            out=path,
            data=self.data.train,
            validation=self.data.validation,
            model=model,
            resume=begun,
            lesson=self.lesson,
            callbacks=callbacks,
            progress=self._part(number, config.fit.epochs),
        )
        done = len(self.history)
        for line in result.history:
            self.history.append({**line, "epoch": done + line["epoch"], "stage": number})
        self.folder.write_history(self.history)
        return result

    def _prepared(self, name: str, prepare: Prepare) -> keras.Model | None:
        """The net that the stage begins with; kept in a file, as finding it may take long."""
        net, notes = f"{name}.keras", f"{name}.json"
        if (self.folder.path / notes).exists():
            self.told.append(self.folder.read_json(notes))
            kept = self.folder.path / net
            return load_model(kept) if kept.exists() else None
        model, told = prepare()
        if model is not None:
            self.folder.save_model(net, model)
        self.folder.write_json(notes, told)
        self.told.append(told)
        # From the file, so that going on later begins with the very same.
        return None if model is None else load_model(self.folder.path / net)

    def _part(self, number: int, epochs: int) -> Progress | None:
        told = self.progress
        if told is None:
            return None
        start, total = len(self.history), self.epochs

        def part(what: str, share: float) -> None:
            told(f"stage {number}: {what}", min(1.0, (start + share * epochs) / total))

        return part


def net_of(model: keras.Model) -> keras.Model:
    """The part of a model that steps work on: one input, one output, no NaN in it.

    Raises:
        OptionError: It is no graph of layers, or a weight is NaN or infinite.
    """
    net = main_part(functional(model))
    for weight in net.weights:
        if not np.isfinite(to_numpy(weight)).all():
            raise OptionError(
                f"The weight {weight.path} of {net.name} is NaN or infinite, so nothing can be "
                "made of this net. Take an earlier checkpoint: best.keras of its run."
            )
    return net


def check_net(model: keras.Model, data: StepData) -> None:
    """The net takes these pictures and answers about these classes.

    Raises:
        OptionError: It does not.
    """
    check_fit(model, data.samples)


def stage_config(config: TrainConfig, data: StepData, **fit: Any) -> TrainConfig:
    """The config of a stage: what is learned from and what is held back was chosen already.

    Args:
        config: Of the step.
        data: What was chosen.
        fit: Values of ``fit`` that differ.

    Raises:
        OptionError: It looks at pictures that were held back, but there are none.
    """
    settings: dict[str, Any] = {"limit": None}
    if data.validation is None:
        settings["validation"] = 0.0
    return change(config, {"data": settings, "fit": fit}, where="The training")


def between(config: TrainConfig, epochs: int) -> TrainConfig:
    """The short training between two stages: no warm-up, no average, no early end."""
    return change(
        config,
        {
            "schedule": {"warmup_epochs": 0.0},
            "regularize": {"average": {"name": "none"}},
            "fit": {"epochs": epochs, "patience": None},
        },
    )
