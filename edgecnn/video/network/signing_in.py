"""Answers to "who are you?" of cameras: Basic and Digest, the same for HTTP and RTSP.

Reference: RFC 7617 (Basic) and RFC 7616 (Digest).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from urllib.request import parse_http_list, parse_keqv_list

from edgecnn.video.network.address import Address

_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


def answer_challenge(
    challenges: list[str], address: Address, method: str, target: str
) -> str | None:
    """The ``Authorization`` header for what a server asked.

    Args:
        challenges: Its ``WWW-Authenticate`` headers.
        address: Holds user and password.
        method: Such as ``GET`` or ``DESCRIBE``.
        target: What the request line names.

    Returns:
        The header, by the strongest way that both sides know; None without a user or such a way.
    """
    if address.user is None:
        return None
    asked = [challenge.strip().partition(" ") for challenge in challenges]
    for kind, _, parameters in asked:
        # A server that knows several algorithms names the one it prefers first.
        if kind.lower() == "digest":
            digest = _digest(parameters, address, method, target)
            if digest is not None:
                return digest
    return basic(address) if any(kind.lower() == "basic" for kind, _, _ in asked) else None


def basic(address: Address) -> str:
    """The ``Authorization`` header that holds user and password as they are."""
    pair = f"{address.user}:{address.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def _digest(parameters: str, address: Address, method: str, target: str) -> str | None:
    asked = parse_keqv_list(parse_http_list(parameters))
    algorithm = asked.get("algorithm", "MD5").upper()
    if algorithm not in _HASHES or "nonce" not in asked:
        return None

    def hashed(*parts: str) -> str:
        return hashlib.new(_HASHES[algorithm], ":".join(parts).encode()).hexdigest()

    realm, nonce = asked.get("realm", ""), asked["nonce"]
    secret = hashed(address.user or "", realm, address.password)
    action = hashed(method, target)
    fields = {"username": address.user, "realm": realm, "nonce": nonce, "uri": target}
    extra = ""
    if "auth" in [word.strip() for word in asked.get("qop", "").split(",")]:
        own = secrets.token_hex(8)
        response = hashed(secret, nonce, "00000001", own, "auth", action)
        extra = f', qop=auth, nc=00000001, cnonce="{own}"'
    elif "qop" in asked:
        return None
    else:
        response = hashed(secret, nonce, action)
    fields["response"] = response
    if "opaque" in asked:
        fields["opaque"] = asked["opaque"]
    listed = ", ".join(f'{name}="{value}"' for name, value in fields.items())
    return f"Digest {listed}, algorithm={algorithm}{extra}"
