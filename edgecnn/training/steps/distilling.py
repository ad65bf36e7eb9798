"""From teachers to a student."""

from __future__ import annotations

import os
from typing import Any

import keras

from edgecnn.training.callbacks import Progress
from edgecnn.training.preparing import build_net
from edgecnn.training.steps.config import DistillStep
from edgecnn.training.steps.data import StepData, open_step_data
from edgecnn.training.steps.figures import figures_of
from edgecnn.training.steps.folder import StepFolder, facts_of
from edgecnn.training.steps.reading import check
from edgecnn.training.steps.result import StepResult
from edgecnn.training.steps.stages import Stages, check_net, net_of, stage_config
from edgecnn.training.steps.teaching import figures_of_teachers, lesson_of, teachers


def run_distill(
    step: DistillStep,
    *,
    out: str | os.PathLike[str],
    model: keras.Model | None = None,
    data: StepData | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> StepResult:
    """Train a student that listens to teachers; see `edgecnn.training.distill`.

    Args:
        step: Teachers, student and training.
        out: Folder of the step; see `edgecnn.training.steps.folder`.
        model: The student, which stays as it is; None builds ``step.train.net``.
        data: Pictures; None opens those that the step names.
        resume: Go on with the step in ``out``.
        progress: Told what is done and the share of it.

    Returns:
        The student; ``before`` are the teachers together.

    Raises:
        OptionError: Pictures, teachers and student do not fit each other.
        TrainingError: The folder holds something else, or the loss became NaN.
        SourceError: Pictures that cannot be read.
        BundleError: A teacher that is no sound bundle.
    """
    check(step)
    if data is None:
        data = open_step_data(step.train, judge=step.judge, model=model)
    config = stage_config(step.train, data)
    student = build_net(config, data.samples)[0] if model is None else net_of(model)
    check_net(student, data)
    folder = StepFolder(out)
    with teachers(step.teach, own=None, names=data.train.names) as opened:
        lesson = lesson_of(step.teach, opened, student)
        facts = facts_of(student, data, lesson)
        if model is None:
            del facts["net"]["weights"]  # drawn at random here; training draws its own
        if not resume:
            folder.start(step, facts)
        else:
            folder.go_on(step, facts)
            done = folder.finished()
            if done is not None:
                return done
        stages = Stages(folder, data, lesson, epochs=config.fit.epochs, progress=progress)

        def prepare() -> tuple[keras.Model | None, dict[str, Any]]:
            return None if model is None else student, {}

        trained = stages.run(config, prepare)
        size = config.fit.batch_size
        result = StepResult(
            step="distill",
            model=trained.model,
            folder=folder.path,
            before=figures_of_teachers(opened, data.judged, size),
            after=figures_of(trained.model, data.judged, size),
            judged_on=data.words,
            pictures=len(data.judged),
            details={"teachers": list(step.teach.sources), "best_epoch": trained.best_epoch + 1},
        )
    return folder.finish(result, data, stages.history, size)
