"""One connection to a camera or stream: a thread that reads and keeps the newest picture."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from edgecnn.core.image import Pixels
from edgecnn.leaving import LeavingThread
from edgecnn.video.facts import SourceFacts
from edgecnn.video.fault import Ended, Fault
from edgecnn.video.freshness import Freshness, fingerprint
from edgecnn.video.redact import redact_text
from edgecnn.video.status import Reason

_log = logging.getLogger(__name__)

BREATH_S = 0.02
"""The pause after a read that brought nothing: a broken driver must not use up a core."""

LINGER_S = 12.0
"""How long a new connection waits for one that was left behind; V4L2 may block for ten seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Grab:
    """A picture as it came from a device.

    Attributes:
        pixels: (H, W, 3) uint8, BGR, owned by whoever gets it.
        captured_s: When it was taken or arrived, on the clock of `time.monotonic`.
        device_s: The device's own time stamp, where it gives one.
        mark: Checksum of the picture where the reader has one; else it is made here.
        index: How many pictures came before it over this connection.
        new: Whether there is evidence that it is not the last picture once more.
    """

    pixels: Pixels
    captured_s: float
    device_s: float | None = None
    mark: int | None = None
    index: int = 0
    new: bool = True


class Reader(Protocol):
    """Opens one device once and reads it; every call may block, and stays on one thread.

    Attributes:
        name: For people, without credentials.
        exclusive: Whether the device can be open only once, as cameras are.
    """

    name: str
    exclusive: bool

    def open(self) -> SourceFacts:
        """Open; what is known then, the size being (0, 0) where only a picture tells.

        Raises:
            Fault: It cannot be opened.
        """

    def read(self) -> Grab | None:
        """The next picture; None when this attempt brought none, as with a damaged one.

        Raises:
            Fault: The connection is gone.
            Ended: The recording is over.
        """

    def trouble(self) -> str:
        """What the last attempts without a picture suffered from, or an empty text."""

    def interrupt(self) -> None:
        """Have a blocked call return soon, where that is possible; called on another thread."""

    def close(self) -> None:
        """Let go of the device."""


_left_behind: weakref.WeakSet[Link] = weakref.WeakSet()


class Link:
    """A thread that opens a reader and keeps its newest picture.

    Args:
        reader: What to read; used by this thread alone but for ``interrupt``.
        wake: Notified at every news.
        freshness: Knows the last picture of the connection before.
        first_index: Index of the first picture.
    """

    def __init__(
        self,
        reader: Reader,
        wake: threading.Condition,
        freshness: Freshness,
        first_index: int = 0,
    ) -> None:
        self.reader = reader
        self.facts: SourceFacts | None = None
        self.fault: Fault | None = None
        self.ended = False
        self.began_s = time.monotonic()
        self.first_s: float | None = None
        self.new_s: float | None = None
        self.last_s: float | None = None
        self.next_index = first_index
        self.trouble = ""
        self.last_trouble = ""
        self.troubles = 0
        self._freshness = freshness
        self._newest: Grab | None = None
        self._wake = wake
        self._closing = threading.Event()
        self._thread = LeavingThread(
            target=self._live, name=f"reader of {reader.name}", ask=self._ask_to_close
        )

    def start(self) -> None:
        """Begin to open."""
        self._thread.start()

    @property
    def has_news(self) -> bool:
        """Whether there is a picture to take, a fault or an end; ask with ``wake`` held."""
        return self._newest is not None or self.fault is not None or self.ended

    def take(self) -> Grab | None:
        """The newest picture that was not taken yet; ask with ``wake`` held."""
        newest, self._newest = self._newest, None
        return newest

    def close(self, timeout_s: float) -> None:
        """End the connection; a thread that hangs is left behind and cleans up when it wakes."""
        self._ask_to_close()
        self._thread.join(max(0.0, timeout_s))
        if self._thread.is_alive():
            _left_behind.add(self)

    def _ask_to_close(self) -> None:
        self._closing.set()
        self.reader.interrupt()

    def _live(self) -> None:
        try:
            self._wait_for_others()
            if not self._closing.is_set():
                self._read_on()
        except Ended:
            self._publish(ended=True)
        except Fault as fault:
            self._publish(fault=fault)
        except Exception as error:  # noqa: BLE001 (it goes into the status)
            message = f"{self.reader.name} cannot be read: {_one_line(error)}"
            self._publish(fault=Fault(Reason.BROKEN, message))
        finally:
            self._let_go()
            _left_behind.discard(self)

    def _let_go(self) -> None:
        try:
            self.reader.close()
        except Exception:  # noqa: BLE001 (a device that is gone may not even be closable)
            _log.debug("%s could not be closed", self.reader.name, exc_info=True)

    def _wait_for_others(self) -> None:
        """A device that an earlier thread still holds would look as if somebody else had it."""
        if not self.reader.exclusive:
            return
        for other in list(_left_behind):
            if other.reader.name == self.reader.name:
                other._thread.join(LINGER_S)

    def _read_on(self) -> None:
        self._freshness.reconnected()
        self.facts = self.reader.open()
        while not self._closing.is_set():
            try:
                grab = self.reader.read()
            except (Fault, Ended):
                raise
            except Exception as error:  # noqa: BLE001
                # One picture that a decoder chokes on is no reason to hang up: if no other comes,
                # whoever watches this connection gives it up.
                self._suffer(_one_line(error))
                continue
            if grab is None:
                self._suffer(self.reader.trouble())
                continue
            self._keep(grab, self._freshness.is_new(grab.device_s, partial(_mark, grab)))

    def _keep(self, grab: Grab, new: bool) -> None:
        with self._wake:
            self._newest = Grab(
                grab.pixels, grab.captured_s, grab.device_s, None, self.next_index, new
            )
            self.next_index += 1
            self.last_s = time.monotonic()
            self.trouble = ""
            if new:
                self.new_s = self.last_s
                if self.first_s is None:
                    self.first_s = self.last_s
            self._wake.notify_all()

    def _suffer(self, trouble: str) -> None:
        if trouble:
            self.trouble = self.last_trouble = trouble
            self.troubles += 1
        self._closing.wait(BREATH_S)

    def _publish(self, fault: Fault | None = None, ended: bool = False) -> None:
        with self._wake:
            self.fault, self.ended = fault, ended
            self._wake.notify_all()


def _mark(grab: Grab) -> int:
    return fingerprint(grab.pixels) if grab.mark is None else grab.mark


def _one_line(error: Exception) -> str:
    return redact_text(" ".join(str(error).split())) or type(error).__name__
