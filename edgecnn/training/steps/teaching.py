"""The teachers of a step: opened, checked against the student, and closed again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import keras
import numpy as np

from edgecnn.data.lazy_pictures import in_parts
from edgecnn.errors import OptionError
from edgecnn.training.batches import Samples
from edgecnn.training.distill import Distillation
from edgecnn.training.form import functional
from edgecnn.training.judging import predict
from edgecnn.training.learner import main_part
from edgecnn.training.run import load_model
from edgecnn.training.steps.config import SELF, TeachConfig
from edgecnn.training.steps.figures import Figures, figures_of
from edgecnn.training.teachers import BundleTeacher

Teacher: TypeAlias = "keras.Model | BundleTeacher"


@contextlib.contextmanager
def teachers(
    config: TeachConfig, *, own: keras.Model | None, names: tuple[str, ...]
) -> Iterator[list[Teacher]]:
    """Open the teachers of a step.

    Args:
        config: Whom.
        own: The net that the step begins with: ``self``.
        names: Classes that are learned; a bundle has to know them.

    Raises:
        OptionError: A teacher cannot classify these classes.
        TrainingError: A ``.keras`` file that cannot be read.
        BundleError: No such bundle, or a damaged one.
    """
    with contextlib.ExitStack() as stack:
        opened: list[Teacher] = []
        for source in config.sources:
            if source == SELF:
                if own is None:
                    raise OptionError("There is no net yet that could be the teacher 'self'.")
                opened.append(own)
            elif Path(source).suffix.lower() == ".keras":
                opened.append(main_part(functional(load_model(source))))
            else:
                bundle = BundleTeacher(source, names=names)
                stack.callback(bundle.close)
                opened.append(bundle)
        yield opened


def lesson_of(
    config: TeachConfig, opened: Sequence[Teacher], student: keras.Model
) -> Distillation | None:
    """How the student learns from them; None without teachers.

    Args:
        config: What is taken over.
        opened: See `teachers`.
        student: What learns, or a net of the same input, output and layer names.

    Raises:
        OptionError: A teacher has another input or other classes, which the message names, or
            there is no such layer.
    """
    if not opened:
        if config.features or config.attention:
            raise OptionError("teach.features and teach.attention need a teacher (teach.sources).")
        return None
    for source, teacher in zip(config.sources, opened, strict=True):
        if isinstance(teacher, keras.Model):
            _check_fits(source, teacher, student)
    lesson = Distillation(opened, config.lesson)
    # Finds missing layers now, before anything is written.
    lesson.learner(student, label_smoothing=0.0)
    return lesson


def figures_of_teachers(opened: Sequence[Teacher], judged: Samples, batch_size: int) -> Figures:
    """What the teachers know and cost together: their answers are averaged."""
    each = []
    for teacher in opened:
        if isinstance(teacher, BundleTeacher):
            parts = in_parts(judged.images, batch_size)
            each.append(np.concatenate([teacher(one.astype(np.float32)) for one in parts]))
        else:
            each.append(predict(teacher, judged.images, batch_size))
    right = np.mean(each, axis=0).argmax(axis=1) == judged.labels
    nets = [teacher for teacher in opened if isinstance(teacher, keras.Model)]
    if len(nets) < len(opened):
        sizes = [t.file_bytes for t in opened if isinstance(t, BundleTeacher)]
        return Figures(float(right.mean()), None, None, sum(sizes), None)
    few = Samples(judged.images[0:1], judged.labels[:1], judged.names)
    costs = [figures_of(net, few, batch_size) for net in nets]
    macs = [cost.macs for cost in costs]
    return Figures(
        accuracy=float(right.mean()),
        parameters=sum(cost.parameters or 0 for cost in costs),
        macs=None if None in macs else sum(count or 0 for count in macs),
        weight_bytes=sum(cost.weight_bytes for cost in costs),
        gzip_bytes=sum(cost.gzip_bytes or 0 for cost in costs),
    )


def _check_fits(source: str, teacher: keras.Model, student: keras.Model) -> None:
    takes = tuple(teacher.input_shape[1:]), tuple(student.input_shape[1:])
    gives = tuple(teacher.outputs[0].shape[1:]), tuple(student.outputs[0].shape[1:])
    if takes[0] != takes[1]:
        raise OptionError(
            f"The teacher {source} takes pictures of shape {takes[0]} (height, width, channels), "
            f"the student {takes[1]}; they have to be the same. Name a teacher for these pictures, "
            f"or have them made to its size: --set train.data.size_wh=[{takes[0][1]},{takes[0][0]}]"
        )
    if gives[0] != gives[1]:
        raise OptionError(
            f"The teacher {source} answers with shape {gives[0]}, the student with {gives[1]}; "
            "name a teacher that was trained on the same classes."
        )
