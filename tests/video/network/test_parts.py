"""The pieces by which streams are found and understood: arrays of bytes and words, no network."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from edgecnn.errors import SourceError
from edgecnn.video.network.address import PORTS, parse_address
from edgecnn.video.network.multipart import (
    MOST_HEADER_BYTES,
    MOST_PART_BYTES,
    MultipartParser,
    boundary_of,
)
from edgecnn.video.network.rtsp import why_no_stream
from edgecnn.video.network.signing_in import answer_challenge
from edgecnn.video.redact import redact_text, redact_url
from edgecnn.video.status import Reason


def test_an_address_is_taken_apart() -> None:
    address = parse_address("rtsp://me:p%40ss%2Fword@cam.local:8554/stream?channel=1")
    assert (address.scheme, address.host, address.port) == ("rtsp", "cam.local", 8554)
    assert (address.user, address.password) == ("me", "p@ss/word")
    assert address.target == "/stream?channel=1"
    assert address.name == "rtsp://cam.local:8554/stream?channel=1"
    assert address.public_url == "rtsp://cam.local:8554/stream?channel=1"
    assert "p@ss" not in repr(address)
    assert "p%40ss" not in repr(address)


@pytest.mark.parametrize("scheme", PORTS)
def test_every_scheme_has_its_usual_port(scheme: str) -> None:
    address = parse_address(f"{scheme.upper()}://10.0.0.1/x")
    assert (address.scheme, address.port, address.user) == (scheme, PORTS[scheme], None)


def test_an_address_with_colons_keeps_its_brackets() -> None:
    address = parse_address("http://[::1]:8080")
    assert (address.host, address.port, address.target) == ("::1", 8080, "/")
    assert address.public_url == "http://[::1]:8080/"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "concat:file.txt://x",
        "ftp://me:secret@host/x",
        "http:///video",
        "http://me:secret@host:port/video",
        "rtsp://me:sec/ret@host/stream",
        "rtsp://me:secret@host/a b",
        "rtsp://me:secret@host/a\r\nX-Injected: 1",
        "rtsp://me:secrét@host/x",
        "rtsp://[::1/x",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_the_password(url: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_address(url)
    assert "sec" not in str(caught.value).replace("secure", "")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://cam/stream", "rtsp://cam/stream"),
        ("rtsp://me:secret@cam/stream", "rtsp://cam/stream"),
        ("rtsp://secret@cam", "rtsp://cam"),
        ("rtsp://me:sec@ret@cam:8554/a", "rtsp://cam:8554/a"),
        ("rtsp://me:sec/ret?#@cam/a", "rtsp://cam/a"),
        ("http://cam/v?user=me&pwd=secret&fps=5", "http://cam/v?user=...&pwd=...&fps=5"),
        ("http://cam/v?secret", "http://cam/v?..."),
        ("http://cam/v?x=secret&channel=2", "http://cam/v?x=...&channel=2"),
        (
            "rtsp://cam/user=admin&password=secret&channel=1.sdp",
            "rtsp://cam/user=...&password=...&channel=1.sdp",
        ),
        ("http://cam/v#secret", "http://cam/v"),
        ("secret", "..."),
        ("rtsp://[::1secret/x", "rtsp://..."),
    ],
)
def test_passwords_are_left_out_of_addresses(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_passwords_are_left_out_of_texts() -> None:
    text = "cannot open rtsp://me:secret@cam/a (tried http://u:secret@b/c?key=secret), sorry"
    assert "secret" not in redact_text(text)
    assert redact_text("nothing to hide") == "nothing to hide"


@pytest.mark.parametrize(
    ("kind", "boundary"),
    [
        ("multipart/x-mixed-replace; boundary=frame", "frame"),
        ('Multipart/x-mixed-replace;boundary="a b"', "a b"),
        ("multipart/x-mixed-replace; boundary=--frame", "frame"),
        ("multipart/x-mixed-replace", ""),
        ("image/jpeg", None),
        ("", None),
    ],
)
def test_the_boundary_is_read(kind: str, boundary: str | None) -> None:
    assert boundary_of(kind) == boundary


def stream(bodies: list[bytes], *, counted: bool, newline: bytes = b"\r\n") -> bytes:
    parts = []
    for body in bodies:
        head = [b"--frame", b"Content-Type: image/jpeg"]
        if counted:
            head.append(b"content-LENGTH:  %d" % len(body))
        parts.append(newline.join(head) + 2 * newline + body + newline)
    return b"".join(parts)


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
@pytest.mark.parametrize("seed", range(5))
def test_parts_are_the_same_however_the_bytes_arrive(
    counted: bool, newline: bytes, seed: int
) -> None:
    draw = random.Random(seed)
    bodies = [draw.randbytes(draw.randrange(1, 3000)) for _ in range(12)]
    content = b"rubbish" + stream(bodies, counted=counted, newline=newline) + b"--frame"
    parser = MultipartParser("frame")
    found, position = [], 0
    while position < len(content):
        step = draw.choice([1, 2, 7, 100, 5000])
        found += parser.feed(content[position : position + step])
        position += step
    assert found == bodies


def test_a_boundary_inside_a_counted_part_is_data() -> None:
    body = b"abc--frame\r\n\r\ndef"
    assert MultipartParser("frame").feed(stream([body, b"x"], counted=True)) == [body, b"x"]


def test_a_part_without_content_is_passed_over() -> None:
    assert MultipartParser("frame").feed(stream([b"", b"x"], counted=True)) == [b"x"]


@pytest.mark.parametrize(
    "content",
    [
        b"--frame\r\nContent-Length: %d\r\n\r\n" % (MOST_PART_BYTES + 1),
        b"--frame\r\n" + b"X-Long: " + b"a" * (MOST_HEADER_BYTES + 1),
    ],
)
def test_what_would_fill_the_memory_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"part"):
        MultipartParser("frame").feed(content)


def test_rubbish_does_not_pile_up() -> None:
    parser = MultipartParser("frame")
    for _ in range(50):
        assert parser.feed(bytes(10_000)) == []
    assert len(parser._held) < 2 * MOST_HEADER_BYTES
    assert parser.feed(stream([b"x"], counted=True)) == [b"x"]


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_gives_the_answers_of_its_standard(
    monkeypatch: pytest.MonkeyPatch, algorithm: str, response: str
) -> None:
    """RFC 7616, section 3.9.1."""
    own = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    monkeypatch.setattr("secrets.token_hex", lambda _: own)
    address = parse_address("http://Mufasa:Circle%20of%20Life@www.example.org/dir/index.html")
    challenge = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", '
        f"algorithm={algorithm}, "
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    answer = answer_challenge([challenge], address, "GET", address.target)
    assert answer is not None
    assert f'response="{response}"' in answer
    assert 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"' in answer
    assert "Circle" not in answer


def test_digest_is_preferred_and_unknown_ways_are_not_answered() -> None:
    address = parse_address("http://me:pw@cam/")
    basic, digest = 'Basic realm="x"', 'Digest realm="x", nonce="n"'
    answers = {
        "digest": answer_challenge([basic, digest], address, "GET", "/"),
        "basic": answer_challenge(['Digest nonce="n", algorithm=NEW', basic], address, "GET", "/"),
        "none": answer_challenge(["Bearer"], address, "GET", "/"),
        "nobody": answer_challenge([basic], parse_address("http://cam/"), "GET", "/"),
    }
    assert (answers["digest"] or "").startswith("Digest ")
    assert answers["basic"] == "Basic bWU6cHc="
    assert answers["none"] is None
    assert answers["nobody"] is None


SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 {codec}/90000\r\n"


@contextmanager
def rtsp_server(*answers: str) -> Iterator[str]:
    """A server that gives these answers, one a connection; yields its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            for answer in answers:
                line, _ = listener.accept()
                with line:
                    line.recv(4096)
                    line.sendall(answer.encode())

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)


