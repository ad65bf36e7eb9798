"""Asks an RTSP server why it did not send: FFmpeg through OpenCV says only that it did not."""

from __future__ import annotations

import re
import socket
import ssl

from edgecnn.video.fault import Fault
from edgecnn.video.network.address import Address
from edgecnn.video.network.answers import fault_of_code, fault_of_error
from edgecnn.video.network.signing_in import answer_challenge
from edgecnn.video.status import Reason

ASK_S = 2.0
_MOST_BYTES = 64 * 1024
_DECODED = frozenset({"H264", "H265", "JPEG", "MP4V-ES", "VP8", "VP9", "AV1"})
_CODEC = re.compile(r"^a=rtpmap:\d+ ([^/\s]+)", re.MULTILINE)


def why_no_stream(address: Address, timeout_s: float = ASK_S) -> Fault:
    """Ask for a description of the stream and judge the answer.

    Args:
        address: Where the stream should be.
        timeout_s: How long each step may take.
    """
    try:
        code, headers, body = _describe(address, None, timeout_s)
        if code == 401:
            wanted = [value for name, value in headers if name == "www-authenticate"]
            signed = answer_challenge(wanted, address, "DESCRIBE", address.public_url)
            if signed is not None:
                code, headers, body = _describe(address, signed, timeout_s)
    except OSError as error:
        return fault_of_error(error, address)
    except ValueError:
        return Fault(
            Reason.BROKEN,
            f"{address.name} answers, but not by RTSP. Is it another kind of address (http://)?",
        )
    if code != 200:
        return fault_of_code(code, address)
    found = set(_CODEC.findall(body))
    if found & _DECODED:
        return Fault(
            Reason.BROKEN,
            f"{address.name} announces a stream but does not send it. Restart the camera.",
        )
    codecs = ", ".join(sorted(found)) or "no known codec"
    return Fault(
        Reason.CODEC,
        f"{address.name} sends a stream that cannot be decoded ({codecs}). Set the camera to "
        "H.264.",
    )


def _describe(
    address: Address, signed: str | None, timeout_s: float
) -> tuple[int, list[tuple[str, str]], str]:
    lines = [
        f"DESCRIBE {address.public_url} RTSP/1.0",
        "CSeq: 1",
        "Accept: application/sdp",
        "User-Agent: edgecnn",
    ]
    if signed is not None:
        lines.append(f"Authorization: {signed}")
    with socket.create_connection((address.host, address.port), timeout=timeout_s) as plain:
        line = plain
        if address.scheme == "rtsps":
            line = ssl.create_default_context().wrap_socket(plain, server_hostname=address.host)
        line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = b""
        while not _complete(answer) and len(answer) < _MOST_BYTES:
            piece = line.recv(4096)
            if not piece:
                break
            answer += piece
    return _parse(answer)


def _complete(answer: bytes) -> bool:
    head, gap, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"^content-length:\s*(\d+)", head, re.IGNORECASE | re.MULTILINE)
    return bool(gap) and len(body) >= (int(length.group(1)) if length else 0)


def _parse(answer: bytes) -> tuple[int, list[tuple[str, str]], str]:
    head, _, body = answer.decode("utf-8", "replace").partition("\r\n\r\n")
    first, *rest = head.split("\r\n")
    status = re.match(r"RTSP/\d\.\d (\d{3})", first)
    if status is None:
        raise ValueError("no RTSP answer")
    headers = [line.partition(":") for line in rest]
    return int(status.group(1)), [(n.strip().lower(), v.strip()) for n, _, v in headers], body
