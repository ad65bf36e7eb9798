"""A live source as frames to walk through, for whoever wants no thread of his own."""

from __future__ import annotations

from collections.abc import Iterator

from edgecnn.closing import Closing
from edgecnn.errors import SourceError
from edgecnn.video.frame import Frame
from edgecnn.video.live import LiveSource
from edgecnn.video.mailbox import Mailbox, MailboxClosedError
from edgecnn.video.status import State, Status


class LiveFrames(Closing):
    """Walks through a live source; the newest frame wins while the last one is looked at.

    Args:
        source: Not started yet; started when the walk begins, stopped when it ends.
    """

    backend = "live"
    codec: str | None = None

    def __init__(self, source: LiveSource) -> None:
        self.name = source.name
        self.count = source.count
        self.fps = source.fps
        self.problems = source.problems
        self._source = source
        self._box: Mailbox[Frame] = Mailbox(lossless=not source.live)

    def __iter__(self) -> Iterator[Frame]:
        """The frames, in order, until the source ends or is closed.

        Raises:
            SourceError: The source failed; with its own words.
        """
        leave = self._source.on_status(self._hear)
        self._source.start(self._take)
        # A source may keep a new list for each start.
        self.problems = self._source.problems
        try:
            while True:
                try:
                    frame = self._box.take()
                except MailboxClosedError:
                    break
                if frame is not None:
                    yield frame
        finally:
            leave()
            self.close()
        status = self._source.status
        if status.state is State.FAILED:
            raise SourceError(status.message)

    def close(self) -> None:
        """Stop the source; the walk ends."""
        self._box.close()
        self._source.stop()

    def _take(self, frame: Frame) -> None:
        self.fps = self._source.fps
        self._box.put(frame)

    def _hear(self, status: Status) -> None:
        if status.final:
            self._box.close()
