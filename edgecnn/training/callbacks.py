"""What watches a run step by step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from edgecnn.errors import TrainingError

Progress = Callable[[str, float], None]
"""Told what is done and the share of it, 0..1."""


class SeedEpoch(keras.callbacks.Callback):  # type: ignore[misc]
    """Seeds the generators of the process at the start of an epoch.

    PyTorch draws dropout from such a generator, which no checkpoint holds. Here, because what fit
    does before its first epoch draws from it as well.

    Args:
        seed: Of the run.
        epoch: From 0.
    """

    def __init__(self, seed: int, epoch: int) -> None:
        super().__init__()
        self._seed = int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Seed them."""
        keras.utils.set_random_seed(self._seed)


class StopAtNaN(keras.callbacks.Callback):  # type: ignore[misc]
    """Stops at the first loss that is no number.

    Args:
        epoch: The one that is running, from 0.
        kept: What there is to fall back to, for the message.
    """

    def __init__(self, epoch: int, kept: str) -> None:
        super().__init__()
        self._epoch, self._kept = epoch, kept

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the loss; Keras gives the mean so far, in which a NaN stays."""
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            raise not_finite(f"The loss became {loss}", self._epoch, batch + 1, self._kept)


def not_finite(what: str, epoch: int, step: int, kept: str) -> TrainingError:
    """The error of a run that has gone astray."""
    return TrainingError(
        f"{what} at step {step} of epoch {epoch + 1}. {kept} Lower optimizer.learning_rate, add a "
        "warm-up (schedule.warmup_epochs) or clip gradients (optimizer.clip_norm), and start again "
        "in another folder; transfer.source takes the checkpoint."
    )


class TellProgress(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells how far the run is.

    Args:
        progress: To be told.
        epoch: The one that is running, from 0.
        epochs: In all.
        steps: Of an epoch.
    """

    def __init__(self, progress: Progress, epoch: int, epochs: int, steps: int) -> None:
        super().__init__()
        self._progress, self._epoch, self._epochs, self._steps = progress, epoch, epochs, steps

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Tell it."""
        known = logs or {}
        text = f"epoch {self._epoch + 1}/{self._epochs}"
        for name in ("loss", "accuracy"):
            if name in known:
                text += f" {name} {float(known[name]):.3f}"
        self._progress(text, (self._epoch + (batch + 1) / self._steps) / self._epochs)
