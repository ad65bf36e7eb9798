"""The pictures of a step: learned from, held back, and those that before and after are judged on.

Parted once, so that all stages of a step, and all steps of a recipe, learn from the same pictures
and are judged on the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import msgspec
import numpy as np

from edgecnn.bundle.schema import InputSpec
from edgecnn.data.image_data import ImageData
from edgecnn.data.lazy_pictures import memory_limit
from edgecnn.errors import OptionError
from edgecnn.registry import DATASETS
from edgecnn.training.batches import (
    Labelled,
    Samples,
    as_held_back,
    as_samples,
    at_most,
    hold_back,
)
from edgecnn.training.config import TrainConfig
from edgecnn.training.preparing import file_spec, open_labelled
from edgecnn.training.run import fingerprint


@dataclass(frozen=True, eq=False)
class StepData:
    """Pictures, in memory or in files.

    Attributes:
        train: Learned from.
        validation: Epochs are compared by them; None: the last epoch counts.
        test: Before and after are judged on them; None takes ``validation``, else ``train``.
        spec: To what pictures of files are resized; needed where there are some.
        judged_on: What is judged on, in words for a table; empty: as found out.
    """

    train: Labelled
    validation: Labelled | None = None
    test: Labelled | None = None
    spec: InputSpec | None = None
    judged_on: str = ""

    @cached_property
    def samples(self) -> Samples:
        """What is learned from, as a net takes it."""
        return as_samples(self.train, spec=self.spec)

    @cached_property
    def judged(self) -> Samples:
        """The pictures that figures are measured on."""
        return as_held_back(self.test or self.validation or self.train, self.spec)

    @property
    def words(self) -> str:
        """What those pictures are."""
        if self.judged_on:
            return self.judged_on
        if self.test is not None:
            return "test pictures"
        return "held-back pictures" if self.validation is not None else "pictures learned from"

    def describe(self) -> dict[str, Any]:
        """What a resumed step has to have in common."""
        parts = {"train": self.samples, "judged": self.judged}
        if self.validation is not None:
            parts["validation"] = as_held_back(self.validation, self.spec)
        return {
            "classes": list(self.train.names),
            "judged_on": self.words,
            **{
                name: {"pictures": len(samples), "fingerprint": fingerprint(samples)}
                for name, samples in parts.items()
            },
        }

    def some(self, count: int, seed: int) -> Samples:
        """So many of the pictures that are learned from, drawn at random, in memory."""
        order = np.random.default_rng(seed).permutation(len(self.train))
        chosen = as_held_back(self.train.select(order[:count]), self.spec)
        return Samples(chosen.images[0:count], chosen.labels, chosen.names)


def open_step_data(
    config: TrainConfig, *, judge: str | None = None, model: keras.Model | None = None
) -> StepData:
    """Open the pictures that a config names, and part them.

    Args:
        config: Its ``data`` and seed.
        judge: Pictures to judge on; None: the ``test`` part of a data set whose ``train`` part is
            learned from, else what is held back.
        model: Whose input size pictures of files get.

    Raises:
        OptionError: Too few pictures or classes, or classes that differ.
        SourceError: Pictures that cannot be read.
    """
    spec = file_spec(config, model)
    data = part(_opened(config, spec), config, spec=spec)
    name = test_part(config) if judge is None else judge
    if name is None:
        return data
    settings = msgspec.structs.replace(config.data, name=name, split=None)
    test = _opened(msgspec.structs.replace(config, data=settings), spec)
    if test.names != data.train.names:
        raise OptionError(
            f"The pictures have the classes {', '.join(data.train.names)}, those to judge on "
            f"({name}) {', '.join(test.names)}; they have to be the same in the same order."
        )
    return StepData(data.train, data.validation, test, spec, judged_on=name)


def part(
    data: Labelled,
    config: TrainConfig,
    *,
    test: Labelled | None = None,
    spec: InputSpec | None = None,
) -> StepData:
    """Hold back what a config says, by its seed.

    Args:
        data: All pictures that may be learned from.
        config: Its ``data.limit``, ``data.validation`` and seed.
        test: Pictures to judge on.
        spec: See `StepData`.

    Raises:
        OptionError: Too few pictures or classes.
    """
    settings, seed = config.data, config.fit.seed
    learned, held = hold_back(at_most(data, settings.limit, seed), settings.validation, seed)
    return StepData(learned, held, test, spec)


def _opened(config: TrainConfig, spec: InputSpec) -> Labelled:
    """In memory where they fit: every stage goes through them again."""
    files = open_labelled(config)
    if isinstance(files, ImageData):
        return files
    size = len(files) * spec.height * spec.width * len(spec.mean)
    return files.load(spec) if size <= memory_limit() else files


def test_part(config: TrainConfig) -> str | None:
    """Name of the pictures that a data set keeps for the end; None: it has none."""
    name, _, split = config.data.name.partition(":")
    learned_from = split or config.data.split or "train"
    return f"{name}:test" if name in DATASETS and learned_from == "train" else None
