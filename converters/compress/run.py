"""`compress`: a whole recipe, from pictures to a proven bundle."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import msgspec

from converters.bundles.speed import describe_machine
from converters.compress.bundling import bundle_of
from converters.compress.checks import check_recipe
from converters.compress.costs import Cost, measure_costs
from converters.compress.folder import SUMMARY, StepName, WorkFolder
from converters.compress.pictures import RecipePictures, open_recipe_pictures
from converters.compress.recipe import Recipe
from converters.compress.steps import Trained, train_all
from converters.compress.summary import FileRow, StepRow, Summary
from converters.options import Progress, no_progress
from converters.quiet import tensorflow
from converters.report.schema import Report
from converters.report.text import agreement
from edgecnn.errors import TrainingError
from edgecnn.optional import require
from edgecnn.training.run import load_model
from edgecnn.training.steps.figures import Figures, accuracy_of, figures_of
from edgecnn.training.steps.removing import Measure
from edgecnn.training.steps.teaching import figures_of_teachers, teachers


def compress(
    recipe: Recipe,
    *,
    out: str | os.PathLike[str],
    resume: bool = False,
    restart: StepName | None = None,
    check: bool = True,
    short: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Distil, prune, quantize, convert and prove, as a recipe says.

    Everything that can be checked is checked before the first training. A killed run goes on at the
    step and epoch where it was; a step that is done is not done again.

    Args:
        recipe: What is done; see `converters.compress.recipe`.
        out: Work folder, new or empty; see `converters.compress.folder`.
        resume: Go on with the work in ``out``.
        restart: Go on with it, but do this step and all later ones anew.
        check: Send nets with random weights the whole way before the first training; off where
            everything takes no longer than that.
        short: For trainings of a few steps. Nets compute operation by operation, since compiling
            them would take longer, and those of single steps are not converted for their sizes and
            times; what comes out is converted and proven as always.
        progress: Told what is done, and the share of the step.

    Returns:
        Figures after each step and of each file; ``OUT/summary.json`` holds the same, and the card
        of the bundle their table.

    Raises:
        OptionError: Nets, teachers, pictures and targets do not fit each other.
        TrainingError: The folder holds another recipe or other things (the message lists what
            differs), or a training failed.
        ConversionError: The net cannot be converted.
        ParityError: A file does not keep a gate; the trainings stay, and ``OUT/bundle-report`` says
            where it went wrong.
        SourceError: Pictures that cannot be read.
        MissingExtraError: The extra ``convert`` is not installed.
    """
    told = progress or no_progress
    # Absolute, because steps write down which files they begin with.
    folder = WorkFolder(Path(out).absolute())
    folder.check(recipe, resume=resume, restart=restart)
    told("reading pictures", 0.0)
    pictures = open_recipe_pictures(recipe)
    going_on = resume or restart is not None
    if going_on:
        folder.check_pictures(pictures.describe())
        done = folder.finished() if restart is None else None
        if done is not None:
            return done
    measure = _meter(recipe)
    if check and (restart is not None or not going_on):
        told("trying the recipe", 0.0)
        check_recipe(recipe, pictures, measure)
    folder.begin_or_go_on(recipe, pictures.describe(), restart)
    with _without_advice():
        with _uncompiled(short):
            trained = train_all(recipe, pictures, folder, measure, told)
        keras.backend.clear_session()
        return _finish(recipe, pictures, folder, trained, short, told)


@contextlib.contextmanager
def _without_advice() -> Iterator[None]:
    """Drop TensorFlow's advice about many nets in one process: they are what a recipe is about."""

    def keep(record: logging.LogRecord) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()

    logger = logging.getLogger("tensorflow")
    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)


@contextlib.contextmanager
def _uncompiled(wanted: bool) -> Iterator[None]:
    """Let TensorFlow compute operation by operation, if wanted."""
    config = tensorflow().config
    before = config.functions_run_eagerly()
    if wanted:
        config.run_functions_eagerly(True)
    try:
        with warnings.catch_warnings():
            # Reading pictures is compiled in any case, which it says each time.
            warnings.filterwarnings("ignore", message=".*does not apply to tf.data functions.*")
            yield
    finally:
        config.run_functions_eagerly(before)


