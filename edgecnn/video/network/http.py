"""Reads Motion JPEG over HTTP itself, because then every fault has its name.

FFmpeg could do it, but it says only that it could not: no status code, no wrong password, a picture
of a new size stretched to the old one, and seconds of looking ahead before the first picture.
Other kinds of video that come by HTTP are handed to it.
"""

from __future__ import annotations

import contextlib
import http.client
import selectors
import socket
import time
import zlib
from collections.abc import Callable

import cv2
import numpy as np

from edgecnn.core.image import check_pixels
from edgecnn.errors import EdgeCNNError
from edgecnn.video.facts import SourceFacts
from edgecnn.video.fault import Fault
from edgecnn.video.link import Grab, Reader
from edgecnn.video.network.address import Address
from edgecnn.video.network.answers import fault_of_code, fault_of_error
from edgecnn.video.network.multipart import MultipartParser, boundary_of
from edgecnn.video.network.signing_in import answer_challenge
from edgecnn.video.status import Reason

CONNECT_S = 5.0
SILENCE_S = 30.0
"""Whoever watches gives up earlier; this ends a thread that was left behind."""

PIECE_BYTES = 256 * 1024
MOST_PIECES = 8
"""So many pieces are read ahead to find the newest picture; then one is decoded in any case."""

_END_OF_JPEG = b"\xff\xd9"


class HttpReader:
    """One connection to an address that starts with http.

    Args:
        address: Where the stream is.
        other: Makes the reader for what is not Motion JPEG.
    """

    exclusive = False

    def __init__(self, address: Address, other: Callable[[Address], Reader]) -> None:
        self.name = address.name
        self._address = address
        self._make_other = other
        self._other: Reader | None = None
        self._connection: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._response: http.client.HTTPResponse | None = None
        self._parser = MultipartParser("")
        self._trouble = ""

    def open(self) -> SourceFacts:
        """Connect, sign in and look at what comes.

        Raises:
            Fault: Nothing answers, or something other than a stream does.
        """
        try:
            response = self._ask(None)
            if response.status == 401:
                wanted = response.headers.get_all("WWW-Authenticate") or []
                signed = answer_challenge(wanted, self._address, "GET", self._address.target)
                if signed is not None:
                    self.close()
                    response = self._ask(signed)
        except OSError as error:
            raise fault_of_error(error, self._address) from error
        except http.client.HTTPException as error:
            raise Fault(
                Reason.BROKEN,
                f"{self.name} answers, but not by HTTP. Is it another kind of address (rtsp://)?",
            ) from error
        if response.status != 200:
            raise fault_of_code(response.status, self._address)
        kind = response.headers.get("Content-Type", "")
        boundary = boundary_of(kind)
        if boundary is None:
            self.close()
            return self._open_other(kind.partition(";")[0].strip().lower())
        self._parser = MultipartParser(boundary)
        return SourceFacts((0, 0), None, None, "HTTP", "MJPEG")

    def read(self) -> Grab | None:
        """The newest picture that has arrived whole; None when it was damaged.

        Raises:
            Fault: The connection broke.
        """
        if self._other is not None:
            return self._other.read()
        part, captured_s = self._newest_part()
        pixels = None
        if _END_OF_JPEG in part[-1024:]:
            with contextlib.suppress(cv2.error):
                flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
                pixels = cv2.imdecode(np.frombuffer(part, np.uint8), flags)
        if pixels is None:
            self._trouble = "a damaged picture"
            return None
        try:
            whole = check_pixels(pixels, "bgr")
        except EdgeCNNError as error:
            self._trouble = str(error)
            return None
        return Grab(whole, captured_s, None, zlib.crc32(part))

    def trouble(self) -> str:
        """Why the last part gave no picture."""
        return self._trouble if self._other is None else self._other.trouble()

    def interrupt(self) -> None:
        """Close the line, so that a blocked read returns."""
        if self._other is not None:
            self._other.interrupt()
        line = self._socket
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up."""
        if self._other is not None:
            self._other.close()
        if self._response is not None:
            self._response.close()
        if self._connection is not None:
            self._connection.close()
        if self._socket is not None:
            self._socket.close()
        self._response = self._connection = self._socket = None

    def _ask(self, signed: str | None) -> http.client.HTTPResponse:
        secure = self._address.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._connection = kind(self._address.host, self._address.port, timeout=CONNECT_S)
        headers = {"Accept": "*/*", "User-Agent": "edgecnn"}
        if signed is not None:
            headers["Authorization"] = signed
        self._connection.connect()
        # Kept, because the connection forgets its socket when the server says it will close it.
        self._socket = self._connection.sock
        self._connection.request("GET", self._address.target, headers=headers)
        response = self._response = self._connection.getresponse()
        if self._socket is not None:
            self._socket.settimeout(SILENCE_S)
        return response

    def _open_other(self, kind: str) -> SourceFacts:
        if kind.startswith("text/html"):
            raise Fault(
                Reason.BROKEN,
                f"{self.name} is a web page, not a stream. Look up the address of the stream in "
                "the camera's manual.",
            )
        if kind.startswith("image/"):
            raise Fault(
                Reason.BROKEN,
                f"{self.name} sends a single picture, not a stream. Look up the address of the "
                "stream in the camera's manual.",
            )
        self._other = self._make_other(self._address)
        return self._other.open()

    def _newest_part(self) -> tuple[bytes, float]:
        """The last part of all that has arrived; waits for one."""
        newest = None
        for _ in range(MOST_PIECES):
            if newest is not None and not self._more_waits():
                break
            try:
                parts = self._read_piece()
            except Fault:
                if newest is None:
                    raise
                break  # the picture first; the next read meets the fault again
            newest = parts[-1] if parts else newest
        while newest is None:
            parts = self._read_piece()
            newest = parts[-1] if parts else None
        return newest, time.monotonic()

    def _read_piece(self) -> list[bytes]:
        if self._response is None:
            raise Fault(Reason.LOST, f"{self.name} is not connected.")
        try:
            piece = self._response.read1(PIECE_BYTES)
        except (OSError, http.client.HTTPException) as error:
            cause = error if isinstance(error, OSError) else ConnectionError(type(error).__name__)
            raise fault_of_error(cause, self._address) from error
        if not piece:
            raise Fault(Reason.LOST, f"{self.name} closed the connection.")
        try:
            return self._parser.feed(piece)
        except ValueError as error:
            raise Fault(Reason.BROKEN, f"{self.name} is no Motion JPEG stream: {error}.") from error

    def _more_waits(self) -> bool:
        if self._socket is None:
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            return bool(selector.select(0))
