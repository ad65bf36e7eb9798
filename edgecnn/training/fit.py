"""The loop that every kind of training goes through: `train`.

One call of Keras's ``fit`` is one epoch. Between two epochs everything that matters is in
``state.npz``, and everything that is random in an epoch depends on the seed and the epoch alone, so
that a run that was killed goes on to the weights that it would have reached.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from edgecnn.errors import OptionError
from edgecnn.evaluation.classification import confusion_matrix
from edgecnn.training import backends, curves
from edgecnn.training.averaging import WeightAverage, read
from edgecnn.training.batches import Augment, EpochBatches, Labelled, Samples
from edgecnn.training.callbacks import Progress, SeedEpoch, StopAtNaN, TellProgress, not_finite
from edgecnn.training.config import TrainConfig, to_dict
from edgecnn.training.form import compute_in, functional, penalties, training_form
from edgecnn.training.judging import log_loss, predict
from edgecnn.training.learner import Learner, Lesson, main_part
from edgecnn.training.optimizers import make_optimizer, prepare
from edgecnn.training.preparing import augmentation, build_net, prepare_data
from edgecnn.training.quiet import keras_noise, to_numpy
from edgecnn.training.resume import State, check_same, load_state, restore, save_state
from edgecnn.training.run import (
    ABOUT,
    BEST,
    CONFIG,
    CONFUSION,
    CURVES,
    LAST,
    RESULT,
    RunFolder,
    RunResult,
    about,
    load_model,
)
from edgecnn.training.schedules import Plateau, Schedule
from edgecnn.training.transfer import Freezing

Line = dict[str, float]
AfterEpoch = Callable[[Sequence[Line]], None]


def train(
    config: TrainConfig,
    *,
    out: str | os.PathLike[str],
    data: Labelled | None = None,
    validation: Labelled | None = None,
    model: keras.Model | None = None,
    resume: bool = False,
    lesson: Lesson | None = None,
    augment: Augment | None = None,
    callbacks: Sequence[Any] = (),
    after_epoch: AfterEpoch | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Train a net to tell classes apart, and keep everything about the run in a folder.

    Args:
        config: What is done; see `edgecnn.training.config`.
        out: Folder of the run; see `edgecnn.training.run` for its files.
        data: Pictures to learn from, or files of them; None opens what the config names.
        validation: Pictures to judge epochs by; None holds back a share of the others.
        model: A graph that takes pixels 0..255 and answers with a class each, trained in place;
            None builds what the config names.
        resume: Go on with the run in ``out``.
        lesson: Another way to learn, such as `edgecnn.training.distill.Distillation`.
        augment: Changes batches; None takes what the config names.
        callbacks: Keras callbacks. ``fit`` is called once an epoch, and so is ``on_train_begin``.
        after_epoch: Told the lines of the log so far when an epoch was judged and everything is
            written; what it raises ends the run, which may be resumed.
        progress: Told what is done and the share of it.

    Returns:
        The best model and how it came about.

    Raises:
        OptionError: Data, net and config do not fit each other.
        TrainingError: The folder holds another run, the state is damaged, or the loss became NaN;
            the last good checkpoint is then in the folder.
        SourceError: Pictures that cannot be read.
    """
    keras.utils.set_random_seed(config.fit.seed)
    net, freezing = (
        (functional(model), Freezing(config.transfer, ())) if model is not None else (None, None)
    )
    samples, held_back = prepare_data(config, data, validation, net)
    if net is None or freezing is None:
        net, freezing = build_net(config, samples)
    check_fit(net, samples)
    if augment is None:
        augment = augmentation(config.data.augment, samples.images.shape[1:])
    folder = RunFolder(out)
    facts = about(net, samples, held_back)
    if lesson is not None:
        facts["net"]["lesson"] = lesson.describe()
    if resume:
        check_same(folder, config, facts)
    else:
        folder.begin()
        folder.write_json(CONFIG, to_dict(config))
        folder.write_json(ABOUT, {"seed": config.fit.seed, **facts})
    run = TrainingRun(config, folder, net, samples, held_back, freezing, lesson)
    run.augment, run.callbacks, run.progress = augment, tuple(callbacks), progress
    run.after_epoch = after_epoch
    return run.go()


