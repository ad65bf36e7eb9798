"""What is said on standard error while ``run`` works: states, what was left out, figures."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import click
import psutil

from edgecnn.cli.service import Systemd
from edgecnn.video.answer import Answer
from edgecnn.video.pipeline import Pipeline
from edgecnn.video.status import State, Status

HOPELESS = 10
"""If so many frames fail from the very first on, the model is not fit for this: give up."""

MOST_TOLD = 20
"""Of a live stream so many damaged pictures, and so many failures, are told one by one: a service
that runs for a year must not fill a log. `metrics` counts failures to the end."""

_UNSAID = frozenset({State.OPENING, State.FAILED, State.CLOSED})
"""States without a line: nothing is seen yet, the error says it all, or we ended it ourselves."""


class Watch:
    """Reports on a pipeline; `look` is called again and again on the main thread.

    Args:
        pipeline: Not started yet.
        metrics_s: Seconds between two lines of figures; None says none.
    """

    def __init__(self, pipeline: Pipeline, metrics_s: float | None) -> None:
        self.failed = 0
        self._pipeline = pipeline
        self._source = pipeline.source
        self._metrics_s = metrics_s
        self._next_s = time.monotonic() + (metrics_s or 0.0)
        self._news: deque[Status] = deque(maxlen=100)
        self._problems_told = 0
        self._systemd = Systemd()
        self._ready = False
        self._fruitful = False
        self._progress = (0, 0)
        self.leave: Callable[[], None] = self._source.on_status(self._news.append)

    @property
    def name(self) -> str:
        """Of the source."""
        return self._source.name

    @property
    def left_out(self) -> int:
        """How many pictures have no answer, for a reason that was told."""
        return self._problems_told + self.failed

    def look(self) -> None:
        """Say what is new."""
        for problem in self._source.problems[self._problems_told :]:
            self._problems_told += 1
            self._leave_out(str(problem), self._problems_told)
        if self._source.live:
            self._tell_states()
        if self._metrics_s is not None and time.monotonic() >= self._next_s:
            self._next_s = max(self._next_s + self._metrics_s, time.monotonic())
            click.echo(metrics_line(self._pipeline), err=True)
        self._keep_watchdog_quiet()

    def failures(self, answer: Answer) -> None:
        """Say on what a task failed.

        Raises:
            click.ClickException: Nothing but failures from the first frame on.
        """
        for name, reason in answer.errors.items():
            self.failed += 1
            frame = answer.frame
            where = f"frame {frame.index}" if self._source.live else frame.source
            self._leave_out(f"{where} ({name}): {reason}", self.failed)
        self._fruitful = self._fruitful or bool(answer.results)
        if not self._fruitful and answer.index + 1 >= HOPELESS:
            raise click.ClickException(
                f"The first {HOPELESS} frames all failed: {next(iter(answer.errors.values()))}"
            )

    def facts(self) -> dict[str, Any]:
        """For the preview: the state in words, and all figures."""
        status = self._pipeline.status
        return {
            "source": self._source.name,
            "state": status.state.value,
            "message": status.message,
            **self._pipeline.stats.to_dict(),
        }

    def _leave_out(self, words: str, count: int) -> None:
        """Say what was left out, as the so-many-th of its kind."""
        if not self._source.live or count <= MOST_TOLD:
            click.echo(f"Left out: {words}", err=True)
        elif count == MOST_TOLD + 1:
            click.echo("Left out more of the same; it is no longer told.", err=True)

    def _tell_states(self) -> None:
        while self._news:
            status = self._news.popleft()
            if status.state in _UNSAID:
                continue
            words = status.message or status.state.value
            facts = self._source.facts
            if status.state is State.RUNNING and facts is not None:
                words = f"{self._source.name}: {facts.describe()}"
            click.echo(f"{status.state.value}: {words}", err=True)
            self._ready = self._ready or status.state is State.RUNNING
            self._systemd.say(words, ready=self._ready)

    def _keep_watchdog_quiet(self) -> None:
        """Alive is who answers, or has nothing to answer; not who hangs with frames coming in."""
        if not self._systemd.watchdog_due:
            return
        stats = self._pipeline.stats
        progress = stats.frames_in, stats.answered
        if progress[1] != self._progress[1] or progress[0] == self._progress[0]:
            self._systemd.alive()
        self._progress = progress


def metrics_line(pipeline: Pipeline) -> str:
    """All figures in one line of ``name=value``, for a log and for whoever reads it by program."""
    figures: dict[str, Any] = {"state": pipeline.status.state.value, **pipeline.stats.to_dict()}
    memory = psutil.Process().memory_info()
    figures["rss_mb"] = round(memory.rss / 2**20, 1)
    return "metrics " + " ".join(f"{name}={value}" for name, value in figures.items())