def _meter(recipe: Recipe) -> Measure | None:
    if recipe.prune is None or not recipe.prune.target.is_measured:
        return None
    meter: Measure = require("converters.latency", extra="convert").LatencyMeter(
        recipe.prune.target.backend
    )
    return meter


def _finish(
    recipe: Recipe,
    pictures: RecipePictures,
    folder: WorkFolder,
    trained: Trained,
    short: bool,
    progress: Progress,
) -> Summary:
    """Figures, files and bundle; the summary is written last."""
    settings = recipe.convert
    models = dict(trained.nets)
    if len(trained.teachers) == 1 and trained.teachers[0].endswith(".keras"):
        models = {"teacher": Path(trained.teachers[0]), **models}
    costs: dict[str, Cost] = {}
    if not short:
        progress("convert: measuring sizes and times", 0.0)
        costs = measure_costs(
            models, settings.targets, rounds=settings.rounds, threads=settings.threads
        )
    with _uncompiled(short):
        steps = _step_rows(recipe, pictures, trained, costs)

    def summarize(report: Report) -> Summary:
        return Summary(
            name=recipe.name,
            bundle=str(folder.bundle),
            steps=tuple(steps),
            files=tuple(_file_rows(report)),
            pictures=_counts(pictures),
            tested_on="" if pictures.test is None else Path(pictures.test_name).name,
            reference=report.reference,
            machine=describe_machine(),
            threads=settings.threads,
        )

    summary = bundle_of(
        recipe, pictures, list(trained.nets.values())[-1], folder.bundle, summarize, progress
    )
    folder.write_json(SUMMARY, msgspec.to_builtins(summary))
    return summary


def _step_rows(
    recipe: Recipe, pictures: RecipePictures, trained: Trained, costs: dict[str, Cost]
) -> list[StepRow]:
    steps = []
    if trained.teachers:
        steps.append(_teacher_row(recipe, pictures, trained.teachers, costs.get("teacher")))
    for name, file in trained.nets.items():
        model = load_model(file)
        test = None if pictures.test is None else accuracy_of(model, pictures.test)
        steps.append(_row(name, figures_of(model, pictures.steps.judged), test, costs.get(name)))
    return steps


def _teacher_row(
    recipe: Recipe, pictures: RecipePictures, sources: tuple[str, ...], cost: Cost | None
) -> StepRow:
    if recipe.teacher is None:  # pragma: no cover - there are sources, so there is one
        raise TrainingError("There is no teacher.")
    names = pictures.steps.train.names
    with teachers(recipe.teacher.teach(sources), own=None, names=names) as opened:
        found = figures_of_teachers(opened, pictures.steps.judged, recipe.student.fit.batch_size)
        test = None
        if pictures.test is not None:
            size = recipe.student.fit.batch_size
            test = figures_of_teachers(opened, pictures.test, size).accuracy
    return _row("teacher", found, test, cost)


def _row(name: str, figures: Figures, test: float | None, cost: Cost | None) -> StepRow:
    return StepRow(
        step=name,
        accuracy=figures.accuracy,
        test_accuracy=test,
        parameters=figures.parameters,
        macs=figures.macs,
        file_bytes=None if cost is None else cost.file_bytes,
        gzip_bytes=None if cost is None else cost.gzip_bytes,
        latency_ms={} if cost is None else cost.latency_ms,
    )


def _file_rows(report: Report) -> list[FileRow]:
    return [
        FileRow(
            file=one.file,
            backend=one.backend,
            bytes=one.bytes,
            accuracy=one.metric,
            agreement=agreement(report, one),
        )
        for one in report.proven
    ]


def _counts(pictures: RecipePictures) -> dict[str, Any]:
    counts = {"learned from": len(pictures.steps.train), "held back": len(pictures.steps.judged)}
    return counts if pictures.test is None else {**counts, "test": len(pictures.test)}
