"""Leaves passwords out of addresses before anybody reads them."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

_HARMLESS = frozenset(
    {"camera", "channel", "fps", "height", "id", "profile", "quality", "resolution", "size"}
    | {"stream", "subtype", "unicast", "width"}
)
"""Names of query values that may be shown; every other value might be a key."""

_HIDDEN = "..."
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_PASSWORD_IN_PATH = re.compile(
    r"((?:user|usr|username|login|pass|passwd|password|pwd|token|key|secret)\w*)=[^/&;_]*",
    re.IGNORECASE,
)


def redact_url(url: str) -> str:
    """An address for people: without user, password, and query values that may be keys."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return _HIDDEN
    # By hand, because an address with an unescaped character in the password is no valid address,
    # and it is just then that it ends up in an error message. In doubt the host is left out too.
    bare = f"{scheme}://{rest.rpartition('@')[2]}"
    try:
        parts = urlsplit(bare)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return f"{scheme}://{_HIDDEN}"
    shown = [_shown(name, value) for name, value in query]
    path = _PASSWORD_IN_PATH.sub(rf"\1={_HIDDEN}", parts.path)
    return f"{scheme}://{parts.netloc}{path}" + (f"?{'&'.join(shown)}" if shown else "")


def _shown(name: str, value: str) -> str:
    """A query value for people; one without a name may be a key itself."""
    if not value:
        return _HIDDEN
    return f"{name}={value if name.lower() in _HARMLESS else _HIDDEN}"


def redact_text(text: str) -> str:
    """A text in which every address is redacted."""
    return _ADDRESS.sub(lambda found: redact_url(found.group()), text)
