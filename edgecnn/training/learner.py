"""What is fitted: a model around the form, which knows the loss.

The form is what learns and what is kept; a learner adds how it is judged while it learns. The plain
one is here, one that listens to teachers in `edgecnn.training.distill`.
"""

from __future__ import annotations

from typing import Any, Protocol

import keras
from keras import ops

from edgecnn.training.batches import Targets
from edgecnn.training.quantize.activations import ActivationQuantizer

AUXILIARY_WEIGHT = 0.3
"""Of the losses of outputs behind the first; Szegedy et al., "Going Deeper with Convolutions"."""


class Learner(keras.Model):  # type: ignore[misc]
    """Fits a form to classes.

    Args:
        form: From pixels to probabilities or logits; outputs behind the first are auxiliary.
        label_smoothing: Share of the truth that is spread over all classes.
    """

    def __init__(self, form: keras.Model, *, label_smoothing: float = 0.0) -> None:
        super().__init__(name=f"{form.name}_learner")
        self.form = form
        self.criterion = keras.losses.CategoricalCrossentropy(
            from_logits=not gives_probabilities(form), label_smoothing=label_smoothing
        )
        self.accuracy = keras.metrics.CategoricalAccuracy(name="accuracy")

    @property
    def kept_variables(self) -> list[Any]:
        """What a resumed run needs, random layers' counters included."""
        return list(self.form.variables)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Answers of the form."""
        return self.form(inputs, training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Loss of a batch with the penalties on the weights; Keras asks for it."""
        loss = self.task_loss(y, y_pred, sample_weight)
        for penalty in self.losses:
            loss = loss + ops.cast(penalty, loss.dtype)
        return loss

    def task_loss(self, truth: Any, answers: Any, weights: Any) -> Any:
        """Cross-entropy of the first output, and a part of that of the others."""
        first, *others = outputs_of(answers)
        loss = self.criterion(truth, first, sample_weight=weights)
        for other in others:
            loss = loss + AUXILIARY_WEIGHT * self.criterion(truth, other, sample_weight=weights)
        return loss

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Loss and accuracy so far; Keras asks for it."""
        self.accuracy.update_state(y, outputs_of(y_pred)[0])
        results: dict[str, Any] = self.get_metrics_result()
        return results


class Lesson(Protocol):
    """Another way to learn than from labels alone."""

    targets: Targets | None
    """Makes what the loss is given of pixels and one-hot labels."""

    def learner(self, form: keras.Model, *, label_smoothing: float) -> Learner:
        """What is fitted."""
        ...

    def describe(self) -> dict[str, Any]:
        """What a resumed run has to have in common."""
        ...


def outputs_of(answers: Any) -> list[Any]:
    """The outputs of a model as a list."""
    return list(answers) if isinstance(answers, list | tuple) else [answers]


def main_part(model: keras.Model) -> keras.Model:
    """The model without auxiliary outputs: what is judged and saved."""
    if len(model.outputs) == 1:
        return model
    return keras.Model(model.inputs[0], model.outputs[0], name=model.name)


def gives_probabilities(model: keras.Model) -> bool:
    """Whether the (first) output of a graph comes out of a softmax, rounded or not."""
    tensor = model.outputs[0]
    layer = tensor._keras_history.operation
    if isinstance(layer, ActivationQuantizer):
        layer = layer.input._keras_history.operation
    activation = getattr(layer, "activation", None)
    return isinstance(layer, keras.layers.Softmax) or activation is keras.activations.softmax
