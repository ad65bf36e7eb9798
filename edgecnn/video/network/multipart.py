"""Takes the pictures out of a ``multipart/x-mixed-replace`` body, piece by piece.

This is how cameras send Motion JPEG over HTTP. Real ones get it wrong in many ways: no
``Content-Length``, a boundary with or without the two dashes, rubbish between the parts.
"""

from __future__ import annotations

import re

MOST_HEADER_BYTES = 16 * 1024
MOST_PART_BYTES = 32 * 1024 * 1024
"""A part that is larger is no picture of a camera."""

_LENGTH = re.compile(rb"^content-length:\s*(\d+)\s*$", re.IGNORECASE | re.MULTILINE)
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)


def boundary_of(content_type: str) -> str | None:
    """The boundary that a ``Content-Type`` names; None when it is no multipart stream."""
    if not content_type.lower().startswith("multipart/"):
        return None
    found = _BOUNDARY.search(content_type)
    # Some cameras name the boundary with the dashes that only belong before it.
    return found.group(1).strip().removeprefix("--") if found else ""


class MultipartParser:
    """Collects bytes and gives the parts that are complete.

    Args:
        boundary: What stands between the parts; empty when the server did not say.
    """

    def __init__(self, boundary: str) -> None:
        self._mark = b"--" + boundary.encode("latin-1")
        self._held = bytearray()
        self._searched = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Add bytes as they arrived; the bodies of all parts that they complete.

        Raises:
            ValueError: More bytes than any part or its headers have: this is no such stream.
        """
        self._held += piece
        parts = []
        while (part := self._next()) is not None:
            if part:
                parts.append(part)
        return parts

    def _next(self) -> bytes | None:
        """The next part; empty when something without a body was passed, None to wait."""
        held = self._held
        start = held.find(self._mark)
        if start < 0:
            keep = len(self._mark) - 1
            if len(held) > MOST_HEADER_BYTES:
                del held[: len(held) - keep]
            return None
        head_end, head_length = _end_of_head(held, start)
        if head_end < 0:
            if len(held) - start > MOST_HEADER_BYTES:
                raise ValueError("the headers of a part do not end")
            return None
        body = head_end + head_length
        length = _LENGTH.search(bytes(held[start:head_end]).replace(b"\r", b""))
        if length is not None:
            return self._take_counted(body, int(length.group(1)))
        return self._take_until_mark(body)

    def _take_counted(self, body: int, length: int) -> bytes | None:
        if length > MOST_PART_BYTES:
            raise ValueError(f"a part claims {length} bytes")
        if len(self._held) < body + length:
            return None
        part = bytes(self._held[body : body + length])
        self._forget(body + length)
        return part

    def _take_until_mark(self, body: int) -> bytes | None:
        # What was searched for the next boundary before need not be searched again.
        begin = max(body, self._searched - len(self._mark))
        end = self._held.find(self._mark, begin)
        if end < 0:
            self._searched = len(self._held)
            if len(self._held) - body > MOST_PART_BYTES:
                raise ValueError("a part does not end")
            return None
        part = bytes(self._held[body:end]).removesuffix(b"\r\n").removesuffix(b"\n")
        self._forget(end)
        return part

    def _forget(self, until: int) -> None:
        del self._held[:until]
        self._searched = 0


def _end_of_head(held: bytearray, start: int) -> tuple[int, int]:
    """Where an empty line ends the headers, and how long it is; -1 when it has not come."""
    found = [(held.find(gap, start), len(gap)) for gap in (b"\r\n\r\n", b"\n\n")]
    ends = [(position, length) for position, length in found if position >= 0]
    return min(ends) if ends else (-1, 0)