def described(codec: str) -> str:
    body = SDP.format(codec=codec)
    return f"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: {len(body)}\r\n\r\n{body}"


ASKED = 'RTSP/1.0 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n\r\n'


@pytest.mark.parametrize(
    ("answers", "reason", "words"),
    [
        (["RTSP/1.0 404 Not Found\r\n\r\n"], Reason.NOT_FOUND, "no stream at this path"),
        (["RTSP/1.0 453 Not Enough Bandwidth\r\n\r\n"], Reason.BUSY, "as many viewers"),
        ([described("MP2T")], Reason.CODEC, "MP2T"),
        ([described("H264")], Reason.BROKEN, "does not send it"),
        (["HTTP/1.1 200 OK\r\n\r\n"], Reason.BROKEN, "not by RTSP"),
        ([""], Reason.BROKEN, "not by RTSP"),
        ([ASKED, ASKED], Reason.AUTH, "wrong user or password"),
        ([ASKED, described("MP2T")], Reason.CODEC, "MP2T"),
    ],
)
def test_an_rtsp_server_says_why_it_does_not_send(
    answers: list[str], reason: Reason, words: str
) -> None:
    with rtsp_server(*answers) as host:
        fault = why_no_stream(parse_address(f"rtsp://me:secret@{host}/x"))
    assert fault.reason is reason
    assert words in str(fault)
    assert "secret" not in str(fault)


def test_an_rtsp_server_that_says_nothing_times_out() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = parse_address(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/x")
        assert why_no_stream(address, timeout_s=0.1).reason is Reason.TIMED_OUT
