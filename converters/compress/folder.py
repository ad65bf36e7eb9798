"""The work folder of a recipe, so that a killed run goes on at the step and epoch where it was.

| file or folder | content                                                                   |
|----------------|---------------------------------------------------------------------------|
| recipe.json    | what was asked for, with all defaults; fingerprints of the pictures       |
| teacher/       | run folder of the teacher, if it is trained here                          |
| student/       | the student: a run folder without a teacher, else that of a distillation  |
| pruned/        | folder of the pruning, if there is one                                    |
| quantized/     | folder of the quantization-aware training, if there is one                |
| bundle/        | what came out                                                             |
| summary.json   | figures after each step; written last, when all is done                   |
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Literal

import msgspec

from converters.bundles.output import check_output
from converters.compress.recipe import Recipe, to_dict
from converters.compress.summary import Summary
from edgecnn.errors import BundleError, OptionError, TrainingError, UnknownNameError
from edgecnn.training.config import differences
from edgecnn.training.run import ABOUT, CONFIG, RunFolder

StepName = Literal["teacher", "student", "prune", "quantize", "convert"]
FOLDERS: dict[StepName, str] = {
    "teacher": "teacher",
    "student": "student",
    "prune": "pruned",
    "quantize": "quantized",
    "convert": "bundle",
}
"""Step -> its folder, in the order in which steps are done."""
RECIPE, SUMMARY = "recipe.json", "summary.json"

_FIRST = {"name": "convert", "convert": "convert", "quantize": "quantize", "prune": "prune"}
"""Part of a recipe -> the first step that it decides, as far as it is not the first of all."""


class WorkFolder(RunFolder):
    """Reads and writes the files of a recipe."""

    @property
    def bundle(self) -> Path:
        """Where the bundle goes."""
        return self.path / FOLDERS["convert"]

    def step(self, name: StepName) -> Path:
        """The folder of a step."""
        return self.path / FOLDERS[name]

    def check(self, recipe: Recipe, *, resume: bool, restart: StepName | None) -> None:
        """Find out before hours of work whether the folder can be used; changes nothing.

        Args:
            recipe: That is to be done.
            resume: Go on with what is there.
            restart: Do this step and all later ones anew; goes on with the earlier ones.

        Raises:
            TrainingError: The folder holds another recipe (the message says what differs), or none
                where one is to be gone on with, or one where none is expected.
            OptionError: Nothing can be written there.
        """
        if restart is not None and restart not in FOLDERS:
            raise UnknownNameError(f"Unknown step {restart!r}. Known: {', '.join(FOLDERS)}.")
        try:
            check_output(self.bundle, force=True)
        except BundleError as error:
            raise OptionError(str(error)) from error
        begun = (self.path / RECIPE).exists()
        if not (resume or restart):
            if begun:
                raise TrainingError(
                    f"{self.path} holds a recipe already. Go on with it (--resume), do it anew "
                    "from some step on (--from STEP), or choose another folder."
                )
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise TrainingError(f"{self.path} has other things in it; choose an empty folder.")
            return
        if not begun:
            raise TrainingError(
                f"{self.path} holds no recipe to go on with; leave --resume and --from out."
            )
        self._check_same(recipe, restart)

    def check_pictures(self, described: dict[str, Any]) -> None:
        """Refuse to go on with other pictures.

        Raises:
            TrainingError: They differ; the message lists how.
        """
        found = differences(self.read_json(RECIPE).get("pictures", {}), described)
        if found:
            raise TrainingError(
                f"The pictures are not those that {self.path} was begun with: {'; '.join(found)}. "
                "Put those back, or choose another folder."
            )

    def finished(self) -> Summary | None:
        """The summary, if everything is done already."""
        if not (self.path / SUMMARY).exists():
            return None
        try:
            return msgspec.convert(self.read_json(SUMMARY), Summary)
        except msgspec.ValidationError as error:
            raise TrainingError(
                f"{self.path / SUMMARY} is damaged: {error}. Write it anew: --from convert."
            ) from error

    def recipe(self) -> Recipe:
        """What the folder was begun with.

        Raises:
            TrainingError: There is none, or it is damaged.
        """
        try:
            return msgspec.convert(self.read_json(RECIPE).get("recipe"), Recipe)
        except msgspec.ValidationError as error:
            raise TrainingError(f"{self.path / RECIPE} is damaged: {error}.") from error

    def begin_or_go_on(
        self, recipe: Recipe, pictures: dict[str, Any], restart: StepName | None
    ) -> None:
        """Make the folder, or remove the steps that are done anew. Call `check` first.

        Args:
            recipe: Written down.
            pictures: Their fingerprints; written down.
            restart: See `check`.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if restart is not None:
            order = list(FOLDERS)
            (self.path / SUMMARY).unlink(missing_ok=True)
            for name in reversed(order[order.index(restart) :]):
                shutil.rmtree(self.step(name), ignore_errors=True)
        self.write_json(RECIPE, {"recipe": to_dict(recipe), "pictures": pictures})

    def is_begun(self, name: StepName) -> bool:
        """Whether a step can be gone on with; what was killed before it began is removed."""
        folder = self.step(name)
        if not folder.exists():
            return False
        if (folder / CONFIG).exists() and (folder / ABOUT).exists():
            return True
        shutil.rmtree(folder)
        return False

    def _check_same(self, recipe: Recipe, restart: StepName | None) -> None:
        before, after = self.read_json(RECIPE).get("recipe", {}), to_dict(recipe)
        order = list(FOLDERS)
        kept = len(order) if restart is None else order.index(restart)
        found: list[str] = []
        first = len(order)
        for line in differences(before, after):
            place = order.index(_first_step(line))
            first = min(first, place)
            if place < kept:
                found.append(line)
        if found:
            raise TrainingError(
                f"{self.path} was begun with another recipe: {'; '.join(found)}. Resume with what "
                f"it was begun with, do it anew from where it differs (--from {order[first]}), or "
                "choose another folder."
            )


def _first_step(difference: str) -> StepName:
    """The first step that a differing value decides; the line is ``place.of.it: old -> new``."""
    place = difference.partition(":")[0]
    part, _, rest = place.partition(".")
    if part == "data" and rest.startswith("test"):
        return "convert"
    if part == "teacher":
        return "teacher" if rest in ("", "train") or rest.startswith("train.") else "student"
    if part == "student":
        return "student"
    known: dict[str, Any] = _FIRST
    name: StepName = known.get(part, "teacher")
    return name
