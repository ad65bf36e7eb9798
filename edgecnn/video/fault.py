"""Why a source cannot give pictures, as an exception with a reason code."""

from __future__ import annotations

from edgecnn.errors import SourceError
from edgecnn.video.status import Reason


class Fault(SourceError):  # noqa: N818 - one word for one thing, in errors and in states
    """A connection cannot be made or does not go on.

    Attributes:
        reason: What kind of fault it is.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Ended(Exception):  # noqa: N818 - the end of a recording is no error
    """A recording has come to its end."""


NOT_MENDED_BY_WAITING = frozenset({Reason.AUTH})
"""Faults after which a source that ran before gives up: trying passwords again locks accounts."""
