"""Learning rates as functions of the step, computed inside the training step on any backend.

``plateau`` is the exception: it looks at the validation loss, so that it is set between epochs.

Reference:
    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017
    (cosine, without restarts here); Goyal et al., "Accurate, Large Minibatch SGD", 2017 (warm-up).
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from edgecnn.training.config import ScheduleConfig


class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """The learning rate of each step.

    Args:
        config: What it looks like; ``plateau`` is constant here, but for its warm-up.
        learning_rate: Where it starts, or where the warm-up ends.
        steps_per_epoch: Steps of one pass.
        epochs: Passes in all; ``cosine`` ends with the last.
        first_step: Added to the optimizer's count: steps before this optimizer was made.
    """

    def __init__(
        self,
        config: ScheduleConfig,
        learning_rate: float,
        *,
        steps_per_epoch: int,
        epochs: int,
        first_step: int = 0,
    ) -> None:
        super().__init__()
        self.config = config
        self.learning_rate = learning_rate
        self.steps_per_epoch = steps_per_epoch
        self.epochs = epochs
        self.first_step = first_step

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, counted from 0; a float32 scalar."""
        config = self.config
        done = ops.cast(step, "float32") + float(self.first_step)
        epoch = done / self.steps_per_epoch
        rate = self.learning_rate * self._share(epoch)
        if config.warmup_epochs:
            rise = (done + 1) / max(config.warmup_epochs * self.steps_per_epoch, 1.0)
            rate = rate * ops.minimum(rise, 1.0)
        return rate

    def _share(self, epoch: Any) -> Any:
        config = self.config
        if config.name == "step":
            return ops.power(config.factor, ops.floor(epoch / config.every_epochs))
        if config.name == "exponential":
            return ops.power(config.factor, epoch / config.every_epochs)
        if config.name == "cosine":
            length = self.epochs - config.warmup_epochs
            way = ops.clip((epoch - config.warmup_epochs) / length, 0.0, 1.0)
            return config.final + (1 - config.final) * 0.5 * (1 + ops.cos(math.pi * way))
        return ops.ones_like(epoch)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes; Keras asks for it."""
        return {
            "config": self.config,
            "learning_rate": self.learning_rate,
            "steps_per_epoch": self.steps_per_epoch,
            "epochs": self.epochs,
            "first_step": self.first_step,
        }


class Plateau:
    """Lowers the learning rate when the validation loss has stopped falling.

    Args:
        config: Its ``factor``, ``patience`` and ``final``.

    Attributes:
        share: Of the learning rate, 1 at first.
        best: Lowest loss so far.
        waited: Epochs since then.
    """

    def __init__(self, config: ScheduleConfig) -> None:
        self.config = config
        self.share, self.best, self.waited = 1.0, math.inf, 0

    def tell(self, loss: float) -> float:
        """Hear the validation loss of an epoch and give the share for the next."""
        if loss < self.best:
            self.best, self.waited = loss, 0
            return self.share
        self.waited += 1
        if self.waited >= self.config.patience:
            self.waited = 0
            self.share = max(self.share * self.config.factor, self.config.final)
        return self.share

    @classmethod
    def after(cls, config: ScheduleConfig, losses: list[float]) -> Plateau:
        """As it stands after these epochs: nothing of it has to be saved."""
        plateau = cls(config)
        for loss in losses:
            plateau.tell(loss)
        return plateau
