"""Distillation: a small net learns from what large ones answer, and from what they look at.

`Distillation` is a lesson for `edgecnn.training.fit.train`: run folder, resuming, schedules and
averages are the same as without teachers.

    lesson = Distillation([teacher], DistillConfig(temperature=4.0, soft=0.7))
    train(config, out="runs/student", lesson=lesson)

- *Soft labels*: the teacher's probabilities at a temperature, by KL divergence.
- *Features*: what a layer of the student gives, through a learned 1 x 1 convolution, is drawn to
  what a layer of the teacher gives.
- *Attention*: where a layer of the student has energy is drawn to where one of the teacher has it.

A teacher is a Keras model, several (their probabilities are averaged), or a bundle, which answers
through the runtime while batches are made. All of them see the picture that the student sees,
augmentation included, as Beyer et al. found best.

Keras has `keras.distillation.Distiller`. It was tried and is not used: it knows one teacher, which
has to be a Keras model; it takes what comes out for logits, while our nets end in a softmax; its
features have to have the student's channels (FitNets' regressor is missing); and with features it
runs the student twice a step, which draws dropout twice and moves batch norm twice.

Reference:
    Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015; Romero et al.,
    "FitNets: Hints for Thin Deep Nets", ICLR 2015; Zagoruyko and Komodakis, "Paying More Attention
    to Attention", ICLR 2017; Beyer et al., "Knowledge Distillation: A Good Teacher Is Patient and
    Consistent", CVPR 2022.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any

import keras
import msgspec
import numpy as np
from keras import ops
from msgspec import Meta

from edgecnn.errors import OptionError
from edgecnn.training.batches import Floats, Targets
from edgecnn.training.form import functional
from edgecnn.training.learner import Learner, gives_probabilities, main_part, outputs_of
from edgecnn.training.quiet import to_numpy
from edgecnn.training.teachers import BundleTeacher

SMALLEST = 1e-7
"""Probabilities below are raised to this before a logarithm is taken."""


class LayerPair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A layer of the student and the one of the teacher that it follows.

    Attributes:
        student: Name of a layer that gives maps (B, h, w, channels).
        teacher: The same in the (first) teacher; its maps may have another size and channels.
        weight: Of this term in the loss.
    """

    student: str
    teacher: str
    weight: Annotated[float, Meta(gt=0.0)] = 1.0


class DistillConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is taken over from teachers.

    Attributes:
        soft: Share of the teachers' answers in the loss, the rest is for the labels.
        temperature: Above 1 it shows more of what the teacher finds similar; the term is multiplied
            by its square, so that its gradients keep their size (Hinton et al.).
        features: Pairs for FitNets' hints.
        attention: Pairs for attention transfer.
    """

    soft: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.7
    temperature: Annotated[float, Meta(gt=0.0)] = 4.0
    features: tuple[LayerPair, ...] = ()
    attention: tuple[LayerPair, ...] = ()


class Distillation:
    """Learning from labels and teachers.

    Args:
        teachers: Keras models that take the student's pixels, or bundles; at least one.
        config: What is taken over from them.

    Raises:
        OptionError: No teacher, two kinds of them, or features of bundles.
    """

    def __init__(
        self,
        teachers: Sequence[keras.Model | BundleTeacher],
        config: DistillConfig | None = None,
    ) -> None:
        self.config = DistillConfig() if config is None else config
        bundles = [one for one in teachers if isinstance(one, BundleTeacher)]
        if not teachers or (bundles and len(bundles) != len(teachers)):
            raise OptionError(
                f"There are {len(teachers)} teachers, {len(bundles)} of them bundles; give at "
                "least one, and either Keras models or bundles."
            )
        self._bundles = bundles
        self._models = [] if bundles else [main_part(functional(one)) for one in teachers]
        if bundles and (self.config.features or self.config.attention):
            raise OptionError(
                "Features and attention need Keras teachers; a bundle gives its answers alone."
            )
        self.targets: Targets | None = self._answers if bundles else None

    def learner(self, form: keras.Model, *, label_smoothing: float) -> Learner:
        """What is fitted; see `edgecnn.training.learner.Lesson`."""
        for teacher in self._models:
            _check_pair(form, teacher)
        return Student(form, self._models, self.config, label_smoothing=label_smoothing)

    def describe(self) -> dict[str, Any]:
        """Settings and teachers, weights included: a resumed run has to have the same."""
        return {
            "config": msgspec.json.decode(msgspec.json.encode(self.config)),
            "teachers": [
                *(teacher.describe() for teacher in self._bundles),
                *(_fingerprint(teacher) for teacher in self._models),
            ],
        }

    def _answers(self, pixels: Floats, one_hot: Floats) -> Floats:
        """(B, 2 C): labels, and the mean of what the bundles answer."""
        mean = np.mean([teacher(pixels) for teacher in self._bundles], axis=0, dtype=np.float32)
        if mean.shape != one_hot.shape:
            raise OptionError(
                f"The bundles answer about {mean.shape[1]} classes, but there are "
                f"{one_hot.shape[1]}."
            )
        return np.concatenate([one_hot, mean], axis=1)


class Student(Learner):
    """Fits a form to labels and teachers.

    Args:
        form: What learns.
        teachers: Keras models; none where their answers come with the labels.
        config: What is taken over.
        label_smoothing: Of the labels, not of the teachers.
    """

    def __init__(
        self,
        form: keras.Model,
        teachers: Sequence[keras.Model],
        config: DistillConfig,
        *,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(form, label_smoothing=label_smoothing)
        self.config = config
        self.probabilities = gives_probabilities(form)
        pairs = (*config.features, *config.attention)
        self._outputs = len(form.outputs)
        self._seen = _with_layers(form, [pair.student for pair in pairs])
        first = [_with_layers(teachers[0], [p.teacher for p in pairs])] if teachers else []
        # In a tuple inside a dict that Keras does not follow: teachers are no part of the student.
        self._teachers = _Untracked([*first, *teachers[1:]])
        self._softmaxed = [gives_probabilities(teacher) for teacher in teachers]
        self._regressors = []
        for number, pair in enumerate(config.features):
            channels = teachers[0].get_layer(pair.teacher).output.shape[-1]
            own = form.get_layer(pair.student).output.shape
            layer = keras.layers.Conv2D(channels, 1, name=f"regressor_{number}")
            layer.build(own)
            self._regressors.append(layer)

    @property
    def kept_variables(self) -> list[Any]:
        """Of the form and of the regressors, which learn as well."""
        own = [variable for layer in self._regressors for variable in layer.variables]
        return [*self.form.variables, *own]

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Answers of the form, and behind them the layers that are compared."""
        return self._seen(inputs, training=training)

    def task_loss(self, truth: Any, answers: Any, weights: Any) -> Any:
        """The loss of the labels alone; the teachers come in `compute_loss`."""
        return super().task_loss(truth, outputs_of(answers)[: self._outputs], weights)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Labels, soft labels, features and attention together."""
        labels, soft, maps = self._teaching(x, y)
        everything = outputs_of(y_pred)
        config = self.config
        loss = (1.0 - config.soft) * self.task_loss(labels, everything, sample_weight)
        if config.soft:
            loss = loss + config.soft * soft_label_loss(
                soft, self._logits(everything[0]), config.temperature, sample_weight
            )
        own = everything[self._outputs :]
        hints = len(config.features)
        for pair, layer, a, b in zip(
            config.features, self._regressors, own[:hints], maps[:hints], strict=True
        ):
            loss = loss + pair.weight * feature_loss(layer(a), b)
        for pair, a, b in zip(config.attention, own[hints:], maps[hints:], strict=True):
            loss = loss + pair.weight * attention_loss(a, b)
        for penalty in self.losses:
            loss = loss + ops.cast(penalty, loss.dtype)
        return loss

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Loss and accuracy against the labels."""
        classes = outputs_of(y_pred)[0].shape[-1]
        return super().compute_metrics(x, y[:, :classes], y_pred, sample_weight)

    def _teaching(self, x: Any, y: Any) -> tuple[Any, Any, list[Any]]:
        """Labels (B, C), the teachers' probabilities (B, C) and the maps of the first of them."""
        if not self._teachers.models:
            classes = y.shape[-1] // 2
            return y[:, :classes], y[:, classes:], []
        answers, maps = [], []
        for teacher, softmaxed in zip(self._teachers.models, self._softmaxed, strict=True):
            first, *more = outputs_of(teacher(x, training=False))
            first = ops.cast(first, "float32")
            answers.append(first if softmaxed else ops.softmax(first))
            maps += [ops.stop_gradient(one) for one in more]
        return y, ops.stop_gradient(sum(answers) / len(answers)), maps

    def _logits(self, answers: Any) -> Any:
        return ops.log(ops.maximum(answers, SMALLEST)) if self.probabilities else answers


