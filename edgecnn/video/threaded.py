"""What every live source shares: its thread, its status, and an end within two seconds."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

import cv2
import numpy as np

from edgecnn.errors import EdgeCNNError, SourceError
from edgecnn.leaving import LeavingThread
from edgecnn.video.facts import SourceFacts
from edgecnn.video.files import Problem
from edgecnn.video.frame import Frame
from edgecnn.video.live import Deliver, Listener
from edgecnn.video.noise import quiet_opencv
from edgecnn.video.status import Reason, State, Status

_log = logging.getLogger(__name__)

MOST_PROBLEMS = 100
"""So many problems of a stream are kept: one that runs for a year must not fill the memory."""

STOP_S = 2.0
"""Whatever a source is doing, it ends within this time."""

RATE_FRAMES = 30
"""The measured rate is that of so many frames."""


class DeliveryError(EdgeCNNError):
    """What a source hands its frames to raised an error: the source is whole, its user is not."""


class Run:
    """One start of a source: what its thread is told, and by which a late thread is known.

    A thread that hangs in a driver cannot be ended. It is left behind, and whatever it says or
    delivers afterwards belongs to a run that nobody listens to any more.
    """

    def __init__(self, deliver: Deliver) -> None:
        self.deliver = deliver
        self.wake = threading.Condition()
        self.stopping = False
        self.stop_by_s = float("inf")
        self.thread: threading.Thread | None = None

    def ask_to_stop(self, by_s: float) -> None:
        """Tell the thread to end until a moment of the monotonic clock."""
        with self.wake:
            self.stopping = True
            self.stop_by_s = min(self.stop_by_s, by_s)
            self.wake.notify_all()

    def ask_to_stop_soon(self) -> None:
        """Tell the thread to end, as everything does: within two seconds."""
        self.ask_to_stop(time.monotonic() + STOP_S)

    def sleep(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Wait, but not beyond a wish to stop or ``until`` being true."""
        with self.wake:
            self.wake.wait_for(lambda: self.stopping or until(), timeout=max(0.0, seconds))


class ThreadedSource(ABC):
    """A `LiveSource` but for the work itself.

    Args:
        name: For people, without credentials.
        live: Whether the newest frame wins.
        count: Number of frames, where known.
        fps: Frames a second, where known.
        mirror: Whether pictures are flipped left to right, as people know themselves.
    """

    def __init__(
        self,
        name: str,
        *,
        live: bool,
        count: int | None = None,
        fps: float | None = None,
        mirror: bool = False,
    ) -> None:
        self.name = name
        self.live = live
        self.count = count
        self.fps = fps
        self.problems: list[Problem] = []
        self._mirror = mirror
        self._status = Status(State.CLOSED)
        self._facts: SourceFacts | None = None
        self._stamps: deque[float] = deque(maxlen=RATE_FRAMES)
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._paused = False

    @abstractmethod
    def _work(self, run: Run) -> None:
        """Deliver until the source ends, fails or is told to stop; runs on the source's thread."""

    @property
    def status(self) -> Status:
        """What the source is doing now."""
        return self._status

    @property
    def facts(self) -> SourceFacts | None:
        """What really came; None before the first frame."""
        facts, stamps = self._facts, list(self._stamps)
        if facts is None:
            return None
        elapsed_s = stamps[-1] - stamps[0] if len(stamps) > 1 else 0.0
        measured = (len(stamps) - 1) / elapsed_s if elapsed_s > 0 else None
        return SourceFacts(facts.size_wh, facts.fps, measured, facts.backend, facts.codec)

    def on_status(self, listener: Listener) -> Callable[[], None]:
        """Have every new status handed over; returns what ends that."""
        with self._lock:
            self._listeners = [*self._listeners, listener]

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = [known for known in self._listeners if known is not listener]

        return unsubscribe

    def start(self, deliver: Deliver) -> None:
        """Begin; returns at once.

        Raises:
            SourceError: The source runs already.
        """
        with self._lock:
            if self._run is not None and not self._status.final:
                raise SourceError(f"{self.name} runs already. Stop it before starting it again.")
            quiet_opencv()
            run = Run(deliver)
            self._run, self._facts, self._paused = run, None, False
            self.problems = []
            self._stamps.clear()
            self._status = Status(State.OPENING, message=f"Opening {self.name}.")
            run.thread = LeavingThread(
                target=self._live, args=(run,), name=f"source {self.name}", ask=run.ask_to_stop_soon
            )
        run.thread.start()

    def pause(self) -> None:
        """Hand over no frames until `resume`."""
        self._set_paused(True)

    def resume(self) -> None:
        """Go on after `pause`."""
        self._set_paused(False)

    def _set_paused(self, paused: bool) -> None:
        run = self._run
        self._paused = paused
        if run is not None:
            with run.wake:
                run.wake.notify_all()

    def stop(self, timeout_s: float = STOP_S) -> None:
        """End in any state within ``timeout_s``; what ended or failed before keeps its status.

        A thread that hangs in a driver is left behind: it delivers nothing more, and lets go of
        the device when the driver returns.
        """
        with self._lock:
            run = self._run
        if run is None or run.thread is None:
            return
        deadline_s = time.monotonic() + timeout_s
        run.ask_to_stop(deadline_s - 0.1 * timeout_s)
        if run.thread is not threading.current_thread():
            run.thread.join(timeout_s)
            self._show(run, State.CLOSED)
            with self._lock:
                if self._run is run:
                    self._run = None

    def _live(self, run: Run) -> None:
        """The body of the thread: the top where no exception may pass."""
        try:
            self._announce(run, self._status)
            self._work(run)
        except DeliveryError as error:
            _log.exception("%s: what receives the frames raised an error", self.name)
            self._show(run, State.FAILED, Reason.BROKEN, str(error))
        except Exception as error:  # noqa: BLE001 (the top of a thread; it goes into the status)
            _log.exception("%s: the source failed", self.name)
            message = f"{self.name} failed unexpectedly: {type(error).__name__}. Start it again."
            self._show(run, State.FAILED, Reason.BROKEN, message)
        if run.stopping:
            self._show(run, State.CLOSED)

    def _show(
        self, run: Run, state: State, reason: Reason | None = None, message: str = ""
    ) -> None:
        """Take on a status, unless the run is over or nothing changes."""
        with self._lock:
            old = self._status
            if self._run is not run or old.final:
                return
            if (old.state, old.reason, old.message) == (state, reason, message):
                return
            status = Status(state, reason, message)
            self._status = status
        self._announce(run, status)

    def _announce(self, run: Run, status: Status) -> None:
        for listener in self._listeners:
            try:
                listener(status)
            except Exception:  # noqa: BLE001 (it belongs to somebody else; the stream goes on)
                _log.exception("%s: a status listener failed", self.name)

    def _hand_over(self, run: Run, frame: Frame) -> None:
        """Deliver a frame, mirrored when asked, unless the run is over."""
        if run.stopping or self._run is not run:
            return
        if self._mirror:
            pixels = np.asarray(cv2.flip(frame.pixels, 1), np.uint8)
            frame = Frame(
                pixels, frame.color, frame.timestamp_s, frame.index, frame.source, frame.captured_s
            )
        try:
            run.deliver(frame)
        except Exception as error:
            raise DeliveryError(
                f"What receives the frames of {self.name} raised {type(error).__name__}: {error}"
            ) from error

    @property
    def _endless(self) -> bool:
        """Whether what is left out has to be limited, because the source may run for ever."""
        return self.live

    def _note(self, name: str, reason: str) -> None:
        """Remember something that was left out; without an end, up to a number of them."""
        if not self._endless or len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(name, reason))
