"""The folder of a run, and what a run ends with.

| file            | content                                                                     |
|-----------------|-----------------------------------------------------------------------------|
| config.json     | `TrainConfig`                                                               |
| run.json        | seed, versions, backend, fingerprints of data and net                       |
| log.jsonl       | a line an epoch: loss, metrics, learning rate, seconds                      |
| best.keras      | the model after its best epoch                                              |
| last.keras      | the model after its last epoch                                              |
| state.npz       | everything that ``--resume`` needs; written last, so that it is never ahead |
| curves.png      | loss and accuracy over epochs                                               |
| confusion.png   | what was taken for what, by the best model                                  |
| result.json     | written when the run has ended                                              |

Every file is complete or not there: it is written under another name and then moved.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy as np

from edgecnn.data.lazy_pictures import LazyPictures, in_parts
from edgecnn.errors import TrainingError
from edgecnn.training.batches import Samples
from edgecnn.training.quiet import keras_noise

CONFIG, ABOUT, LOG = "config.json", "run.json", "log.jsonl"
BEST, LAST, STATE = "best.keras", "last.keras", "state.npz"
OWN_LAYERS = ("edgecnn.nets.layers.registered", "edgecnn.training.quantize")
"""Modules whose layers announce themselves to Keras when they are imported."""
CURVES, CONFUSION, RESULT = "curves.png", "confusion.png", "result.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunResult:
    """What a run ended with.

    Attributes:
        folder: Of the run.
        model: The best one: by validation accuracy, then loss; the last where none was held back.
        best_epoch: From 0.
        epochs: So many were done.
        metrics: Of the best epoch: ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``.
        history: A table an epoch, as in log.jsonl.
        stopped: ``done`` or ``early`` (nothing had become better for long enough).
    """

    folder: Path
    model: keras.Model
    best_epoch: int
    epochs: int
    metrics: dict[str, float]
    history: tuple[dict[str, float], ...]
    stopped: str


class RunFolder:
    """Reads and writes the files of a run.

    Args:
        path: Of the folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def begin(self) -> None:
        """Make the folder.

        Raises:
            TrainingError: It holds a run already, or other things.
        """
        if (self.path / CONFIG).exists():
            raise TrainingError(
                f"{self.path} holds a run already. Go on with it (--resume), or choose another "
                "folder."
            )
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise TrainingError(f"{self.path} has other things in it; choose an empty folder.")
        self.path.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """A path to write to, which takes the place of the file ``name`` when all went well."""
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=Path(name).suffix, dir=self.path)
        os.close(handle)
        file = Path(temporary)
        try:
            yield file
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
            file.chmod(0o644)
            file.replace(self.path / name)
        finally:
            file.unlink(missing_ok=True)

    def write_json(self, name: str, content: Any) -> None:
        """Write a table for people and programs."""
        with self.replacing(name) as file:
            file.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a table that `write_json` wrote.

        Raises:
            TrainingError: It is missing or damaged.
        """
        try:
            return msgspec.json.decode((self.path / name).read_bytes(), type=dict[str, Any])
        except (OSError, msgspec.DecodeError) as error:
            raise TrainingError(
                f"{self.path} is no run that can be read: {name}: {error}. Name the folder that "
                "an earlier run wrote."
            ) from error

    def write_log(self, history: Sequence[dict[str, float]]) -> None:
        """Write the whole log: after a kill it may have been ahead of the state."""
        with self.replacing(LOG) as file:
            file.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in history))

    def save_model(self, name: str, model: keras.Model) -> None:
        """Save a model as ``.keras``."""
        with self.replacing(name) as file:
            save(model, file)


def save(model: keras.Model, file: Path) -> None:
    """Save a model without the noise of Keras and numpy about each other."""
    with keras_noise():
        model.save(file)


def load_model(file: str | os.PathLike[str]) -> keras.Model:
    """Load a ``.keras`` file; code inside it is not run.

    Raises:
        TrainingError: It cannot be read, or needs classes that are not known here.
    """
    for module in OWN_LAYERS:
        importlib.import_module(module)
    try:
        with keras_noise():
            return keras.saving.load_model(file, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError) as error:
        reason = str(error).partition(" Full object config")[0]  # pages of it
        raise TrainingError(f"{file} cannot be read as a Keras model: {reason}") from error


def fingerprint(samples: Samples) -> str:
    """SHA-256 over pictures, labels and names.

    Raises:
        SourceError: Pictures on disk that cannot be read; all of them are named.
    """
    digest = hashlib.sha256()
    digest.update(repr((samples.images.shape, samples.names)).encode())
    for pixels in in_parts(samples.images):
        digest.update(np.ascontiguousarray(pixels).data)
    digest.update(np.ascontiguousarray(samples.labels).data)
    return digest.hexdigest()


def about(model: keras.Model, samples: Samples, held_back: Samples | None) -> dict[str, Any]:
    """What a run was made with, besides its config.

    Raises:
        SourceError: Pictures on disk that cannot be read; they are looked at here once, before
            anything is trained.
    """
    if held_back is not None and isinstance(held_back.images, LazyPictures):
        for _ in in_parts(held_back.images):
            pass
    return {
        "name": model.name,
        "net": {
            "parameters": int(model.count_params()),
            "input_shape": list(model.input_shape[1:]),
            "fingerprint": hashlib.sha256(_architecture(model).encode()).hexdigest(),
        },
        "data": {
            "pictures": len(samples),
            "held_back": 0 if held_back is None else len(held_back),
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


def _architecture(model: keras.Model) -> str:
    """Every layer with its settings, but without names: Keras counts those on by itself."""
    lines = []
    for layer in model.layers:
        settings = {name: value for name, value in layer.get_config().items() if name != "name"}
        shapes = [tuple(weight.shape) for weight in layer.weights]
        lines.append(f"{type(layer).__name__} {settings} {shapes}")
    return "\n".join(lines)
