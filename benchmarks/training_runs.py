"""Runs on Fashion-MNIST that the tables of `benchmarks.training` share.

Each is a run folder under ``out/benchmarks/training``: what has ended is read, what was interrupted
goes on, so that a table can be printed again without training. All is seeded.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from converters.quiet import tensorflow
from edgecnn.data import fashion_mnist
from edgecnn.data.image_data import ImageData
from edgecnn.training.config import TrainConfig, change, read_config
from edgecnn.training.fit import train
from edgecnn.training.judging import predict
from edgecnn.training.learner import Lesson
from edgecnn.training.run import load_model

FOLDER = Path("out") / "benchmarks" / "training"
EXAMPLE = Path("examples") / "fashion_mnist_train.toml"
SEEDS = (0, 1, 2)


def main_config() -> TrainConfig:
    """The config of the example, which every other run changes a little."""
    return read_config(EXAMPLE)


@cache
def test_data() -> ImageData:
    """All 10,000 test pictures.

    Raises:
        SourceError: Fashion-MNIST is not installed.
    """
    return fashion_mnist.load("test")


def trained(
    name: str,
    config: TrainConfig,
    *,
    model: Any = None,
    lesson: Lesson | None = None,
    callbacks: Sequence[Any] = (),
    last: bool = False,
) -> Any:
    """The best model of a run by its validation pictures; trains what is not there yet.

    Args:
        name: Of the folder.
        config: What is done.
        model: As for `edgecnn.training.fit.train`; the same each time.
        lesson: As there.
        callbacks: As there.
        last: The model after the last epoch instead.
    """
    tensorflow()
    folder = FOLDER / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    begun = (folder / "config.json").is_file()

    def told(done: str, share: float) -> None:
        print(f"\r{name}: {done} {share:4.0%} ", end="", flush=True)

    result = train(
        config,
        out=folder,
        model=model,
        lesson=lesson,
        callbacks=callbacks,
        resume=begun,
        progress=told,
    )
    return load_model(folder / "last.keras") if last else result.model


def main_net() -> Any:
    """The net of the example."""
    return trained("main", main_config())


def short(epochs: int, *, seed: int = 0, **net: Any) -> TrainConfig:
    """The example's config for so many epochs, with another net.

    Args:
        epochs: Passes over the data.
        seed: Of the run.
        net: Fields of the config's ``net``.
    """
    return change(main_config(), {"net": net, "fit": {"epochs": epochs, "seed": seed}})


def fine_tuning(epochs: int, *, learning_rate: float, seed: int = 0) -> TrainConfig:
    """The example's config for weights that are good already.

    Args:
        epochs: Passes over the data.
        learning_rate: At the top of the cosine.
        seed: Of the run.
    """
    return change(
        main_config(),
        {
            "fit": {"epochs": epochs, "seed": seed},
            "optimizer": {"learning_rate": learning_rate},
            "schedule": {"warmup_epochs": 0.2},
        },
    )


def accuracy(model: Any) -> float:
    """Share of the 10,000 test pictures that are named right."""
    test = test_data()
    return float((predict(model, test.pixels, 500).argmax(axis=1) == test.labels).mean())


def summary(values: Sequence[float]) -> str:
    """Mean and standard deviation of percentages, like ``91.23 ± 0.10``."""
    return f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}"


def trainable(model: Any) -> int:
    """Weights that training changes, as papers count them."""
    return int(sum(np.prod(weight.shape) for weight in model.trainable_weights))
