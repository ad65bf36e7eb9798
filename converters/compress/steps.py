"""The trainings of a recipe, one after the other, each in its folder; what is done stays done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import msgspec

from converters.compress.checks import with_teacher
from converters.compress.folder import StepName, WorkFolder
from converters.compress.pictures import RecipePictures
from converters.compress.recipe import Recipe
from converters.options import Progress
from edgecnn.training.config import TrainConfig
from edgecnn.training.fit import train
from edgecnn.training.run import BEST, RESULT
from edgecnn.training.steps.config import DistillStep
from edgecnn.training.steps.distilling import run_distill
from edgecnn.training.steps.pruning import run_prune
from edgecnn.training.steps.quantizing import run_quantize
from edgecnn.training.steps.removing import Measure
from edgecnn.training.steps.stages import stage_config

Run = Callable[[bool, Progress], Any]
"""Does a step, or goes on with it if the first argument says so."""


@dataclass(frozen=True, slots=True)
class Trained:
    """The nets of a recipe.

    Attributes:
        teachers: Files or bundles.
        nets: Name of a step's outcome -> its ``.keras`` file, in order; the last is converted.
    """

    teachers: tuple[str, ...]
    nets: dict[str, Path]


def train_all(
    recipe: Recipe,
    pictures: RecipePictures,
    folder: WorkFolder,
    measure: Measure | None,
    progress: Progress,
) -> Trained:
    """Do all trainings that are not done yet.

    Args:
        recipe: Checked.
        pictures: That it names.
        folder: Begun.
        measure: For pruning to a time.
        progress: Told what is done, and the share of the step.
    """
    steps = _Steps(recipe, pictures, folder, measure, progress)
    teachers = steps.teachers()
    nets = {"student": steps.student(teachers)}
    for name, run in (("pruned", steps.prune), ("quantized", steps.quantize)):
        made = run(list(nets.values())[-1], teachers)
        if made is not None:
            nets[name] = made
    return Trained(teachers, nets)


class _Steps:
    def __init__(
        self,
        recipe: Recipe,
        pictures: RecipePictures,
        folder: WorkFolder,
        measure: Measure | None,
        progress: Progress,
    ) -> None:
        self.recipe, self.data, self.folder = recipe, pictures.steps, folder
        self.measure, self.progress = measure, progress

    def teachers(self) -> tuple[str, ...]:
        teacher = self.recipe.teacher
        if teacher is None:
            return ()
        if teacher.train is None:
            return teacher.sources
        return (str(self.plain("teacher", teacher.train)),)

    def student(self, teachers: tuple[str, ...]) -> Path:
        teacher = self.recipe.teacher
        if teacher is None:
            return self.plain("student", self.recipe.student)
        step = DistillStep(teach=teacher.teach(teachers), train=self.recipe.student)
        out = self.folder.step("student")

        def run(resume: bool, progress: Progress) -> None:
            run_distill(step, out=out, data=self.data, resume=resume, progress=progress)

        return self.done("student", run)

    def prune(self, net: Path, teachers: tuple[str, ...]) -> Path | None:
        if self.recipe.prune is None:
            return None
        teach = with_teacher(self.recipe.prune.teach, teachers)
        step = msgspec.structs.replace(self.recipe.prune, teach=teach)
        out = self.folder.step("prune")

        def run(resume: bool, progress: Progress) -> None:
            run_prune(
                net,
                step,
                out=out,
                data=self.data,
                measure=self.measure,
                resume=resume,
                progress=progress,
            )

        return self.done("prune", run)

    def quantize(self, net: Path, teachers: tuple[str, ...]) -> Path | None:
        if self.recipe.quantize is None:
            return None
        teach = with_teacher(self.recipe.quantize.teach, teachers)
        step = msgspec.structs.replace(self.recipe.quantize, teach=teach)
        out = self.folder.step("quantize")

        def run(resume: bool, progress: Progress) -> None:
            run_quantize(net, step, out=out, data=self.data, resume=resume, progress=progress)

        return self.done("quantize", run)

    def plain(self, name: StepName, config: TrainConfig) -> Path:
        """Training from labels alone."""
        settings = stage_config(config, self.data)
        out = self.folder.step(name)

        def run(resume: bool, progress: Progress) -> None:
            train(
                settings,
                out=out,
                data=self.data.train,
                validation=self.data.validation,
                resume=resume,
                progress=progress,
            )

        return self.done(name, run)

    def done(self, name: StepName, run: Run) -> Path:
        """The net of a step, made now unless it is there."""
        folder = self.folder.step(name)
        if not (folder / RESULT).exists():
            # Layers without a name of their own are counted by Keras: from 1 in every step, so that
            # a resumed recipe comes to the same names, and by that to the same files.
            keras.backend.clear_session()
            begun = self.folder.is_begun(name)
            run(begun, lambda what, share: self.progress(f"{name}: {what}", share))
        return folder / BEST
