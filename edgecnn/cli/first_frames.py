"""The beginning of a source, so that nothing beyond ``--limit`` is read or complained about."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from edgecnn.closing import Closing
from edgecnn.video.files import Problem
from edgecnn.video.frame import Frame
from edgecnn.video.source import Source


class FirstFrames(Closing):
    """At most so many frames of a source; everything else is the source's.

    Args:
        source: Owned from now on.
        limit: None takes all.
    """

    def __init__(self, source: Source, limit: int | None) -> None:
        self.name = source.name
        self.fps = source.fps
        self.backend = source.backend
        self.codec = source.codec
        self.count = source.count
        self._source = source
        self._limit = limit

    @property
    def problems(self) -> list[Problem]:
        """What could not be read and was left out, so far."""
        return self._source.problems

    @problems.setter
    def problems(self, problems: list[Problem]) -> None:
        self._source.problems = problems

    def __iter__(self) -> Iterator[Frame]:
        return itertools.islice(iter(self._source), self._limit)

    def close(self) -> None:
        """Let go of files."""
        self._source.close()
