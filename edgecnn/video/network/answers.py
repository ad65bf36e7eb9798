"""What a server's answer, or its silence, means for the person who gave the address."""

from __future__ import annotations

import errno
import socket
import ssl

from edgecnn.video.fault import Fault
from edgecnn.video.network.address import Address
from edgecnn.video.status import Reason


def fault_of_code(code: int, address: Address) -> Fault:
    """Why a stream is not sent, from the status code of HTTP or RTSP."""
    name = address.name
    if code in (401, 403, 407):
        words = "wrong user or password" if address.user else "it wants a user and a password"
        return Fault(
            Reason.AUTH,
            f"{name} refuses to send the stream: {words}. Write them into the address: "
            f"{address.scheme}://user:password@{address.host}/...",
        )
    if code in (404, 410):
        return Fault(
            Reason.NOT_FOUND,
            f"{address.host} answers, but has no stream at this path ({name}). Look the path up in "
            "the camera's manual.",
        )
    if code in (453, 503):
        return Fault(
            Reason.BUSY, f"{name} sends to as many viewers as it can. Close one and try again."
        )
    if 300 <= code < 400:
        return Fault(
            Reason.NOT_FOUND, f"{name} has moved (code {code}). Use the address it moved to."
        )
    return Fault(Reason.BROKEN, f"{name} answers with the error code {code}. Restart the camera.")


def fault_of_error(error: OSError, address: Address) -> Fault:
    """Why a connection cannot be made or broke."""
    name = address.name
    if isinstance(error, TimeoutError):
        return Fault(
            Reason.TIMED_OUT,
            f"{name} does not answer. Check that the camera is on and in the same network.",
        )
    if isinstance(error, socket.gaierror):
        return Fault(
            Reason.NOT_FOUND, f"There is no host {address.host!r}. Check the address {name}."
        )
    if isinstance(error, ConnectionRefusedError):
        return Fault(
            Reason.NOT_FOUND,
            f"{address.host} is there, but nothing answers at port {address.port}. Check the "
            f"address {name}.",
        )
    if isinstance(error, ssl.SSLError):
        return Fault(
            Reason.BROKEN,
            f"{name}: no trusted connection can be made ({error.reason or 'TLS'}). The camera's "
            "certificate must be one that this machine trusts.",
        )
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return Fault(Reason.NOT_FOUND, f"{name} cannot be reached: check the network.")
    return Fault(Reason.LOST, f"The connection to {name} broke ({error.strerror or error}).")
