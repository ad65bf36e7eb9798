"""Slow work whose outcome is told on the GUI thread."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer
from shiboken6 import isValid

from edgecnn.errors import EdgeCNNError
from gui.workers.jobs import Jobs

_log = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_MS = 20


class Errands(QObject):
    """Does one thing after another on a thread of its own; none is left out.

    Args:
        name: Of the thread.
        parent: Owner.
    """

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = Jobs(name)
        self._numbers = count()
        self._told: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._open = 0
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._tell)

    @property
    def busy(self) -> bool:
        """Whether somebody waits for an outcome."""
        return self._open > 0

    def run(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[EdgeCNNError], None],
        owner: QObject | None = None,
    ) -> None:
        """Have something done soon; returns at once.

        Args:
            work: Called on the thread; must not touch a widget.
            done: Called on the GUI thread with what came of it.
            failed: Called on the GUI thread with what went wrong.
            owner: When it is gone, nobody is told.
        """

        def errand() -> None:
            try:
                outcome = work()
            except EdgeCNNError as error:
                told = partial(failed, error)
            except Exception as error:  # noqa: BLE001 (whoever waits must be told)
                _log.exception("Work on the gallery failed")
                told = partial(failed, EdgeCNNError(_unexpected(error)))
            else:
                told = partial(done, outcome)
            self._told.put(lambda: told() if owner is None or isValid(owner) else None)

        self._open += 1
        self._jobs.submit(str(next(self._numbers)), errand)
        self._timer.start()

    def close(self, timeout_s: float = 0.5) -> bool:
        """End; what was begun or waits is still done, and nobody is told of it."""
        self._timer.stop()
        return self._jobs.close(timeout_s=timeout_s, drop=False)

    def _tell(self) -> None:
        while self._open:
            try:
                told = self._told.get_nowait()
            except queue.Empty:
                return
            self._open -= 1
            told()
        self._timer.stop()


def _unexpected(error: Exception) -> str:
    words = " ".join(str(error).split()) or "no message"
    return f"Error inside edgecnn, {type(error).__name__}: {words}. Please report it."
