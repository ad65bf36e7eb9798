"""One thread that does one job at a time; of jobs of the same kind only the newest waits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edgecnn.leaving import LeavingThread

_log = logging.getLogger(__name__)


class Jobs:
    """Runs jobs off the GUI thread.

    A job that is wished for while another of its kind waits takes its place: who switches models
    five times in a second gets the last one, and the one in progress is finished first.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[str, Callable[[], None]] = {}
        self._working = False
        self._closed = False
        self._thread = LeavingThread(target=self._run, name=name, ask=self._end)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits."""
        with self._changed:
            return self._working or bool(self._waiting)

    def submit(self, kind: str, job: Callable[[], None]) -> None:
        """Have a job done soon; after `close` nothing happens."""
        with self._changed:
            if self._closed:
                return
            self._waiting.pop(kind, None)
            self._waiting[kind] = job
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is left to do; returns whether that is so."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not (self._working or self._waiting), timeout=timeout_s
            )

    def close(
        self,
        last: Callable[[], None] | None = None,
        timeout_s: float = 2.0,
        *,
        drop: bool = True,
    ) -> bool:
        """Drop what waits, do a last job and end. The job in progress is not disturbed.

        Args:
            last: Done on the thread after the job in progress.
            timeout_s: Waits at most so long.
            drop: Off, what waits is done first.

        Returns:
            Whether the thread has ended; it is a daemon, so it never keeps the process alive.
        """
        self._end(last, drop=drop)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _end(self, last: Callable[[], None] | None = None, *, drop: bool = True) -> None:
        with self._changed:
            if not self._closed:
                self._closed = True
                if drop:
                    self._waiting.clear()
                if last is not None:
                    self._waiting["last"] = last
                self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._working = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                job = self._waiting.pop(next(iter(self._waiting)))
                self._working = True
            try:
                job()
            except Exception:  # noqa: BLE001 (one job that fails must not end the others)
                _log.exception("A job of the app failed")
            del job
