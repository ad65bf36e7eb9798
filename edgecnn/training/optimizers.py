"""Keras's optimizers, made from a config.

Reference:
    Sutskever et al., ICML 2013 (momentum, Nesterov); Tieleman and Hinton, 2012 (RMSprop); Duchi et
    al., JMLR 2011 (Adagrad); Zeiler, arXiv:1212.5701 (Adadelta); Kingma and Ba, ICLR 2015 (Adam);
    Loshchilov and Hutter, ICLR 2019 (AdamW); Dozat, ICLR workshop 2016 (Nadam).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from edgecnn.training.config import AverageConfig, OptimizerConfig

OPTIMIZERS: dict[str, str] = {
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "Nadam",
}
"""Name in a config -> class in ``keras.optimizers``."""
KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")
"""Names of the weights that decay and penalties work on."""


def make_optimizer(
    config: OptimizerConfig,
    learning_rate: Any,
    *,
    average: AverageConfig | None = None,
    factors: Mapping[str, float] | None = None,
) -> keras.optimizers.Optimizer:
    """Make an optimizer.

    Args:
        config: Which one, and how.
        learning_rate: A number or a schedule.
        average: ``ema`` lets it keep a moving average of the weights.
        factors: Path of a weight -> factor on what a step changes; weights that are not named have
            1. Of old layers in transfer learning.
    """
    more: dict[str, Any] = {}
    if config.name in ("sgd", "rmsprop"):
        more["momentum"] = config.momentum
    if config.name == "sgd":
        more["nesterov"] = config.nesterov
    if average is not None and average.name == "ema":
        more |= {"use_ema": True, "ema_momentum": average.momentum}
    kind = getattr(keras.optimizers, OPTIMIZERS[config.name])
    if average is not None and average.name == "ema":
        kind = _averaging(kind)
    optimizer: keras.optimizers.Optimizer = (_with_factors(kind, factors) if factors else kind)(
        learning_rate=learning_rate,
        # AdamW has to have a number; the others then save the multiplication.
        weight_decay=config.weight_decay or (0.0 if config.name == "adamw" else None),
        global_clipnorm=config.clip_norm,
        clipvalue=config.clip_value,
        **more,
    )
    return optimizer


def prepare(optimizer: keras.optimizers.Optimizer, variables: list[Any]) -> None:
    """Make the optimizer's state for weights; those that are no kernels do not decay.

    The state then exists before the first step, so that a saved one can be put into it.
    """
    # Of a variable, not of a name: "bias" would also match a layer that is called so.
    optimizer.exclude_from_weight_decay(var_list=[v for v in variables if v.name not in KERNELS])
    optimizer.build(variables)


def _averaging(kind: type[Any]) -> type[Any]:
    """The optimizer class with a moving average that looks on, and that is young at first.

    Keras writes the average over the weights at the end of every ``fit``, and ours is called once
    an epoch: the weights would go back towards where they were two epochs before, again and again.
    And where there are few steps, Keras's average remembers the random weights to the end.
    """

    class Averaging(kind):  # type: ignore[misc]
        def finalize_variable_values(self, var_list: Any) -> None:
            """Leave the weights alone; `edgecnn.training.averaging` shows the average."""

        def _update_model_variables_moving_average(self, trainable_variables: Any) -> None:
            steps = ops.cast(self.iterations, "float32")
            momentum = ops.minimum((1.0 + steps) / (10.0 + steps), self.ema_momentum)
            pairs = zip(trainable_variables, self._model_variables_moving_average, strict=True)
            for variable, average in pairs:
                share = ops.cast(momentum, variable.dtype)
                average.assign(share * average + (1 - share) * variable)

    Averaging.__name__ = kind.__name__
    return Averaging


def _with_factors(kind: type[Any], factors: Mapping[str, float]) -> type[Any]:
    """The optimizer class, whose steps are shortened for some weights.

    Shortening the step, not the gradient: Adam and its relatives undo what is done to gradients.
    """

    class Shortened(kind):  # type: ignore[misc]
        def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
            known = trainable_variables
            variables = list(self._trainable_variables if known is None else known)
            slow = [(v, factors[v.path]) for v in variables if v.path in factors]
            before = [ops.convert_to_tensor(v) + 0.0 for v, _ in slow]
            super().apply(grads, trainable_variables)
            for (variable, factor), old in zip(slow, before, strict=True):
                variable.assign(old + factor * (ops.convert_to_tensor(variable) - old))

    Shortened.__name__ = kind.__name__
    return Shortened
