"""What browsers say to the preview, and what they are answered."""

from __future__ import annotations

import contextlib
import html
import itertools
import json
import re
import secrets
import socket
import socketserver
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, quote, urlsplit

from edgecnn.cli.preview_page import PAGE
from edgecnn.errors import SourceError

_SILENCE_S = 10.0
"""A browser that takes nothing for so long is gone."""

MOST_CONNECTIONS = 32
"""Who cannot watch can still ask; beyond this, connections are closed unheard."""

_BOUNDARY = b"--frame\r\n"


class Previewed(Protocol):
    """What is served."""

    name: str
    token: str | None

    def facts(self) -> dict[str, Any]:
        """Figures for ``/stats.json``."""

    def pictures(self) -> Generator[bytes]:
        """Newest pictures as JPEG."""

    def allows(self, given: str | None) -> bool:
        """Whether a token opens the preview."""

    def serves(self, host: str) -> bool:
        """Whether a browser may call us by this name."""


class PreviewServer(ThreadingHTTPServer):
    """One thread a connection; none is waited for at the end.

    Args:
        address: Host and port.
        preview: What is served.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, address: tuple[str, int], preview: Previewed) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.preview = preview
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """As `HTTPServer` does it, without asking a name server who we are."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread for a connection, if there is room for one more."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The thread of a connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closes its window is no news."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: PreviewServer
    protocol_version = "HTTP/1.1"
    server_version = "edgecnn"
    sys_version = ""
    timeout = _SILENCE_S

    def do_GET(self) -> None:
        """The page, the stream, one picture, or figures."""
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if not self._host_is_ours():
            self._say(403, "text/plain", b"This address is not served here.\n")
        elif not self.server.preview.allows(self._token(query)):
            self._say(401, "text/plain", b"A token is needed: open the address edgecnn printed.\n")
        elif path == "/":
            self._page(query)
        elif path == "/stats.json":
            self._say(200, "application/json", json.dumps(self.server.preview.facts()).encode())
        elif path in ("/stream", "/snapshot.jpg"):
            self._pictures(only_one=path != "/stream")
        else:
            self._say(404, "text/plain", b"There is /, /stream, /snapshot.jpg and /stats.json.\n")

    def _token(self, query: dict[str, list[str]]) -> str | None:
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        return value if kind.lower() == "bearer" else query.get("token", [None])[0]

    def _host_is_ours(self) -> bool:
        """Without a token, a page from elsewhere must not reach us under a name of its own."""
        host = re.sub(r":\d+$", "", self.headers.get("Host", ""))
        return self.server.preview.serves(host.removeprefix("[").removesuffix("]"))

    def _page(self, query: dict[str, list[str]]) -> None:
        token = query.get("token", [None])[0]
        nonce = secrets.token_urlsafe(12)
        page = PAGE.format(
            name=html.escape(self.server.preview.name),
            query="" if token is None else f"?token={quote(token, safe='')}",
            nonce=nonce,
        )
        policy = (
            "default-src 'none'; img-src 'self'; connect-src 'self'; frame-ancestors 'none'; "
            f"style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'"
        )
        self._say(200, "text/html; charset=utf-8", page.encode(), policy)

    def _pictures(self, *, only_one: bool) -> None:
        with contextlib.closing(self.server.preview.pictures()) as pictures:
            try:
                # The first one decides: that too many watch is an answer of its own.
                content = next(pictures, None)
            except SourceError as error:
                self._say(503, "text/plain", f"{error}\n".encode())
                return
            if content is None:
                self._say(503, "text/plain", b"edgecnn is ending.\n")
            elif only_one:
                self._say(200, "image/jpeg", content)
            else:
                self._stream(content, pictures)

    def _stream(self, first: bytes, others: Generator[bytes]) -> None:
        self.close_connection = True
        self.send_response(200)
        self._headers("multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        self.wfile.write(_BOUNDARY)
        for content in itertools.chain([first], others):
            head = f"Content-Type: image/jpeg\r\nContent-Length: {len(content)}\r\n\r\n"
            # Browsers show a picture when they see the boundary after it.
            self.wfile.write(head.encode() + content + b"\r\n" + _BOUNDARY)

    def _say(self, code: int, kind: str, content: bytes, policy: str = "") -> None:
        self.send_response(code)
        self._headers(kind)
        if policy:
            self.send_header("Content-Security-Policy", policy)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _headers(self, kind: str) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002
        """Nothing: addresses carry tokens."""
