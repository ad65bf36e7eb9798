"""A folder that holds several runs: begun once, and gone on with by the same only."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edgecnn.data.image_data import ImageData
from edgecnn.data.lazy_pictures import load_if_fits
from edgecnn.errors import TrainingError
from edgecnn.training.batches import Labelled, as_samples, at_most
from edgecnn.training.config import TrainConfig, differences
from edgecnn.training.preparing import file_spec, open_labelled
from edgecnn.training.run import ABOUT, CONFIG, RunFolder, fingerprint

Progress = Callable[[str, float], None]


def open_once(config: TrainConfig, data: Labelled | None) -> Labelled:
    """The pictures of all runs: in memory where they fit, and at most as many as the config says.

    Args:
        config: Its ``data`` and seed.
        data: Pictures or files; None opens those that the config names.
    """
    found = open_labelled(config) if data is None else data
    found = at_most(found, config.data.limit, config.fit.seed)
    if isinstance(found, ImageData):
        return found
    return load_if_fits(found, file_spec(config, None))


def describe(config: TrainConfig, data: Labelled) -> dict[str, Any]:
    """What has to be the same when a folder is gone on with, besides its settings.

    Raises:
        OptionError: Too few pictures or classes.
        SourceError: Pictures that cannot be read.
    """
    samples = as_samples(data, spec=file_spec(config, None))
    return {
        "data": {
            "pictures": len(samples),
            "classes": list(samples.names),
            "fingerprint": fingerprint(samples),
        },
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "numpy": np.__version__,
        },
    }


def begin(folder: RunFolder, marker: str, content: dict[str, Any], *, resume: bool) -> None:
    """Make the folder, or make sure that it was begun with the same.

    Args:
        folder: Of the runs.
        marker: File that says with what it was begun.
        content: Of that file.
        resume: Go on with it.

    Raises:
        TrainingError: It holds something else.
    """
    if resume:
        found = differences(folder.read_json(marker), content)
        if found:
            raise TrainingError(
                f"{folder.path} was begun with something else: {'; '.join(found)}. Resume with "
                "what it was begun with, or choose another folder."
            )
        return
    if (folder.path / marker).exists():
        raise TrainingError(
            f"{folder.path} was begun already. Go on with it (--resume), or choose another folder."
        )
    folder.begin()
    folder.write_json(marker, content)


def can_resume(path: Path) -> bool:
    """Whether a run was begun there; what a kill left before that is removed."""
    if (path / ABOUT).exists():
        return True
    left = [] if not path.exists() else list(path.iterdir())
    # Anything else than a config and unfinished files is not ours to remove.
    if all(file.name == CONFIG or file.name.startswith(".") for file in left):
        shutil.rmtree(path, ignore_errors=True)
    return False


def a_part(progress: Progress | None, what: str, number: int, count: int) -> Progress | None:
    """Progress of one run of several.

    Args:
        progress: Told about all of them.
        what: The run is called.
        number: Of the run, from 0.
        count: Runs.
    """
    if progress is None:
        return None
    return lambda words, share: progress(f"{what}: {words}", (number + share) / count)
