"""A bundle as a teacher: it answers through the runtime, preprocessing included."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

from edgecnn.api import load
from edgecnn.errors import OptionError
from edgecnn.tasks.options import ClassifyOptions
from edgecnn.training.batches import Floats


class BundleTeacher:
    """Answers about batches of pixels.

    Args:
        model: Name or path of a bundle that classifies, or of a bare model file.
        names: Classes that the student learns; they have to be among the bundle's. Probabilities
            of others are left out and the rest is made to sum to 1. None takes all, in order.
        options: For `edgecnn.load`: ``backend``, ``precision``, ``threads``.

    Raises:
        OptionError: No classifier, or one that does not know the classes.
        BundleError: The bundle is damaged.
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        names: tuple[str, ...] | None = None,
        **options: Any,
    ) -> None:
        self._task = load(model, options=ClassifyOptions(top_k=None), **options)
        manifest = self._task.bundle.manifest
        if manifest.task != "classify":
            self._task.close()
            raise OptionError(f"{model} is for {manifest.task!r}; a teacher has to classify.")
        labels = self._task.labels
        missing = [] if names is None else [name for name in names if name not in labels]
        if missing:
            self._task.close()
            raise OptionError(f"{model} has no class {', '.join(missing[:5])}.")
        self._columns = None if names is None else [labels.index(name) for name in names]
        self._lock = threading.Lock()

    def __call__(self, pixels: Floats) -> Floats:
        """Probabilities (B, classes) float32 about pixels (B, H, W, 1 or 3), RGB 0..255."""
        rounded = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
        with self._lock:
            rows = [self._answer(picture) for picture in rounded]
        scores = np.stack(rows)
        if self._columns is None:
            return scores
        chosen = scores[:, self._columns] + 1e-9
        shares: Floats = (chosen / chosen.sum(axis=1, keepdims=True)).astype(np.float32)
        return shares

    def describe(self) -> str:
        """Which bundle and file, by its hash."""
        info, bundle = self._task.info, self._task.bundle
        return f"{info.name} {info.file} {bundle.manifest.files[info.file].sha256}"

    @property
    def file_bytes(self) -> int:
        """Size of the model file that answers."""
        info, bundle = self._task.info, self._task.bundle
        return int(bundle.manifest.files[info.file].bytes)

    def close(self) -> None:
        """Let go of the model."""
        self._task.close()

    def _answer(self, picture: Any) -> Floats:
        grey = picture.shape[2] == 1
        answer = self._task(picture[..., 0] if grey else picture, "gray" if grey else "rgb")
        scores = np.zeros(len(answer), np.float32)
        scores[answer.class_ids] = answer.scores
        return scores
