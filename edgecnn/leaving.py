"""Threads that are waited for before Python is taken down.

A daemon thread that comes back from native code while the interpreter is being taken down is ended
in the middle of C++, which aborts the whole process ("terminate called without an active
exception", "exception not rethrown"). A program that ends with an error while a camera is answered
would so end with a crash instead of its error.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

_log = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""So long, all together, are threads waited for; one that hangs in a driver must not keep a
program from ending."""

_at_work: dict[LeavingThread, None] = {}


class LeavingThread(threading.Thread):
    """A daemon thread that is asked to end, and waited for, before Python is taken down.

    Args:
        target: What it does.
        args: Of ``target``.
        name: Of the thread.
        ask: Called on another thread when Python ends; has ``target`` return soon. Harmless when
            it has ended already.
    """

    def __init__(
        self,
        *,
        target: Callable[..., object],
        args: tuple[Any, ...] = (),
        name: str,
        ask: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(target=target, args=args, name=name, daemon=True)
        self._ask: Callable[[], object] | None = ask

    def start(self) -> None:
        """Begin."""
        _at_work[self] = None
        try:
            super().start()
        except BaseException:
            _at_work.pop(self, None)
            raise

    def run(self) -> None:
        """Do what it is for."""
        try:
            super().run()
        finally:
            self._ask = None
            _at_work.pop(self, None)

    def leave(self, timeout_s: float) -> bool:
        """Ask it to end and wait for that; returns whether it has ended."""
        ask = self._ask
        try:
            if ask is not None:
                ask()
        except Exception:  # noqa: BLE001 (the others are to be asked as well)
            _log.debug("%s could not be asked to end", self.name, exc_info=True)
        self.join(max(0.0, timeout_s))
        return not self.is_alive()


@atexit.register
def _leave_all() -> None:
    """The newest first: what uses a model ends before the model does."""
    end_s = time.monotonic() + PATIENCE_S
    for thread in reversed(list(_at_work)):
        thread.leave(end_s - time.monotonic())