class TrainingRun:
    """One run: its parts, and the loop over epochs.

    What a kind of training does in its own way are `batches`, `judge`, `rank` and `draw`.
    """

    augment: Augment | None = None
    callbacks: tuple[Any, ...] = ()
    after_epoch: AfterEpoch | None = None
    progress: Progress | None = None

    def __init__(
        self,
        config: TrainConfig,
        folder: RunFolder,
        net: keras.Model,
        samples: Samples,
        held_back: Samples | None,
        freezing: Freezing,
        lesson: Lesson | None,
    ) -> None:
        self.config, self.folder, self.freezing, self.lesson = config, folder, freezing, lesson
        self.samples, self.held_back = samples, held_back
        self.net = net
        self.main = main_part(net)
        self.form = training_form(net, config.regularize)
        self.average = WeightAverage(config.regularize.average, self.form)
        self.history: list[Line] = []
        self.steps = -(-len(samples) // config.fit.batch_size)

    def go(self) -> RunResult:
        """All epochs that are left."""
        fit = self.config.fit
        state = load_state(self.folder)
        self.history = [] if state is None else list(state.history)
        if self._has_ended():
            return self._end()
        with contextlib.ExitStack() as stack:
            stack.enter_context(keras_noise())
            stack.enter_context(self.freezing.kept())
            if fit.fused_batch_norm:
                stack.enter_context(backends.fused_batch_norm(self.form))
            stack.enter_context(compute_in(self.form, fit.precision))
            stack.enter_context(penalties(self.form, self.config.regularize))
            learner = self._learner(len(self.history))
            if state is not None:
                self._restore(learner, state)
            while not self._has_ended():
                epoch = len(self.history)
                if epoch and self.freezing.changes_at(epoch):
                    learner = self._learner(epoch)
                self._one_epoch(learner, epoch)
                if self.after_epoch is not None:
                    self.after_epoch(self.history)
        return self._end()

    def _learner(self, epoch: int) -> Learner:
        """What is fitted from this epoch on, with a fresh optimizer."""
        config = self.config
        self.freezing.apply(self.net, epoch)
        smoothing = config.regularize.label_smoothing
        learner = (
            Learner(self.form, label_smoothing=smoothing)
            if self.lesson is None
            else self.lesson.learner(self.form, label_smoothing=smoothing)
        )
        optimizer: Any = make_optimizer(
            config.optimizer,
            self._learning_rate(epoch),
            average=config.regularize.average,
            factors=self.freezing.factors(self.net, epoch),
        )
        prepare(optimizer, learner.trainable_variables)
        if config.fit.precision == "mixed_float16":
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
            optimizer.build(learner.trainable_variables)
        # XLA on a processor made training five to nine times slower under TensorFlow.
        jit = False if keras.backend.backend() == "tensorflow" else "auto"
        learner.compile(optimizer=optimizer, jit_compile=jit, auto_scale_loss=False)
        return learner

    def _learning_rate(self, epoch: int) -> Any:
        config = self.config
        first_epoch = self.freezing.phase_start(epoch)
        schedule = Schedule(
            config.schedule,
            config.optimizer.learning_rate,
            steps_per_epoch=self.steps,
            epochs=config.fit.epochs,
            first_step=first_epoch * self.steps,
        )
        # A plain number can be set between epochs, a schedule cannot.
        return config.optimizer.learning_rate if config.schedule.name == "plateau" else schedule

    def _restore(self, learner: Learner, state: State) -> None:
        restore(learner.kept_variables, state.model, "model")
        self.average.total, self.average.count = state.total, state.count
        # A phase that begins with this epoch begins with a fresh optimizer.
        if self.freezing.phase_start(state.epochs) < state.epochs or not state.epochs:
            restore(learner.optimizer.variables, state.optimizer, "optimizer")

    def _one_epoch(self, learner: Learner, epoch: int) -> None:
        fit, started = self.config.fit, time.perf_counter()
        if self.config.schedule.name == "plateau":
            learner.optimizer.learning_rate = self._plateau_rate(epoch)
        rate = float(to_numpy(learner.optimizer.learning_rate))
        watching: list[Any] = [SeedEpoch(fit.seed, epoch), StopAtNaN(epoch, self._kept())]
        if self.progress is not None:
            watching.append(TellProgress(self.progress, epoch, fit.epochs, self.steps))
        batches = self.batches(epoch)
        try:
            told = learner.fit(
                batches,
                epochs=epoch + 1,
                initial_epoch=epoch,
                shuffle=False,
                verbose=0,
                callbacks=[*watching, *self.callbacks],
            )
        except Exception:
            if batches.error is not None:
                raise batches.error from None
            raise
        line: Line = {"epoch": epoch + 1}
        line |= {name: float(values[-1]) for name, values in told.history.items()}
        line["learning_rate"] = rate
        self._check_weights(epoch)
        self.average.epoch_ended(epoch)
        self._judge_and_save(learner, line, started)

    def _judge_and_save(self, learner: Learner, line: Line, started: float) -> None:
        """Judge the model with the weights that will be kept, and write everything."""
        state_arrays = read(learner.kept_variables), read(learner.optimizer.variables)
        with self.average.shown(learner.optimizer, self._sight()):
            line |= self.judge()
            line["seconds"] = round(time.perf_counter() - started, 3)
            self.history.append(line)
            if self._best() == len(self.history) - 1:
                self._save(BEST)
            self._save(LAST)
        self.folder.write_log(self.history)
        save_state(
            self.folder,
            State(
                len(self.history),
                tuple(self.history),
                *state_arrays,
                self.average.total,
                self.average.count,
            ),
        )

    def batches(self, epoch: int) -> Any:
        """The pictures of an epoch, as Keras reads them."""
        fit = self.config.fit
        return EpochBatches(
            self.samples,
            fit.batch_size,
            seed=fit.seed,
            epoch=epoch,
            augment=self.augment,
            targets=None if self.lesson is None else self.lesson.targets,
        )

    def judge(self) -> Line:
        """Figures on what was held back, by the weights that the model has now."""
        if self.held_back is None:
            return {}
        answers = predict(self.main, self.held_back.images, self.config.fit.batch_size)
        truth = self.held_back.labels
        return {
            "val_loss": log_loss(truth, answers),
            "val_accuracy": float((answers.argmax(axis=1) == truth).mean()),
        }

    def rank(self, line: Line) -> tuple[float, ...]:
        """Of an epoch that was judged: the smallest is the best."""
        return (-line["val_accuracy"], line["val_loss"])

    def draw(self, model: keras.Model) -> None:
        """Pictures of a run that has ended, and of its best model."""
        with self.folder.replacing(CURVES) as file:
            curves.draw_curves(self.history, file)
        judged = self.samples if self.held_back is None else self.held_back
        named = predict(model, judged.images, self.config.fit.batch_size).argmax(axis=1)
        with self.folder.replacing(CONFUSION) as file:
            counts = confusion_matrix(judged.labels, named, len(judged.names))
            curves.draw_confusion(counts, judged.names, file)

    def _save(self, name: str) -> None:
        # What is saved computes in float32, whatever it was trained in.
        with _as_float32(self.form), self.freezing.thawed():
            self.folder.save_model(name, self.main)

    def _sight(self) -> list[Any]:
        """Batches to measure batch norm on; the same at every epoch."""
        if self.config.regularize.average.name == "none":
            return []
        plain = EpochBatches(self.samples, self.config.fit.batch_size, seed=0, epoch=0)
        return [plain[number][0] for number in range(min(len(plain), 50))]

    def _plateau_rate(self, epoch: int) -> float:
        schedule = self.config.schedule
        losses = [line["val_loss"] for line in self.history]
        rate = self.config.optimizer.learning_rate * Plateau.after(schedule, losses).share
        return rate * min((epoch + 1) / max(schedule.warmup_epochs, 1.0), 1.0)

    def _check_weights(self, epoch: int) -> None:
        """The last step may have broken what its own loss does not show."""
        for variable in self.form.trainable_variables:
            if not np.isfinite(to_numpy(variable)).all():
                raise not_finite(
                    f"The weight {variable.path} became NaN or infinite",
                    epoch,
                    self.steps,
                    self._kept(),
                )

    def _kept(self) -> str:
        if not self.history:
            return "There is no checkpoint yet."
        return f"{self.folder.path / LAST} holds the model after epoch {len(self.history)}."

    def _best(self) -> int:
        """Index of the best epoch; the last where nothing was held back."""
        if self.held_back is None:
            return len(self.history) - 1
        return min(range(len(self.history)), key=lambda n: self.rank(self.history[n]))

    def _has_ended(self) -> bool:
        done, patience = len(self.history), self.config.fit.patience
        if done >= self.config.fit.epochs:
            return True
        return bool(patience and done and done - 1 - self._best() >= patience)

    def _end(self) -> RunResult:
        """Draw, judge the best model once more, and say what came out."""
        best = self._best()
        model = load_model(self.folder.path / BEST)
        self.draw(model)
        line = self.history[best]
        told = ("loss", "acc", "val_")
        metrics = {name: line[name] for name in line if any(part in name for part in told)}
        stopped = "done" if len(self.history) >= self.config.fit.epochs else "early"
        self.folder.write_json(
            RESULT,
            {"best_epoch": best + 1, "epochs": len(self.history), "stopped": stopped, **metrics},
        )
        return RunResult(
            folder=self.folder.path,
            model=model,
            best_epoch=best,
            epochs=len(self.history),
            metrics=metrics,
            history=tuple(self.history),
            stopped=stopped,
        )


@contextlib.contextmanager
def _as_float32(form: keras.Model) -> Any:
    before = [layer.dtype_policy for layer in form.layers]
    mixed = any(policy.name.startswith("mixed") for policy in before)
    try:
        for layer in form.layers if mixed else ():
            layer.dtype_policy = "float32"
        yield
    finally:
        for layer, policy in zip(form.layers, before, strict=True) if mixed else ():
            layer.dtype_policy = policy


def check_fit(net: keras.Model, samples: Samples) -> None:
    """The net takes these pictures and answers about these classes."""
    classes = int(net.outputs[0].shape[-1])
    if len(net.outputs[0].shape) != 2 or classes != len(samples.names):
        raise OptionError(
            f"{net.name} answers with shape {tuple(net.outputs[0].shape)}, but there are "
            f"{len(samples.names)} classes; the output has to be (None, {len(samples.names)})."
        )
    wanted, come = tuple(net.input_shape[1:]), samples.images.shape[1:]
    if any(side is not None and side != has for side, has in zip(wanted, come, strict=True)):
        raise OptionError(
            f"{net.name} takes pictures of shape {wanted} (height, width, channels), but these "
            f"have {come}. Resize them, or build the net for them."
        )
