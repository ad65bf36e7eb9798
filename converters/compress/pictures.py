"""The pictures of a recipe, parted once: every step learns from and is judged on the same ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from converters.compress.recipe import Recipe
from edgecnn.training.batches import Samples, as_held_back, at_most
from edgecnn.training.config import change
from edgecnn.training.steps.data import StepData, open_step_data


@dataclass(frozen=True, slots=True, eq=False)
class RecipePictures:
    """Pictures, in memory or in files.

    Attributes:
        steps: What is learned from and held back; steps are compared on the latter.
        test: For the end; None where there is none.
        test_name: What it is, in words.
    """

    steps: StepData
    test: Samples | None
    test_name: str

    @property
    def proof(self) -> Samples:
        """What files are proven on: the test pictures, else those that are held back."""
        return self.steps.judged if self.test is None else self.test

    def describe(self) -> dict[str, Any]:
        """What a resumed recipe has to have in common; test pictures matter at the end only."""
        return self.steps.describe()


def open_recipe_pictures(recipe: Recipe) -> RecipePictures:
    """Open what a recipe names.

    Raises:
        OptionError: Too few pictures or classes, or classes of the test pictures that differ.
        SourceError: Pictures that cannot be read.
    """
    shared: dict[str, Any] = {"name": recipe.data.name, "split": recipe.data.split}
    shared |= {"validation": recipe.data.validation, "limit": recipe.data.limit}
    if recipe.data.size_wh is not None:
        shared["size_wh"] = recipe.data.size_wh
    config = change(recipe.student, {"data": shared, "fit": {"seed": recipe.seed}})
    opened = open_step_data(config, judge=recipe.data.test)
    test = None
    if opened.test is not None:
        few = at_most(opened.test, recipe.data.test_limit, recipe.seed)
        test = as_held_back(few, opened.spec)
    steps = replace(opened, test=None, judged_on="held-back pictures")
    return RecipePictures(steps, test, opened.words)


def in_memory(samples: Samples) -> tuple[Any, Any]:
    """Pixels (N, H, W, C) uint8 and classes (N,), as a conversion takes them."""
    return samples.images[0 : len(samples)], samples.labels
