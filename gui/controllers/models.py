"""Models of the tabs: loaded off the GUI thread, warmed up, and kept for a quick way back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

import edgecnn
from edgecnn.video.frame import Frame
from gui.state import ModelChoice

KEPT = 4
"""So many loaded models are kept: one a tab."""

Load = Callable[[ModelChoice], Any]


def load_model(choice: ModelChoice) -> Any:
    """The task that a choice stands for, warmed up, so that the first frame is not the slow one.

    Raises:
        EdgeCNNError: It cannot be loaded, or fails on its first picture.
    """
    compute: Any = choice.compute
    task = edgecnn.load(
        choice.model,
        backend=choice.backend,
        precision=choice.precision,
        compute=compute,
        threads=choice.threads,
    )
    try:
        task(Frame(np.zeros((96, 128, 3), np.uint8), "bgr"))
    except BaseException:
        task.close()
        raise
    return task


class Models:
    """Loaded models by choice; the least recently used is closed when there are too many.

    Used by one thread at a time.

    Args:
        load: Loads and warms up.
    """

    def __init__(self, load: Load = load_model) -> None:
        self._load = load
        self._loaded: OrderedDict[ModelChoice, Any] = OrderedDict()

    def get(self, choice: ModelChoice) -> Any:
        """The task of a choice, loaded when it is not there yet.

        Raises:
            EdgeCNNError: It cannot be loaded.
        """
        if choice not in self._loaded:
            self._loaded[choice] = self._load(choice)
        self._loaded.move_to_end(choice)
        return self._loaded[choice]

    def trim(self, used: Any) -> None:
        """Close what is too much, but never the task that is in use."""
        for choice in list(self._loaded):
            if len(self._loaded) <= KEPT:
                return
            if self._loaded[choice] is not used:
                self._loaded.pop(choice).close()

    def close(self) -> None:
        """Close all; waits for the runs in progress."""
        while self._loaded:
            self._loaded.popitem()[1].close()
