"""From a net to the same with fewer channels, or with fewer weights that are not zero."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import keras

from edgecnn.errors import OptionError
from edgecnn.training.callbacks import Progress
from edgecnn.training.prune import sparsity
from edgecnn.training.quantize.activations import ActivationQuantizer
from edgecnn.training.run import load_model
from edgecnn.training.steps.config import PruneStep
from edgecnn.training.steps.data import StepData, open_step_data
from edgecnn.training.steps.figures import figures_of
from edgecnn.training.steps.folder import StepFolder, facts_of
from edgecnn.training.steps.reading import check
from edgecnn.training.steps.removing import Measure, Removal, removal_of
from edgecnn.training.steps.result import StepResult
from edgecnn.training.steps.stages import Stages, between, check_net, net_of, stage_config
from edgecnn.training.steps.teaching import lesson_of, teachers


def run_prune(
    model: keras.Model | str | os.PathLike[str],
    step: PruneStep,
    *,
    out: str | os.PathLike[str],
    data: StepData | None = None,
    measure: Measure | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> StepResult:
    """Prune in stages with training after each of them; see `edgecnn.training.prune`.

    Args:
        model: A trained net, or its ``.keras`` file. It stays as it is.
        step: Target, choice and fine-tuning.
        out: Folder of the step; see `edgecnn.training.steps.folder`.
        data: Pictures; None opens those that the step names.
        measure: Milliseconds that a Keras model takes for a picture; for targets of time.
        resume: Go on with the step in ``out``.
        progress: Told what is done and the share of it.

    Returns:
        An ordinary Keras model. ``details`` holds what each stage left of each layer.

    Raises:
        OptionError: A layer that pruning does not know (named, with what to do), a target that
            cannot be met (with the least that can), or pictures, teachers and net that do not fit
            each other.
        TrainingError: The folder holds something else, or the loss became NaN.
        SourceError: Pictures that cannot be read.
    """
    check(step)
    net = net_of(model if isinstance(model, keras.Model) else load_model(model))
    if any(isinstance(layer, ActivationQuantizer) for layer in net.layers):
        raise OptionError(f"{net.name} rounds to integers already; prune first, then quantize.")
    if data is None:
        data = open_step_data(step.train, judge=step.judge, model=net)
    check_net(net, data)
    config = stage_config(step.train, data)
    folder = StepFolder(out)
    removal = removal_of(step, net, data, measure)
    with teachers(step.teach, own=net, names=data.train.names) as opened:
        lesson = lesson_of(step.teach, opened, net)
        facts = facts_of(net, data, lesson)
        if resume:
            removal.plan = folder.go_on(step, facts)
            done = folder.finished()
            if done is not None:
                return done
        else:
            removal.make_plan()
            source = None if isinstance(model, keras.Model) else str(model)
            folder.start(step, facts, plan=removal.plan, source=source)
        epochs = (removal.stages - 1) * step.epochs_between + config.fit.epochs
        stages = Stages(folder, data, lesson, epochs=epochs, progress=progress)
        short = between(config, step.epochs_between)
        current = net
        for number in range(removal.stages):
            last = number == removal.stages - 1
            trained = stages.run(
                config if last else short,
                _removing(removal, current, number),
                callbacks=removal.callbacks(number),
            )
            current = trained.model
        size = config.fit.batch_size
        result = StepResult(
            step="prune",
            model=current,
            folder=folder.path,
            before=figures_of(net, data.judged, size),
            after=figures_of(current, data.judged, size),
            judged_on=data.words,
            pictures=len(data.judged),
            details={
                "plan": removal.plan,
                "stages": stages.told,
                "best_epoch": trained.best_epoch + 1,
                **({"sparsity": sparsity(current)} if step.target.is_sparse else {}),
            },
        )
    return folder.finish(result, data, stages.history, size)


def _removing(
    removal: Removal, model: keras.Model, stage: int
) -> Callable[[], tuple[keras.Model, dict[str, Any]]]:
    return lambda: removal.remove(model, stage)
