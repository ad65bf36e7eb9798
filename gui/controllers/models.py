"""Models of the tabs: loaded off the GUI thread, warmed up, and kept for a quick way back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

import edgecnn
from edgecnn import api
from edgecnn.runtime.policy import choose
from edgecnn.video.frame import Frame
from gui.state import ModelChoice
from gui.workers.heap import give_back_freed

KEPT = 4
"""So many loaded models are kept: one a tab."""

Load = Callable[[ModelChoice], Any]


def load_model(choice: ModelChoice) -> Any:
    """The task that a choice stands for, warmed up, so that the first frame is not the slow one.

    Raises:
        EdgeCNNError: It cannot be loaded, or fails on its first picture.
    """
    compute: Any = choice.compute
    return _warm(
        edgecnn.load(
            choice.model,
            backend=choice.backend,
            precision=choice.precision,
            compute=compute,
            threads=choice.threads,
        )
    )


def load_quickly(choice: ModelChoice) -> Any:
    """A task that is there at once, to answer while the one that runs fastest is being opened.

    OpenVINO takes a second to open what LiteRT opens in a twentieth of one.

    Returns:
        The task; None where the choice is open as quickly itself.

    Raises:
        EdgeCNNError: It cannot be loaded.
    """
    if not choice.automatic:
        return None
    manifest = api.open_bundle(choice.model).manifest
    best = choose(manifest, threads=choice.threads)
    quick = choose(manifest, threads=choice.threads, quick_start=True)
    if quick.backend == best.backend:
        return None
    return _warm(edgecnn.load(choice.model, threads=choice.threads, quick_start=True))


def _warm(task: Any) -> Any:
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
        load_quickly: Loads something that answers until then, or gives None.
    """

    def __init__(self, load: Load = load_model, load_quickly: Load = load_quickly) -> None:
        self._load = load
        self._load_quickly = load_quickly
        self._loaded: OrderedDict[ModelChoice, Any] = OrderedDict()
        self._quick: list[Any] = []

    def quick(self, choice: ModelChoice) -> Any:
        """A task that answers until `get` has the one of the choice; None where none is needed.

        Raises:
            EdgeCNNError: It cannot be loaded.
        """
        if choice in self._loaded:
            return None
        task = self._load_quickly(choice)
        if task is not None:
            self._quick.append(task)
        return task

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
        """Close what is too much, but never the task that is in use; that one came from `get`."""
        too_much, self._quick = self._quick, []
        for choice in list(self._loaded):
            if len(self._loaded) <= KEPT:
                break
            if self._loaded[choice] is not used:
                too_much.append(self._loaded.pop(choice))
        for task in too_much:
            task.close()
        if too_much:
            give_back_freed()

    def close(self) -> None:
        """Close all; waits for the runs in progress."""
        while self._quick:
            self._quick.pop().close()
        while self._loaded:
            self._loaded.popitem()[1].close()
