"""A source behind a connection that may stall, break and come back: cameras and streams."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from edgecnn.video.facts import SourceFacts
from edgecnn.video.fault import NOT_MENDED_BY_WAITING, Fault
from edgecnn.video.frame import Frame
from edgecnn.video.freshness import Freshness
from edgecnn.video.link import Grab, Link, Reader
from edgecnn.video.patience import Patience
from edgecnn.video.status import Reason, State
from edgecnn.video.threaded import Run, ThreadedSource

TICK_S = 0.1
"""How often silence is noticed."""

SLOW_PICTURES = 4
"""A source is not stalled before so many of its usual intervals have passed."""


class LinkedSource(ThreadedSource):
    """Watches a connection by evidence, and makes it again when it is lost.

    Reading happens on a thread of its own, because a driver may block for ever; this source's
    thread takes the newest picture from there, delivers it, and looks at the clock. The first
    opening either works or fails at once, with words; a connection that once gave pictures is made
    again until it works, unless the reason is one that waiting does not mend.

    Args:
        name: For people, without credentials.
        connect: Makes a reader for each attempt.
        patience: How long to wait for what.
        mirror: Whether pictures are flipped left to right.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], Reader],
        *,
        patience: Patience | None = None,
        mirror: bool = False,
    ) -> None:
        super().__init__(name, live=True, mirror=mirror)
        self._connect = connect
        self._patience = patience or Patience()

    def _work(self, run: Run) -> None:
        began_s = time.monotonic()
        lost_s = began_s
        failures = 0
        index = 0
        ran = False
        # A thread that was left behind must not touch what the next connection goes by.
        freshness = Freshness()
        while not run.stopping:
            self._stamps.clear()
            link = Link(self._connect(), run.wake, freshness, index)
            link.start()
            try:
                fault = self._follow(run, link)
            finally:
                link.close(min(0.5, run.stop_by_s - time.monotonic()))
            index = link.next_index
            freshness = freshness.copy()
            if run.stopping:
                return
            now_s = time.monotonic()
            if fault is None:
                self._show(run, State.ENDED, None, f"{self.name} has ended.")
                return
            if link.first_s is not None:
                ran = True
                lost_s = now_s
                if now_s - link.first_s >= self._patience.steady_s:
                    failures = 0
            just_closed = now_s - began_s < self._patience.busy_s
            if not ran and fault.reason is Reason.BUSY and just_closed:
                run.sleep(self._patience.first_retry_s)
                continue
            if not ran or self._is_hopeless(fault, now_s - lost_s):
                self._show(run, State.FAILED, fault.reason, str(fault))
                return
            delay_s = self._patience.retry_s(failures)
            failures += 1
            message = f"{fault} Trying again in {delay_s:.2g} s."
            self._show(run, State.RECONNECTING, fault.reason, message)
            run.sleep(delay_s)

    def _is_hopeless(self, fault: Fault, without_s: float) -> bool:
        limit_s = self._patience.give_up_s
        late = limit_s is not None and without_s > limit_s
        return late or fault.reason in NOT_MENDED_BY_WAITING

    def _follow(self, run: Run, link: Link) -> Fault | None:
        """Deliver what a connection gives until it is lost; None when it ended or is to stop."""
        noted = 0
        while not run.stopping:
            with run.wake:
                if not link.has_news:
                    run.wake.wait(TICK_S)
                grab, fault, ended = link.take(), link.fault, link.ended
            if link.troubles > noted:
                noted = link.troubles
                self._note(self.name, link.last_trouble)
            if grab is not None:
                self._take(run, link, grab)
            if fault is not None:
                return fault
            if ended:
                return None
            fault = self._judge(run, link)
            if fault is not None:
                return fault
        return None

    def _take(self, run: Run, link: Link, grab: Grab) -> None:
        silent = self._status.state in (State.STALLED, State.RECONNECTING)
        if not grab.new and (self._paused or silent):
            return
        self._stamps.append(grab.captured_s)
        size_wh = (grab.pixels.shape[1], grab.pixels.shape[0])
        if self._facts is None or self._facts.size_wh != size_wh or grab.index == 0:
            self._facts = replace(link.facts or SourceFacts(size_wh), size_wh=size_wh)
            self.fps = self._facts.fps
        if self._paused:
            self._show(run, State.PAUSED, None, f"{self.name} is paused.")
            return
        self._show(run, State.RUNNING, None, f"{self.name}: {self._facts.describe()}.")
        self._hand_over(
            run,
            Frame(grab.pixels, "bgr", grab.captured_s, grab.index, self.name, grab.captured_s),
        )

    def _judge(self, run: Run, link: Link) -> Fault | None:
        """Look at the clock: the fault by which a connection is given up, or None."""
        now_s = time.monotonic()
        if link.last_s is None:
            if now_s - link.began_s <= self._patience.open_s:
                return None
            return Fault(Reason.TIMED_OUT, self._no_first_picture(link))
        slow_s = SLOW_PICTURES * self._interval_s()
        without_new_s = now_s - (link.began_s if link.new_s is None else link.new_s)
        pictures_come = now_s - link.last_s < self._patience.stalled_s
        limit_s = self._patience.frozen_s if pictures_come else self._patience.stalled_s
        limit_s = max(limit_s, slow_s)
        if without_new_s <= limit_s:
            return None
        reason, words = self._why_silent(link, pictures_come, limit_s)
        if without_new_s > max(self._patience.lost_s, 3 * slow_s):
            return Fault(reason, words)
        if link.new_s is None:
            return None
        if not self._paused:
            self._show(run, State.STALLED, reason, words)
        return None

    def _interval_s(self) -> float:
        """The usual time between two pictures, as it was lately."""
        stamps = list(self._stamps)
        if len(stamps) < 2:
            return 0.0
        return (stamps[-1] - stamps[0]) / (len(stamps) - 1)

    def _no_first_picture(self, link: Link) -> str:
        if link.trouble:
            return f"{self.name} gives no picture that can be decoded ({link.trouble})."
        waited = f"within {self._patience.open_s:g} s"
        if link.facts is None:
            return f"{self.name} did not open {waited}. Check the cable or the address."
        return f"{self.name} opened but gave no picture {waited}. Unplug it or restart it."

    def _why_silent(self, link: Link, pictures_come: bool, silent_s: float) -> tuple[Reason, str]:
        if pictures_come:
            return Reason.LOST, (
                f"{self.name} has shown the same picture for {silent_s:.2g} s: it hangs, or it was "
                "unplugged."
            )
        if link.trouble:
            return Reason.BROKEN, (
                f"{self.name} has sent nothing that can be decoded for {silent_s:.2g} s "
                f"({link.trouble})."
            )
        return Reason.TIMED_OUT, f"{self.name} has sent no picture for {silent_s:.2g} s."
