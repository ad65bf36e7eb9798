"""From a float net to one that computes in integers."""

from __future__ import annotations

import os
from typing import Any

import keras

from edgecnn.errors import OptionError
from edgecnn.training import quantize
from edgecnn.training.batches import resampled
from edgecnn.training.callbacks import Progress
from edgecnn.training.quantize.activations import ActivationQuantizer
from edgecnn.training.run import LAST, load_model
from edgecnn.training.steps.config import QuantizeStep, RoundingConfig
from edgecnn.training.steps.data import StepData, open_step_data
from edgecnn.training.steps.figures import accuracy_of, figures_of
from edgecnn.training.steps.folder import StepFolder, facts_of
from edgecnn.training.steps.reading import check
from edgecnn.training.steps.result import StepResult
from edgecnn.training.steps.stages import Stages, check_net, net_of, stage_config
from edgecnn.training.steps.teaching import lesson_of, teachers

OBSERVED_BATCH = 64


def run_quantize(
    model: keras.Model | str | os.PathLike[str],
    step: QuantizeStep,
    *,
    out: str | os.PathLike[str],
    data: StepData | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> StepResult:
    """Teach a net to live with integers; see `edgecnn.training.quantize`.

    Args:
        model: A trained float net, or its ``.keras`` file. It stays as it is.
        step: Which integers, and the fine-tuning.
        out: Folder of the step; see `edgecnn.training.steps.folder`.
        data: Pictures; None opens those that the step names.
        resume: Go on with the step in ``out``.
        progress: Told what is done and the share of it.

    Returns:
        A net that rounds, which ``converters.qat`` and ``edgecnn convert`` turn into full-integer
        files. ``details`` holds ``rounded_accuracy``, that of the net rounded without training;
        ``equalized``; ``kept`` (last or best), ``kept_epoch`` and ``best_epoch``, counted from 1.

    Raises:
        OptionError: A layer has no integer counterpart (named, with what to use), or pictures,
            teachers and net do not fit each other.
        TrainingError: The folder holds something else, or the loss became NaN.
        SourceError: Pictures that cannot be read.
    """
    check(step)
    net = net_of(model if isinstance(model, keras.Model) else load_model(model))
    if any(isinstance(layer, ActivationQuantizer) for layer in net.layers):
        raise OptionError(
            f"{net.name} rounds to integers already. Give the float net that it was made of, or "
            "convert this one (edgecnn convert)."
        )
    if data is None:
        data = open_step_data(step.train, judge=step.judge, model=net)
    check_net(net, data)
    config = stage_config(step.train, data)
    shown = resampled(data.train, config.data.balance, config.fit.seed)
    steps_per_epoch = -(-len(shown) // config.fit.batch_size)
    rules = _rounding(
        step.rounding, steps_per_epoch, pictures=len(data.train), epochs=config.fit.epochs
    )
    quantize.check(net)
    evened = step.rounding.equalize
    if evened is None:
        evened = step.rounding.weights == "int8"
    folder = StepFolder(out)
    with teachers(step.teach, own=net, names=data.train.names) as opened:
        lesson = lesson_of(step.teach, opened, net)
        facts = facts_of(net, data, lesson)
        if not resume:
            folder.start(step, facts, source=None if isinstance(model, keras.Model) else str(model))
        else:
            folder.go_on(step, facts)
            done = folder.finished()
            if done is not None:
                return done
        stages = Stages(folder, data, lesson, epochs=config.fit.epochs, progress=progress)
        size = config.fit.batch_size

        def prepare() -> tuple[keras.Model, dict[str, Any]]:
            pictures = data.some(step.rounding.observed_pictures, config.fit.seed).images
            even = net
            if evened:
                even = quantize.equalize(net, pictures, batch_size=OBSERVED_BATCH)
            begun = quantize.prepare(even, rules)
            quantize.observe(begun, pictures, batch_size=OBSERVED_BATCH)
            return begun, {"rounded_accuracy": accuracy_of(begun, data.judged, size)}

        trained = stages.run(config, prepare)
        # The same net under another name where the last epoch is the best.
        last = step.kept == "last"
        chosen = load_model(trained.folder / LAST) if last else trained.model
        result = StepResult(
            step="quantize",
            model=chosen,
            folder=folder.path,
            before=figures_of(net, data.judged, size),
            after=figures_of(chosen, data.judged, size),
            judged_on=data.words,
            pictures=len(data.judged),
            details={
                **stages.told[0],
                "weights": step.rounding.weights,
                "equalized": evened,
                "kept": step.kept,
                "kept_epoch": trained.epochs if last else trained.best_epoch + 1,
                "best_epoch": trained.best_epoch + 1,
            },
        )
    return folder.finish(result, data, stages.history, size)


def _rounding(
    config: RoundingConfig, steps_per_epoch: int, *, pictures: int, epochs: int
) -> quantize.QATConfig:
    """With times in steps; the batches that ranges are observed on count as such."""
    plain = quantize.int8() if config.weights == "int8" else quantize.int4_weights()
    observed = -(-min(config.observed_pictures, pictures) // OBSERVED_BATCH)
    freeze = config.freeze_epoch
    damped = config.weights == "int4" if config.damping is None else config.damping
    return quantize.QATConfig(
        weight_bits=plain.weight_bits,
        weight_steps=config.weight_steps or plain.weight_steps,
        damped_steps=epochs * steps_per_epoch if damped else None,
        activation_ranges=config.ranges,
        ema_momentum=config.ema_momentum,
        freeze_after=None if freeze is None else observed + freeze * steps_per_epoch,
    )
