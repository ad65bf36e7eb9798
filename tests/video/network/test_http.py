from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import pytest

from edgecnn.video.facts import SourceFacts
from edgecnn.video.fault import Fault
from edgecnn.video.link import Grab, Reader
from edgecnn.video.network.address import Address, parse_address
from edgecnn.video.network.http import HttpReader
from edgecnn.video.status import Reason
from tests.helpers.live import FakeReader, fresh
from tests.helpers.mjpeg_server import MjpegServer, encoded, picture


@contextmanager
def answering(*pieces: bytes) -> Iterator[Address]:
    """A server that answers one request with these bytes and hangs up."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(4096)
                for piece in pieces:
                    line.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        yield parse_address(f"http://me:secret@127.0.0.1:{listener.getsockname()[1]}/v")
        thread.join(10)


def no_other(_: Address) -> Reader:
    raise AssertionError("Motion JPEG is read here")


def multipart(*parts: bytes, chunked: bool = False) -> bytes:
    body = b"".join(
        b"--b\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(part), part)
        for part in parts
    )
    head = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n"
    if chunked:  # and cut in the middle of a chunk
        return head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s" % (len(body) + 100, body)
    return head + b"\r\n" + body


def read_until_fault(reader: HttpReader, grabs: list[Grab]) -> Fault:
    """Collect pictures; the fault with which they end."""
    while True:
        try:
            grab = reader.read()
        except Fault as fault:
            return fault
        assert grab is not None
        grabs.append(grab)


def test_of_what_has_arrived_the_newest_is_decoded() -> None:
    with answering(multipart(*(encoded(index) for index in range(5)))) as address:
        reader = HttpReader(address, no_other)
        facts = reader.open()
        grabs: list[Grab] = []
        fault = read_until_fault(reader, grabs)
        reader.close()
    assert fault.reason is Reason.LOST
    assert "closed the connection" in str(fault)
    assert "secret" not in str(fault)
    assert (facts.backend, facts.codec) == ("HTTP", "MJPEG")
    assert abs(grabs[-1].pixels.astype(int) - picture(4)).mean() < 30
    assert len({grab.mark for grab in grabs}) == len(grabs)


def test_a_grey_picture_comes_in_three_channels() -> None:
    done, grey = cv2.imencode(".jpg", picture(0)[:, :, 0])
    assert done
    with answering(multipart(grey.tobytes())) as address:
        reader = HttpReader(address, no_other)
        reader.open()
        grab = reader.read()
        reader.close()
    assert grab is not None
    assert grab.pixels.shape == (48, 64, 3)
    assert np.ptp(grab.pixels, axis=2).max() == 0


def test_a_header_that_claims_gigabytes_is_a_damaged_picture() -> None:
    content = encoded(0)
    start = content.index(b"\xff\xc0")
    giant = content[: start + 5] + b"\xfd\xe8\xfd\xe8" + content[start + 9 :]  # 65,000 x 65,000
    with answering(multipart(giant, giant)) as address:
        reader = HttpReader(address, no_other)
        reader.open()
        assert reader.read() is None
        assert reader.trouble() == "a damaged picture"
        reader.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"RTSP/1.0 400 Bad Request\r\n\r\n", "not by HTTP"),
        (b"", "not by HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not by HTTP"),
    ],
)
def test_a_server_that_does_not_speak_http_is_said_not_to(answer: bytes, words: str) -> None:
    with answering(answer) as address:
        reader = HttpReader(address, no_other)
        with pytest.raises(Fault) as caught:
            reader.open()
        reader.close()
    # Some systems reset the line instead of closing it: then it is simply broken.
    assert words in str(caught.value) or caught.value.reason is Reason.LOST


def test_a_chunk_that_breaks_off_is_a_lost_connection() -> None:
    with answering(multipart(encoded(0), chunked=True)) as address:
        reader = HttpReader(address, no_other)
        reader.open()
        fault = read_until_fault(reader, [])
        reader.close()
    assert fault.reason is Reason.LOST


def test_a_part_without_end_is_no_stream() -> None:
    endless = multipart() + b"--b\r\n"
    with answering(endless, *[b"X-Header: " + bytes(60_000)] * 2) as address:
        reader = HttpReader(address, no_other)
        reader.open()
        with pytest.raises(Fault, match="no Motion JPEG stream"):
            reader.read()
        reader.close()


def test_other_video_is_handed_to_another_reader() -> None:
    made: list[FakeReader] = []

    def other(address: Address) -> Reader:
        made.append(FakeReader(fresh, name=address.name))
        return made[0]

    with MjpegServer(content_type="video/mp4") as server:
        reader = HttpReader(parse_address(server.url), other)
        facts = reader.open()
        grab = reader.read()
        assert reader.trouble() == ""
        reader.interrupt()
        reader.close()
    assert isinstance(facts, SourceFacts)
    assert grab is not None
    np.testing.assert_array_equal(grab.pixels, picture(0))
    assert made[0].interrupted.is_set()
    assert made[0].closed.is_set()


def test_a_tls_address_whose_server_has_no_tls_says_so() -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address:
        secure = parse_address(address.url.replace("http:", "https:"))
        reader = HttpReader(secure, no_other)
        with pytest.raises(Fault, match="connection") as caught:
            reader.open()
        reader.close()
    assert caught.value.reason in (Reason.BROKEN, Reason.LOST)
