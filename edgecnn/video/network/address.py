"""The address of a stream, taken apart; what people see of it never holds a password."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from edgecnn.errors import SourceError
from edgecnn.video.redact import redact_url

PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322, "rtmp": 1935, "udp": 0}
"""Schemes that are opened, each with its usual port. FFmpeg knows others, some of which read local
files; an address from a settings file must not."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a stream is.

    Attributes:
        url: As it came, with the password: for the library that connects, for nobody else.
        name: For people.
        scheme: Such as ``rtsp``.
        host: Name or number.
        port: The port, also where the address leaves it out.
        target: Path and query, as they are sent.
        user: User name, decoded; None when there is none.
        password: Password, decoded.
    """

    url: str = field(repr=False)
    name: str
    scheme: str
    host: str
    port: int
    target: str = field(repr=False)
    user: str | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)

    @property
    def public_url(self) -> str:
        """The address without user and password, as a request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.target}"


def parse_address(url: str) -> Address:
    """Take an address apart.

    Raises:
        SourceError: Not an address of a stream.
    """
    name = redact_url(url)
    scheme = url.partition("://")[0].lower()
    if scheme not in PORTS:
        raise SourceError(
            f"{name}: streams come by {', '.join(PORTS)}, not by {scheme}. Give a file by its path."
        )
    if any(character.isspace() or not character.isprintable() for character in url):
        raise SourceError(f"{name}: an address holds no spaces or line breaks; write %20.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        url.encode("ascii")
    except (ValueError, UnicodeEncodeError):
        host, port = None, None
    if not host:
        raise SourceError(
            f"{name} is no address that can be understood. Characters such as / # ? in a password "
            "are written as %2F %23 %3F, and letters outside ASCII in the same way."
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(
        url,
        name,
        scheme,
        host,
        port if port is not None else PORTS[scheme],
        target,
        None if parts.username is None else unquote(parts.username),
        unquote(parts.password or ""),
    )