def soft_label_loss(
    teacher: Any, student_logits: Any, temperature: float, weights: Any = None
) -> Any:
    """KL divergence from the teacher's answer to the student's, both at a temperature.

    Args:
        teacher: (B, C) probabilities.
        student_logits: (B, C), or logarithms of probabilities, which differ by a constant.
        temperature: T; the result is multiplied by T squared.
        weights: (B,), or None.

    Returns:
        Mean over the batch, 0 where both agree.
    """
    log_teacher = ops.log_softmax(ops.log(ops.maximum(teacher, SMALLEST)) / temperature)
    log_student = ops.log_softmax(ops.cast(student_logits, "float32") / temperature)
    each = ops.sum(ops.exp(log_teacher) * (log_teacher - log_student), axis=-1)
    if weights is not None:
        each = each * ops.cast(ops.reshape(weights, (-1,)), each.dtype)
    return ops.mean(each) * temperature**2


def feature_loss(student: Any, teacher: Any) -> Any:
    """Mean squared difference of maps (B, h, w, C); the student's are resized if they differ."""
    student, teacher = _same_size(student, teacher)
    return ops.mean(ops.square(student - teacher))


def attention_loss(student: Any, teacher: Any) -> Any:
    """Squared distance of normalised attention maps: sums over channels of squares.

    Args:
        student: (B, h, w, channels).
        teacher: The same, of any channels.
    """
    student, teacher = _same_size(student, teacher)
    return ops.mean(ops.sum(ops.square(_attention(student) - _attention(teacher)), axis=-1))


def _attention(maps: Any) -> Any:
    """(B, h w) of length 1."""
    energy = ops.mean(ops.square(maps), axis=-1)
    flat = ops.reshape(energy, (-1, energy.shape[1] * energy.shape[2]))
    return flat / ops.maximum(ops.norm(flat, axis=-1, keepdims=True), SMALLEST)


def _same_size(student: Any, teacher: Any) -> tuple[Any, Any]:
    student, teacher = ops.cast(student, "float32"), ops.cast(teacher, "float32")
    if student.shape[1:3] != teacher.shape[1:3]:
        student = ops.image.resize(student, teacher.shape[1:3], interpolation="bilinear")
    return student, teacher


class _Untracked:
    """Holds models without making them part of the one that holds it."""

    def __init__(self, models: list[keras.Model]) -> None:
        self.models = models


def _with_layers(model: keras.Model, names: list[str]) -> keras.Model:
    """The model, which also gives what these layers give."""
    if not names:
        return model
    known = {layer.name for layer in model.layers}
    missing = [name for name in names if name not in known]
    if missing:
        raise OptionError(
            f"{model.name} has no layer {', '.join(missing)}. edgecnn nets show lists the layers."
        )
    for name in names:
        shape = model.get_layer(name).output.shape
        if len(shape) != 4:
            raise OptionError(f"The layer {name} gives {shape}; maps (B, h, w, C) are compared.")
    # Through the graph of the model itself: its layers may be part of other graphs too.
    found = {}

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        found[layer.name] = layer(*args, **kwargs)
        return found[layer.name]

    again = keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)
    return keras.Model(again.inputs, [*again.outputs, *(found[name] for name in names)])


def _check_pair(student: keras.Model, teacher: keras.Model) -> None:
    takes = tuple(teacher.input_shape[1:]), tuple(student.input_shape[1:])
    gives = teacher.outputs[0].shape[-1], student.outputs[0].shape[-1]
    if takes[0] != takes[1] or gives[0] != gives[1]:
        raise OptionError(
            f"The teacher {teacher.name} takes {takes[0]} and gives {gives[0]} classes, the "
            f"student takes {takes[1]} and gives {gives[1]}; they have to be the same."
        )


def _fingerprint(model: keras.Model) -> str:
    digest = hashlib.sha256()
    for weight in model.weights:
        digest.update(np.ascontiguousarray(to_numpy(weight)).data)
    return digest.hexdigest()
