"""Averages of weights over time: flatter minima, steadier figures.

Reference:
    Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018
    (SWA; batch norm is measured again for the averaged weights, as they ask); Polyak and Juditsky,
    "Acceleration of Stochastic Approximation by Averaging", 1992 (of which EMA is the forgetful
    form).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edgecnn.training.config import AverageConfig
from edgecnn.training.quiet import to_numpy

Arrays = list[NDArray[Any]]
MEASURED_BATCHES = 50
"""So many batches at most measure batch norm again."""


def read(variables: Sequence[Any]) -> Arrays:
    """Copies of the values of variables."""
    return [to_numpy(variable) for variable in variables]


def write(variables: Sequence[Any], values: Sequence[NDArray[Any]]) -> None:
    """Put values into variables."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def inner(optimizer: Any) -> Any:
    """The optimizer itself where one that scales the loss is around it."""
    return getattr(optimizer, "inner_optimizer", optimizer)


class WeightAverage:
    """Keeps the average that a config asks for, and shows the model with it.

    Args:
        config: Which.
        model: Whose weights.

    Attributes:
        total: SWA: sums of the trainable weights over epochs; empty before the first.
        count: SWA: of so many epochs.
    """

    def __init__(self, config: AverageConfig, model: keras.Model) -> None:
        self.config, self.model = config, model
        self.total: Arrays = []
        self.count = 0

    def epoch_ended(self, epoch: int) -> None:
        """Take the weights into the mean, if it has begun."""
        if self.config.name != "swa" or epoch < self.config.start_epoch:
            return
        values = [value.astype(np.float64) for value in read(self.model.trainable_variables)]
        before = self.total or [np.zeros_like(value) for value in values]
        self.total = [a + b for a, b in zip(before, values, strict=True)]
        self.count += 1

    @contextlib.contextmanager
    def shown(self, optimizer: Any, pictures: Sequence[Any]) -> Iterator[None]:
        """The model has the averaged weights inside the ``with``.

        Args:
            optimizer: That trains it; it holds the moving average.
            pictures: Batches of input, to measure batch norm again.
        """
        variables, average = self._average(optimizer)
        if not average:
            yield
            return
        # What is trained beside the model, such as ArcFace's head, is averaged as well.
        known = {id(variable) for variable in self.model.variables}
        beside = [variable for variable in variables if id(variable) not in known]
        everything = [*self.model.variables, *beside]
        before = read(everything)
        write(variables, average)
        try:
            # Its means and variances are of the weights that were averaged, not of the average.
            measure_batch_norm(self.model, pictures)
            yield
        finally:
            write(everything, before)

    def _average(self, optimizer: Any) -> tuple[list[Any], Arrays]:
        if self.config.name == "swa" and self.count:
            means = [(total / self.count).astype(np.float32) for total in self.total]
            return list(self.model.trainable_variables), means
        if self.config.name == "ema":
            # Keras keeps it in the order of the weights that the optimizer was built with.
            own = inner(optimizer)
            return list(own._trainable_variables), read(own._model_variables_moving_average)
        return [], []


def measure_batch_norm(model: keras.Model, pictures: Sequence[Any]) -> None:
    """Set the means and variances of batch norm to what the weights now give on pictures.

    Args:
        model: In the form that infers; frozen layers are left alone.
        pictures: Batches (B, H, W, C); each counts the same.
    """
    layers = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    try:
        for number, batch in enumerate(pictures[:MEASURED_BATCHES]):
            for layer in layers:
                layer.momentum = number / (number + 1)  # a plain mean over the batches
            model(batch, training=True)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
