"""Everything that can be known of a recipe before its hours of training.

The nets are built with random weights and sent the whole way: what cannot be pruned, rounded or
converted does not depend on what they learn.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import msgspec

from converters.compress.pictures import RecipePictures
from converters.compress.recipe import TEACHER, Recipe
from converters.proof.gates import gates_for
from converters.sources import open_source
from edgecnn.errors import ConversionError
from edgecnn.optional import require
from edgecnn.training import quantize
from edgecnn.training.config import TrainConfig
from edgecnn.training.preparing import build_net
from edgecnn.training.steps.config import PruneStep, TeachConfig
from edgecnn.training.steps.data import StepData
from edgecnn.training.steps.removing import Measure, removal_of
from edgecnn.training.steps.stages import check_net, stage_config
from edgecnn.training.steps.teaching import lesson_of, teachers

OBSERVED = 64
"""Pictures for ranges of the net that is only tried."""


def check_recipe(recipe: Recipe, pictures: RecipePictures, measure: Measure | None) -> None:
    """Try a recipe without training.

    Args:
        recipe: All of it.
        pictures: That it names.
        measure: Milliseconds of a Keras model; None where no target is a time.

    Raises:
        OptionError: Nets, teachers and pictures do not fit each other; a pruning target that cannot
            be met; a layer that cannot be pruned or rounded; a gate that is not known.
        ConversionError: Something that cannot be converted, or Keras runs on another backend.
        BundleError, TrainingError: A teacher that cannot be opened.
        MissingExtraError: What makes a target's files is not installed.
    """
    _check_tools(recipe)
    gates_for(recipe.convert.gates, recipe.convert.max_drop)
    data = pictures.steps
    try:
        student = _built(recipe.student, data)
        trained = _check_teacher(recipe, student, data)
        small = _pruned(recipe, student, trained, data, measure)
        _check_files(recipe, small, trained, data)
    finally:
        keras.backend.clear_session()


def _check_tools(recipe: Recipe) -> None:
    if keras.backend.backend() != "tensorflow":
        raise ConversionError(
            f"Keras runs on {keras.backend.backend()} here, but a recipe ends with a conversion, "
            "which goes by TensorFlow: set KERAS_BACKEND=tensorflow in the environment."
        )
    require("ai_edge_litert.interpreter", extra="convert")
    if "openvino" in recipe.convert.targets:
        require("openvino", extra="convert")


def _built(config: TrainConfig, data: StepData) -> keras.Model:
    model = build_net(stage_config(config, data), data.samples)[0]
    check_net(model, data)
    return model


def _check_teacher(recipe: Recipe, student: keras.Model, data: StepData) -> keras.Model | None:
    """The teacher that is to be trained, with random weights; None where there is none."""
    teacher = recipe.teacher
    if teacher is None:
        return None
    if teacher.train is not None:
        model = _built(teacher.train, data)
        lesson_of(teacher.teach((TEACHER,)), [model], student)
        return model
    _check_teaching(teacher.teach(teacher.sources), student, None, data)
    return None


def _check_teaching(
    teach: TeachConfig, net: keras.Model, trained: keras.Model | None, data: StepData
) -> None:
    """Teachers fit the net; one that is to be trained was compared with it before."""
    sources = [name for name in teach.sources if trained is None or name != TEACHER]
    known = msgspec.structs.replace(teach, sources=tuple(sources))
    if not sources:
        return
    with teachers(known, own=net, names=data.train.names) as opened:
        lesson_of(known, opened, net)


def _pruned(
    recipe: Recipe,
    student: keras.Model,
    trained: keras.Model | None,
    data: StepData,
    measure: Measure | None,
) -> keras.Model:
    """The student with as few channels as it will have, if not the same ones."""
    step = recipe.prune
    if step is None:
        return student
    _check_teaching(with_teacher(step.teach, sources_of(recipe)), student, trained, data)
    plain = msgspec.structs.replace(step.choice, score="l2")
    removal = removal_of(_with_choice(step, plain), student, data, measure)
    removal.make_plan()
    return removal.remove(student, removal.stages - 1)[0]


def _with_choice(step: PruneStep, choice: object) -> PruneStep:
    return msgspec.structs.replace(step, choice=choice)


def _check_files(
    recipe: Recipe, net: keras.Model, trained: keras.Model | None, data: StepData
) -> None:
    step, targets = recipe.quantize, recipe.convert.targets
    if step is None:
        with open_source(net) as source:
            source.tflite()
        return
    _check_teaching(with_teacher(step.teach, sources_of(recipe)), net, trained, data)
    four = step.rounding.weights == "int4"
    rounding = quantize.prepare(net, quantize.int4_weights() if four else quantize.int8())
    quantize.observe(rounding, data.some(OBSERVED, 0).images)
    with open_source(rounding) as source:
        for target in targets:
            source.tflite() if target == "tflite" else source.openvino()


def sources_of(recipe: Recipe) -> tuple[str, ...]:
    """Files of the teacher as far as they are there already."""
    return recipe.teacher.sources if recipe.teacher is not None else ()


def with_teacher(teach: TeachConfig, files: Sequence[str]) -> TeachConfig:
    """The same with the files of the recipe's teacher in place of its name.

    Args:
        teach: Of a step.
        files: Empty leaves the name, for a teacher that is not there yet.
    """
    if not files:
        return teach
    sources = [file for name in teach.sources for file in (files if name == TEACHER else (name,))]
    return msgspec.structs.replace(teach, sources=tuple(sources))
