"""Watching a board without a screen: what it sees, in a browser, as motion JPEG.

Loopback needs no token, because only this machine reaches it; every other address does. There is no
encryption: on a network that others use, forward the port through SSH instead.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import threading
from collections.abc import Callable, Generator
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np

from edgecnn.cli.preview_http import PreviewServer
from edgecnn.closing import Closing
from edgecnn.core.image import Pixels
from edgecnn.errors import OptionError, SourceError

TOKEN_VARIABLE = "EDGECNN_TOKEN"
SHORTEST_TOKEN = 16
MOST_WATCHERS = 8
_QUALITY = 80
_AGAIN_S = 2.0


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT`` or ``PORT`` (then this machine only).

    Raises:
        OptionError: Anything else.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isdigit() or not 0 <= int(port) < 65536:
        raise OptionError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:8080.")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Preview(Closing):
    """Serves the newest picture to browsers, each as fast as it takes them.

    Args:
        host: Address to listen on.
        port: 0 takes a free one.
        name: Of the source, for the page.
        facts: What ``/stats.json`` says, asked on another thread.

    Attributes:
        address: Where to look, token included.

    Raises:
        SourceError: The address cannot be listened on.
        OptionError: A token that could be guessed.
    """

    def __init__(
        self, host: str, port: int, name: str, facts: Callable[[], dict[str, Any]]
    ) -> None:
        self.name = name
        self.facts = facts
        self.token = None if is_loopback(host) else _token()
        self._changed = threading.Condition()
        self._pixels: Pixels | None = None
        self._number = 0
        self._encoded: tuple[int, bytes] = (0, b"")
        self._encoding = threading.Lock()
        self._watching = 0
        self._closed = False
        try:
            self._server = PreviewServer((host, port), self)
        except OSError as error:
            raise SourceError(
                f"Cannot serve on {host}:{port}: {error.strerror or error}. Choose another port."
            ) from error
        shown = f"[{host}]" if ":" in host else host
        query = "" if self.token is None else f"/?token={quote(self.token)}"
        self.address = f"http://{shown}:{self._server.server_address[1]}{query}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="edgecnn-preview", daemon=True
        )
        self._thread.start()

    @property
    def watched(self) -> bool:
        """Whether anybody looks, so that drawing is worth the time."""
        return self._watching > 0

    def show(self, pixels: Pixels) -> None:
        """Make a picture (H, W, 3) BGR the newest; it must not be changed afterwards."""
        with self._changed:
            self._pixels = pixels
            self._number += 1
            self._changed.notify_all()

    def pictures(self) -> Generator[bytes]:
        """Pictures as JPEG, from the next one on, until the preview is closed.

        When no new one comes for a while the last one comes again: by that a browser knows that
        the connection lives, and we know that the browser does.

        Raises:
            SourceError: Too many watch already.
        """
        with self._changed:
            if self._watching >= MOST_WATCHERS:
                raise SourceError(f"{MOST_WATCHERS} watch already.")
            self._watching += 1
            seen = self._number
        try:
            while True:
                with self._changed:
                    if self._number == seen and not self._closed:
                        self._changed.wait(_AGAIN_S)
                    if self._closed:
                        return
                    seen, pixels = self._number, self._pixels
                if pixels is not None:
                    yield self._jpeg(seen, pixels)
        finally:
            with self._changed:
                self._watching -= 1

    def _jpeg(self, number: int, pixels: Pixels) -> bytes:
        """Encoded once, however many watch."""
        with self._encoding:
            if self._encoded[0] != number:
                _, content = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
                self._encoded = number, np.asarray(content).tobytes()
            return self._encoded[1]

    def allows(self, given: str | None) -> bool:
        """Whether a token opens the preview."""
        if self.token is None:
            return True
        return given is not None and secrets.compare_digest(given.encode(), self.token.encode())

    def serves(self, host: str) -> bool:
        """Whether a browser may call us by this name; with a token, by any.

        Without one, a page of somebody else's could point a name of its own at this machine.
        """
        return self.token is not None or is_loopback(host)

    def close(self) -> None:
        """Let go of the port and of everybody who watches; twice is harmless."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _token() -> str:
    given = os.environ.get(TOKEN_VARIABLE)
    if given is None:
        return secrets.token_urlsafe(18)
    if len(given) < SHORTEST_TOKEN or not given.isascii() or not given.isprintable():
        raise OptionError(
            f"The token in {TOKEN_VARIABLE} must have at least {SHORTEST_TOKEN} plain characters, "
            f"but has {len(given)}. Leave it unset to have one made."
        )
    return given
