"""Transfer learning: old layers that know much, a new head, and who may move when.

At first only the new head learns, since its large first gradients would wash out what the old
layers know. Later everything learns, the old layers at a fraction of the learning rate. A frozen
batch norm uses the means that it has, and does not measure new ones.

Reference:
    Yosinski et al., "How transferable are features in deep neural networks?", NIPS 2014; Howard and
    Ruder, "Universal Language Model Fine-tuning", ACL 2018 (gradual unfreezing, lower rates below).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from edgecnn.errors import OptionError
from edgecnn.training.config import TrainConfig, TransferConfig
from edgecnn.training.form import functional
from edgecnn.training.learner import main_part
from edgecnn.training.pretrained import from_bundle
from edgecnn.training.run import load_model

HEAD_DROPOUT = 0.2


class Freezing:
    """Which layers learn in which epoch, and how fast.

    Args:
        config: What was asked for.
        old: Names of the layers with weights that were taken over, in the order of the graph.
    """

    def __init__(self, config: TransferConfig, old: tuple[str, ...]) -> None:
        self.config, self.old = config, old
        if isinstance(config.freeze, int):
            if old and config.freeze > len(old):
                raise OptionError(
                    f"transfer.freeze is {config.freeze}, but the source has {len(old)} layers "
                    "with weights. Name fewer, or 'all'."
                )
            self.frozen: tuple[str, ...] = old[: config.freeze]
        else:
            self.frozen = old if config.freeze == "all" else ()
        self._layers: list[Any] = []

    def phase_start(self, epoch: int) -> int:
        """The epoch from which on it is as in this one."""
        thaw = self.config.unfreeze_at
        return thaw if self.frozen and thaw is not None and epoch >= thaw else 0

    def changes_at(self, epoch: int) -> bool:
        """Whether this epoch is the first in which the frozen layers learn."""
        return epoch > 0 and self.phase_start(epoch) == epoch

    def apply(self, model: keras.Model, epoch: int) -> None:
        """Freeze or thaw the layers of the model for an epoch."""
        thaw = self.config.unfreeze_at
        thawed = thaw is not None and epoch >= thaw
        self._layers = [model.get_layer(name) for name in self.frozen]
        for layer in self._layers:
            layer.trainable = thawed

    def factors(self, model: keras.Model, epoch: int) -> dict[str, float]:
        """Path of an old weight that learns -> factor on its steps."""
        if self.config.old_layer_factor == 1.0:
            return {}
        return {
            variable.path: self.config.old_layer_factor
            for name in self.old
            for variable in model.get_layer(name).trainable_variables
        }

    @contextlib.contextmanager
    def thawed(self) -> Iterator[None]:
        """All layers may learn meanwhile: what is frozen is no part of a saved model."""
        before = [layer.trainable for layer in self._layers]
        for layer in self._layers:
            layer.trainable = True
        try:
            yield
        finally:
            for layer, trainable in zip(self._layers, before, strict=True):
                layer.trainable = trainable

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """All layers may learn again afterwards: freezing is of the run, not of the model."""
        try:
            yield
        finally:
            for layer in self._layers:
                layer.trainable = True


def new_task(
    config: TrainConfig, input_shape: tuple[int, ...], num_classes: int
) -> tuple[keras.Model, Freezing]:
    """A trained net with a new head.

    Args:
        config: Its ``transfer.source`` is a ``.keras`` file that takes pixels 0..255, or a bundle
            that `edgecnn.training.pretrained` can read.
        input_shape: (height, width, channels) of the pictures.
        num_classes: Length of the new output.

    Returns:
        A model that takes pixels 0..255, and what is old in it.

    Raises:
        OptionError: The source does not fit the pictures, or has nothing that can be kept.
        TrainingError: A ``.keras`` file that cannot be read.
    """
    source = config.transfer.source or ""
    if Path(source).suffix.lower() == ".keras":
        features = _features(main_part(functional(load_model(source))))
        features = _resized(features, input_shape, source)
    else:
        features = _features(from_bundle(source, input_shape))
    rate = HEAD_DROPOUT if config.net.dropout is None else config.net.dropout
    return _with_new_head(features, num_classes, rate, config.transfer)


def _resized(model: keras.Model, input_shape: tuple[int, ...], source: str) -> keras.Model:
    """The same net for pictures of another size."""
    known = tuple(model.input_shape[1:])
    if known == tuple(input_shape):
        return model
    if known[-1] != input_shape[-1]:
        raise OptionError(
            f"{source} takes pictures with {known[-1]} channels, but these have {input_shape[-1]}."
        )
    try:
        inputs = keras.Input(input_shape, name="pixels")
        whole = keras.models.clone_model(model, input_tensors=inputs)
        whole.set_weights(model.get_weights())
    except ValueError as error:
        raise OptionError(
            f"{source} takes pictures of shape {known}, and cannot be rebuilt for {input_shape}: "
            f"{error}"
        ) from error
    return keras.Model(inputs, whole.outputs[0], name=model.name)


def _features(model: keras.Model) -> keras.Model:
    """The model without its head: up to the last layer with weights, if that is dense."""
    having = [layer for layer in model.layers if layer.weights]
    if len(having) < 2:
        raise OptionError(f"{model.name} has fewer than two layers with weights: nothing to keep.")
    last = having[-1]
    if not isinstance(last, keras.layers.Dense):
        return model
    before = last.input
    # Dropout in front of the old head would come twice with the new one.
    owner = next((one for one in model.layers if one.output is before), None)
    if isinstance(owner, keras.layers.Dropout):
        before = owner.input
    return keras.Model(model.inputs[0], before, name=model.name)


def _with_new_head(
    features: keras.Model, num_classes: int, dropout: float, config: TransferConfig
) -> tuple[keras.Model, Freezing]:
    x = features.outputs[0]
    if len(x.shape) == 4:
        x = keras.layers.GlobalAveragePooling2D(name="new_pool")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name="new_dropout")(x)
    x = keras.layers.Dense(num_classes, name="new_logits")(x)
    x = keras.layers.Activation("softmax", dtype="float32", name="new_predictions")(x)
    old = tuple(layer.name for layer in features.layers if layer.weights)
    return keras.Model(features.inputs[0], x, name=features.name), Freezing(config, old)
