"""The loop for embedders: that of `edgecnn.training.fit`, with other batches and another judge.

The run folder, resuming to the same weights, schedules, averages and half precision are the same;
``confusion.png`` is replaced by ``distances.png``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import keras

from edgecnn.errors import OptionError
from edgecnn.training.batches import (
    Augment,
    Labelled,
    Samples,
    as_held_back,
    as_samples,
    at_most,
)
from edgecnn.training.callbacks import Progress
from edgecnn.training.config import to_dict
from edgecnn.training.fit import AfterEpoch, Line, TrainingRun
from edgecnn.training.form import functional
from edgecnn.training.metric.batches import ClassBatches, steps_of
from edgecnn.training.metric.config import EmbedConfig
from edgecnn.training.metric.drawing import draw_distances, draw_verification
from edgecnn.training.metric.learner import MetricLesson
from edgecnn.training.metric.net import check_embedder, embedding_net
from edgecnn.training.metric.unseen import embed_pictures, judge, part_classes
from edgecnn.training.preparing import augmentation, file_spec, open_labelled
from edgecnn.training.resume import check_same
from edgecnn.training.run import ABOUT, CONFIG, CURVES, RunFolder, RunResult, about
from edgecnn.training.transfer import Freezing

DISTANCES = "distances.png"


def train_embedder(
    config: EmbedConfig,
    *,
    out: str | os.PathLike[str],
    data: Labelled | None = None,
    model: keras.Model | None = None,
    resume: bool = False,
    augment: Augment | None = None,
    callbacks: Sequence[Any] = (),
    after_epoch: AfterEpoch | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Train a net to tell identities apart that it has not seen, and keep all of it in a folder.

    Args:
        config: What is done; see `edgecnn.training.metric.config`.
        out: Folder of the run; see `edgecnn.training.run` for its files.
        data: Pictures with their classes, those to be held back included; None opens what the
            config names.
        model: A graph that takes pixels 0..255 and gives vectors of length 1, trained in place;
            None builds what the config names.
        resume: Go on with the run in ``out``.
        augment: Changes batches; None takes what the config names.
        callbacks: Keras callbacks. ``fit`` is called once an epoch.
        after_epoch: Told the lines of the log so far, when everything is written.
        progress: Told what is done and the share of it.

    Returns:
        The best embedder, by the equal error rate on unseen classes, and how it came about.

    Raises:
        OptionError: Data, net and config do not fit each other.
        TrainingError: The folder holds another run, the state is damaged, or the loss became NaN.
        SourceError: Pictures that cannot be read.
    """
    keras.utils.set_random_seed(config.fit.seed)
    given = None if model is None else functional(model)
    samples, unseen = _prepare(config, data, given)
    shape = samples.images.shape[1:]
    net = embedding_net(config.net, shape, config.metric.dimension) if given is None else given
    check_embedder(net, shape)
    metric = config.metric
    lesson = MetricLesson(metric, len(samples.names))
    folder = RunFolder(out)
    facts = about(net, samples, unseen)
    facts["net"]["lesson"] = lesson.describe()
    facts["data"]["unseen_classes"] = list(unseen.names)
    if resume:
        check_same(folder, config, facts)
    else:
        folder.begin()
        folder.write_json(CONFIG, to_dict(config))
        folder.write_json(ABOUT, {"seed": config.fit.seed, **facts})
    run = _EmbedderRun(config, folder, net, samples, unseen, Freezing(config.transfer, ()), lesson)
    run.metric = metric
    run.steps = steps_of(samples, metric.classes_per_batch, metric.pictures_per_class)
    run.augment = augmentation(config.data.augment, shape) if augment is None else augment
    run.callbacks, run.progress, run.after_epoch = tuple(callbacks), progress, after_epoch
    return run.go()


class _EmbedderRun(TrainingRun):
    """A run whose batches are classes times pictures, judged on classes that it does not see."""

    metric: Any

    def batches(self, epoch: int) -> ClassBatches:
        """The pictures of an epoch."""
        return ClassBatches(
            self.samples,
            self.metric.classes_per_batch,
            self.metric.pictures_per_class,
            seed=self.config.fit.seed,
            epoch=epoch,
            augment=self.augment,
        )

    def judge(self) -> Line:
        """Figures on unseen classes."""
        return judge(self.main, self._unseen(), self.config.fit.batch_size)

    def rank(self, line: Line) -> tuple[float, ...]:
        """The smallest equal error rate is the best; where equal, the rates at few accepts."""
        rates = [value for name, value in line.items() if name.startswith("val_tar")]
        return (line["val_eer"], *(-rate for rate in reversed(rates)))

    def draw(self, model: keras.Model) -> None:
        """How it went, and how far pictures of one class and of two are apart."""
        with self.folder.replacing(CURVES) as file:
            draw_verification(self.history, file)
        unseen = self._unseen()
        vectors = embed_pictures(model, unseen.images, self.config.fit.batch_size)
        with self.folder.replacing(DISTANCES) as file:
            draw_distances(vectors, unseen.labels, file)

    def _unseen(self) -> Samples:
        if self.held_back is None:
            raise OptionError("An embedder is judged on unseen classes, but there are none.")
        return self.held_back


def _prepare(
    config: EmbedConfig, data: Labelled | None, model: keras.Model | None
) -> tuple[Samples, Samples]:
    """What is learned from, and pictures of other classes."""
    seed, metric = config.fit.seed, config.metric
    loaded = open_labelled(config) if data is None else data
    loaded = at_most(loaded, config.data.limit, seed)
    seen, unseen = part_classes(loaded, metric.unseen, seed)
    spec = file_spec(config, model)
    judged = at_most(unseen, metric.judge_on, seed)
    return as_samples(seen, spec=spec), as_held_back(judged, spec)
