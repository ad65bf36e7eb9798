"""Being a good service: ending when asked to, and telling systemd how it goes."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from types import FrameType, TracebackType
from typing import Any


class Ending:
    """Notes SIGTERM instead of dying of it, so that files are completed and the exit code is 0.

    A second one ends the process at once. Used in a ``with`` statement; does nothing on other
    threads than the main one, where Python does not allow it.

    Attributes:
        asked: Whether the signal has come.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> Ending:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(number, signal.SIG_DFL)


class Systemd:
    """Tells systemd that we are ready, what we do, and that we are alive; silent without systemd.

    Reference: sd_notify(3): datagrams to the socket named in NOTIFY_SOCKET.
    """

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        every_us = os.environ.get("WATCHDOG_USEC", "")
        self._every_s = int(every_us) / 2e6 if every_us.isdigit() else float("inf")
        self._next_s = 0.0
        self._said = ""

    def say(self, status: str, *, ready: bool = False) -> None:
        """What ``systemctl status`` shows; sent when it has changed."""
        message = f"{'READY=1' if ready else ''}\nSTATUS={status}".strip()
        if message != self._said:
            self._said = message
            self._send(message)

    @property
    def watchdog_due(self) -> bool:
        """Whether systemd wants to hear again that we are alive."""
        return self._every_s < float("inf") and time.monotonic() >= self._next_s

    def alive(self) -> None:
        """Keep the watchdog quiet for another while."""
        self._next_s = time.monotonic() + self._every_s
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        # Nobody listens any more: that is no reason for us to stop.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(message.encode(), self._address)
