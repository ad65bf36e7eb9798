from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from edgecnn.cli.preview import MOST_WATCHERS, TOKEN_VARIABLE, Preview, is_loopback, parse_address
from edgecnn.cli.preview_http import MOST_CONNECTIONS
from edgecnn.errors import OptionError, SourceError
from tests.helpers.pipelines import eventually

FACTS = {"state": "running", "fps_out": 12.5}


def grey(level: int) -> Any:
    return np.full((48, 64, 3), level, np.uint8)


@pytest.fixture
def preview() -> Iterator[Preview]:
    with Preview("127.0.0.1", 0, "Camera <0>", lambda: dict(FACTS)) as served:
        yield served


@contextmanager
def connected(preview: Preview) -> Iterator[http.client.HTTPConnection]:
    port = urlsplit(preview.address).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        yield connection
    finally:
        connection.close()


def get(preview: Preview, path: str, **headers: str) -> tuple[int, bytes]:
    with connected(preview) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def left(preview: Preview) -> bool:
    """Whether nobody watches any more; that is noticed when a picture cannot be sent."""
    preview.show(grey(9))
    return not preview.watched


class Watcher:
    """Reads the stream picture by picture."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        connection.request("GET", "/stream")
        self.answer = connection.getresponse()

    def level(self) -> int:
        """Mean grey of the next picture."""
        while True:
            line = self.answer.readline()
            found = re.match(rb"Content-Length: (\d+)", line)
            if found:
                self.answer.readline()
                content = self.answer.read(int(found.group(1)))
                pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
                return round(float(pixels.mean()))
            assert line, "the stream has ended"


def test_a_browser_sees_the_newest_pictures(preview: Preview) -> None:
    assert not preview.watched

    def show_when_watched() -> None:
        assert eventually(lambda: preview.watched)
        preview.show(grey(50))

    shower = threading.Thread(target=show_when_watched)
    shower.start()
    with connected(preview) as connection:
        watcher = Watcher(connection)
        assert watcher.answer.getheader("Content-Type", "").startswith("multipart/x-mixed-replace")
        assert watcher.level() == 50
        preview.show(grey(200))
        assert watcher.level() == 200
        watcher.answer.close()
    shower.join()
    assert eventually(lambda: left(preview))


def test_a_browser_that_leaves_is_noticed(preview: Preview) -> None:
    with connected(preview) as connection:
        connection.request("GET", "/stream")
        assert eventually(lambda: preview.watched)
    assert eventually(lambda: left(preview))


def test_a_single_picture_can_be_had(preview: Preview) -> None:
    done = threading.Event()

    def keep_showing() -> None:
        while not done.wait(0.01):
            preview.show(grey(120))

    shower = threading.Thread(target=keep_showing)
    shower.start()
    try:
        code, content = get(preview, "/snapshot.jpg")
    finally:
        done.set()
        shower.join()
    assert code == 200
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (48, 64, 3)


def test_the_page_and_the_figures(preview: Preview) -> None:
    code, page = get(preview, "/")
    assert code == 200
    assert b"Camera &lt;0&gt;" in page
    code, figures = get(preview, "/stats.json")
    assert json.loads(figures) == FACTS
    assert get(preview, "/etc/passwd")[0] == 404


def test_this_machine_needs_no_token_and_every_other_address_does() -> None:
    with Preview("0.0.0.0", 0, "camera", dict) as served:
        token = urlsplit(served.address).query.removeprefix("token=")
        assert len(token) >= 20
        assert get(served, "/stats.json")[0] == 401
        assert get(served, "/stats.json?token=wrong")[0] == 401
        assert get(served, "/stats.json?token=%C3%A9")[0] == 401
        assert get(served, f"/stats.json?token={token}")[0] == 200
        assert get(served, "/stats.json", Authorization=f"Bearer {token}")[0] == 200
        page = get(served, f"/?token={token}")[1].decode()
        assert f"stream?token={token}" in page


def test_a_page_of_another_site_does_not_get_in_under_its_own_name(preview: Preview) -> None:
    assert get(preview, "/", Host="evil.example:8080")[0] == 403
    assert get(preview, "/", Host="localhost:8080")[0] == 200
    assert get(preview, "/", Host="[::1]:8080")[0] == 200


def test_a_token_of_ones_own_is_used_and_a_short_one_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "correct horse battery")
    with Preview("0.0.0.0", 0, "camera", dict) as served:
        assert served.address.endswith("/?token=correct%20horse%20battery")
        assert get(served, "/?token=correct%20horse%20battery")[0] == 200
    monkeypatch.setenv(TOKEN_VARIABLE, "short")
    with pytest.raises(OptionError, match="at least 16"):
        Preview("0.0.0.0", 0, "camera", dict)


def test_more_watchers_than_there_is_room_for_are_told_so(preview: Preview) -> None:
    watching = [preview.pictures() for _ in range(MOST_WATCHERS)]
    preview.show(grey(1))
    threads = [threading.Thread(target=next, args=(pictures,)) for pictures in watching]
    for thread in threads:
        thread.start()
    try:
        assert eventually(lambda: preview._watching == MOST_WATCHERS)
        code, words = get(preview, "/stream")
        assert code == 503
        assert b"8 watch already" in words
    finally:
        preview.show(grey(2))
        for thread, pictures in zip(threads, watching, strict=True):
            thread.join()
            pictures.close()
    assert not preview.watched


def test_idle_connections_cannot_use_up_the_board(preview: Preview) -> None:
    port = urlsplit(preview.address).port
    idle = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(MOST_CONNECTIONS)]
    try:
        with socket.create_connection(("127.0.0.1", port), 20) as one_more:
            assert one_more.recv(1) == b""
    finally:
        for connection in idle:
            connection.close()

    def answers() -> bool:
        try:
            return get(preview, "/stats.json")[0] == 200
        except (http.client.HTTPException, OSError):
            return False

    assert eventually(answers)


def test_a_picture_is_encoded_once_however_many_watch(
    preview: Preview, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    original = cv2.imencode

    def imencode(*arguments: Any) -> Any:
        encoded.append(1)
        return original(*arguments)

    monkeypatch.setattr(cv2, "imencode", imencode)
    with connected(preview) as one, connected(preview) as other:
        for connection in (one, other):
            connection.request("GET", "/snapshot.jpg")
        assert eventually(lambda: preview._watching == 2)
        preview.show(grey(70))
        contents = [connection.getresponse().read() for connection in (one, other)]
    assert contents[0] == contents[1]
    assert len(encoded) == 1


def test_closing_frees_watchers_and_the_port(preview: Preview) -> None:
    port = urlsplit(preview.address).port
    assert port is not None
    with connected(preview) as connection:
        connection.request("GET", "/stream")
        assert eventually(lambda: preview.watched)
        preview.close()
        preview.close()
        assert b"ending" in connection.getresponse().read()
    with Preview("127.0.0.1", port, "again", dict) as again:
        assert get(again, "/stats.json")[0] == 200


def test_a_port_that_is_taken_is_an_error_in_words(preview: Preview) -> None:
    port = urlsplit(preview.address).port
    assert port is not None
    with pytest.raises(SourceError, match=f"127.0.0.1:{port}.*another port"):
        Preview("127.0.0.1", port, "second", dict)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("8080", ("127.0.0.1", 8080)),
        (":8080", ("127.0.0.1", 8080)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("[::1]:8080", ("::1", 8080)),
        ("board.local:80", ("board.local", 80)),
    ],
)
def test_addresses_are_read(text: str, expected: tuple[str, int]) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize("text", ["", "localhost", "127.0.0.1:", "127.0.0.1:99999", "a:b"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="HOST:PORT"):
        parse_address(text)


def test_loopback_is_told_from_the_network() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "192.168.1.2", "::", "board.local", "")))
