"""What is fitted: an embedder with the loss, and with ArcFace's directions while it learns."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from edgecnn.training.batches import Targets
from edgecnn.training.learner import Learner
from edgecnn.training.metric.config import MetricConfig
from edgecnn.training.metric.losses import arcface_logits, triplet_loss


class MetricLearner(Learner):
    """Fits a form to tell classes apart by distance.

    Args:
        form: From pixels to vectors of length 1.
        config: The loss.
        classes: That are learned from.
    """

    def __init__(self, form: keras.Model, config: MetricConfig, classes: int) -> None:
        super().__init__(form)
        self.metric_config = config
        self.head: Any = None
        self.violated: Any = None
        if config.loss == "arcface":
            # Not part of the form: a device has no use for the classes of training.
            self.head = self.add_weight(
                shape=(form.outputs[0].shape[-1], classes),
                initializer=keras.initializers.GlorotUniform(seed=0),
                name="kernel",
            )
        else:
            self.violated = keras.metrics.Mean(name="violated")

    @property
    def kept_variables(self) -> list[Any]:
        """What a resumed run needs, the directions of classes included."""
        return [*self.form.variables, *([] if self.head is None else [self.head])]

    def task_loss(self, truth: Any, answers: Any, weights: Any) -> Any:
        """The loss of a batch of P classes with K pictures each."""
        del weights
        vectors = ops.cast(answers, "float32")
        if self.head is None:
            labels = ops.argmax(truth, axis=1)
            margin, mining = self.metric_config.margin_or_usual, self.metric_config.mining
            loss, violated = triplet_loss(vectors, labels, margin, mining)
            self.violated.update_state(violated)
            return loss
        config = self.metric_config
        logits = arcface_logits(vectors, self.head, truth, config.margin_or_usual, config.scale)
        entropy = keras.losses.categorical_crossentropy(truth, logits, from_logits=True)
        return ops.mean(entropy)

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Loss, and the share of triplets that are violated; Keras asks for it."""
        results: dict[str, Any] = self.get_metrics_result()
        return {name: value for name, value in results.items() if name != "accuracy"}


class MetricLesson:
    """Makes learners for `edgecnn.training.fit`; see `edgecnn.training.learner.Lesson`.

    Args:
        config: The loss.
        classes: That are learned from.
    """

    targets: Targets | None = None

    def __init__(self, config: MetricConfig, classes: int) -> None:
        self._config, self._classes = config, classes

    def learner(self, form: keras.Model, *, label_smoothing: float) -> Learner:
        """What is fitted."""
        del label_smoothing  # refused by the config
        return MetricLearner(form, self._config, self._classes)

    def describe(self) -> dict[str, Any]:
        """What a resumed run has to have in common; the config says the rest."""
        return {"classes": self._classes}
