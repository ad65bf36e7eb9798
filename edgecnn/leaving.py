"""Threads that are waited for before Python is taken down.

A daemon thread that comes back from native code while the interpreter is being taken down is ended
in the middle of C++, which aborts the whole process ("terminate called without an active
exception", "exception not rethrown"). A program that ends with an error while a camera is answered
would so end with a crash instead of its error.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

_log = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""So long, all together, are threads waited for; one that hangs in a driver must not keep a
program from ending."""


_at_work: dict[LeavingThread, None] = {}
_hard_after_s: float | None = None


class LeavingThread(threading.Thread):
    """A daemon thread that is asked to end, and waited for, before Python is taken down.

    Args:
        target: What it does.
        args: Of ``target``.
        name: Of the thread.
        ask: Called on another thread when Python ends; has ``target`` return soon. Harmless when
            it has ended already.
        serves: Other threads wait for what it does, so it is asked after them.
    """

    def __init__(
        self,
        *,
        target: Callable[..., object],
        args: tuple[Any, ...] = (),
        name: str,
        ask: Callable[[], object] = lambda: None,
        serves: bool = False,
    ) -> None:
        super().__init__(target=target, args=args, name=name, daemon=True)
        self._ask: Callable[[], object] | None = ask
        self.serves = serves

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


def end_hard_after(patience_s: float) -> None:
    """Have this process wait so long at its end, and then end at once, with code 1.

    For a program that has shown its last, as an app without its window: nobody sees it wait, and
    what hangs in native code must not crash it. Threads are then waited for before anything that
    was registered with `atexit` until now, and Ctrl-C ends the waiting.

    Args:
        patience_s: In seconds, instead of `PATIENCE_S`.
    """
    global _hard_after_s
    _hard_after_s = patience_s
    atexit.unregister(_leave_all)
    atexit.register(_leave_all)


@atexit.register
def _leave_all() -> None:
    hard = _hard_after_s is not None
    try:
        ended = _wait_for_all(PATIENCE_S if _hard_after_s is None else _hard_after_s)
    except KeyboardInterrupt:
        if not hard:
            raise
        ended = False
    if hard and not ended:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # nobody reads it any more
                stream.flush()
        os._exit(1)


def _wait_for_all(patience_s: float) -> bool:
    """The newest first, and models last: what uses one ends before it does."""
    end_s = time.monotonic() + patience_s
    asked: set[LeavingThread] = set()
    late = False
    while waiting := [thread for thread in list(_at_work) if thread not in asked]:
        # One after the other, because a thread may have begun another one by then.
        thread = next((one for one in reversed(waiting) if not one.serves), waiting[-1])
        asked.add(thread)
        late |= not thread.leave(end_s - time.monotonic())
    return not late
