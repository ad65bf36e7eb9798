"""A Motion JPEG camera on this machine, that can be told to have every fault."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import threading
import time
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Mode = Literal["run", "stall", "close", "corrupt", "garbage", "frozen"]
NONCE = "a nonce of this server"
REALM = "camera"


def picture(index: int, size_wh: tuple[int, int] = (64, 48)) -> NDArray[np.uint8]:
    """A picture that differs from its neighbours: noise, and a stripe that wanders."""
    width, height = size_wh
    noise = np.random.default_rng(index).integers(0, 60, (height, width, 3), np.uint8)
    noise[:, (3 * index) % width] = 255
    return noise


def encoded(index: int, size_wh: tuple[int, int] = (64, 48)) -> bytes:
    """`picture` as JPEG."""
    done, content = cv2.imencode(".jpg", picture(index, size_wh))
    assert done
    return content.tobytes()


@dataclass
class Behaviour:
    """What the camera does; may be changed while it serves.

    Attributes:
        mode: ``run`` sends pictures. ``stall`` sends nothing and keeps the line open. ``close``
            hangs up. ``corrupt`` sends pictures that are cut short. ``garbage`` sends bytes that
            are no part of any stream. ``frozen`` repeats one picture.
        corrupt_every: Every so-many-th picture is cut short; 0 for none.
        fps: Pictures a second.
        size_wh: Of the pictures.
        open_delay_s: How long it takes to answer.
        status: Code of its answer.
        content_type: Kind of its answer.
        auth: How it wants to be signed in to.
        counted: Whether parts say how long they are.
        chunked: Whether the body comes in chunks.
        limit: Hang up after so many pictures; 0 for never.
    """

    mode: Mode = "run"
    corrupt_every: int = 0
    fps: float = 50.0
    size_wh: tuple[int, int] = (64, 48)
    open_delay_s: float = 0.0
    status: int = 200
    content_type: str = "multipart/x-mixed-replace; boundary=frame"
    auth: Literal["", "basic", "digest", "digest-sha256"] = ""
    user: str = "user"
    password: str = "p@ss/word"
    counted: bool = True
    chunked: bool = False
    limit: int = 0


class MjpegServer:
    """Serves until closed; `stop` and `start` again at the same port are a camera restarting."""

    def __init__(self, **behaviour: object) -> None:
        self.behaviour = Behaviour(**behaviour)  # type: ignore[arg-type]
        self.connections = 0
        self.sent = 0
        self.requests: list[str] = []
        self.port = 0
        self._listener: socket.socket | None = None
        self._lines: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/video"

    def url_with(self, userinfo: str) -> str:
        return f"http://{userinfo}@127.0.0.1:{self.port}/video"

    def start(self) -> None:
        self._stopping.clear()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._begin(self._accept, listener)

    def stop(self) -> None:
        self._stopping.set()
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for line in list(self._lines):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        assert not self._threads

    def __enter__(self) -> MjpegServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _begin(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                line, _ = listener.accept()
            except OSError:
                return
            self._lines.add(line)
            self._begin(self._serve, line)

    def _serve(self, line: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError):
                self._answer(line)
        finally:
            self._lines.discard(line)
            line.close()

    def _answer(self, line: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            piece = line.recv(4096)
            if not piece:
                return
            request += piece
        text = request.decode()
        self.requests.append(text)
        behaviour = self.behaviour
        self._stopping.wait(behaviour.open_delay_s)
        refusal = self._refusal(text)
        if refusal:
            line.sendall(refusal)
            return
        self.connections += 1
        head = f"HTTP/1.1 {behaviour.status} Said\r\nContent-Type: {behaviour.content_type}\r\n"
        head += "Transfer-Encoding: chunked\r\n" if behaviour.chunked else "Connection: close\r\n"
        line.sendall(head.encode() + b"\r\n")
        if behaviour.status == 200 and behaviour.content_type.startswith("multipart"):
            self._stream(line)

    def _stream(self, line: socket.socket) -> None:
        index = 0
        frozen = encoded(7, self.behaviour.size_wh)
        while not self._stopping.is_set():
            behaviour = self.behaviour
            if behaviour.mode == "close" or (behaviour.limit and index >= behaviour.limit):
                return
            if behaviour.mode == "stall":
                self._stopping.wait(0.01)
                continue
            if behaviour.mode == "garbage":
                self._send(line, np.random.default_rng(index).bytes(4000), behaviour)
            else:
                content = (
                    frozen if behaviour.mode == "frozen" else encoded(index, behaviour.size_wh)
                )
                every = behaviour.corrupt_every
                if behaviour.mode == "corrupt" or (every and index % every == every - 1):
                    content = content[: len(content) // 2]
                self._send(line, _part(content, behaviour.counted), behaviour)
            index += 1
            self.sent += 1
            self._stopping.wait(1 / behaviour.fps)

    def _send(self, line: socket.socket, content: bytes, behaviour: Behaviour) -> None:
        if behaviour.chunked:
            content = b"%x\r\n%s\r\n" % (len(content), content)
        line.sendall(content)

    def _refusal(self, request: str) -> bytes:
        kind = self.behaviour.auth
        if not kind:
            return b""
        given = re.search(r"^Authorization: (.*)\r$", request, re.MULTILINE)
        if given and self._is_right(given.group(1), request.split(" ")[0]):
            return b""
        asked = f'Basic realm="{REALM}"'
        if kind.startswith("digest"):
            algorithm = "SHA-256" if kind.endswith("256") else "MD5"
            asked = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm={algorithm}'
        return f"HTTP/1.1 401 No\r\nWWW-Authenticate: {asked}\r\nContent-Length: 0\r\n\r\n".encode()

    def _is_right(self, given: str, method: str) -> bool:
        behaviour = self.behaviour
        if behaviour.auth == "basic":
            pair = f"{behaviour.user}:{behaviour.password}".encode()
            return given == f"Basic {base64.b64encode(pair).decode()}"
        if not given.startswith("Digest "):
            return False
        fields = {
            key: value.strip('"') for key, value in re.findall(r'(\w+)=("[^"]*"|[^,]+)', given)
        }
        name = "sha256" if behaviour.auth.endswith("256") else "md5"

        def hashed(text: str) -> str:
            return hashlib.new(name, text.encode()).hexdigest()

        secret = hashed(f"{behaviour.user}:{REALM}:{behaviour.password}")
        action = hashed(f"{method}:{fields['uri']}")
        middle = f"{NONCE}:{fields['nc']}:{fields['cnonce']}:{fields['qop']}"
        return fields["response"] == hashed(f"{secret}:{middle}:{action}")


def _part(content: bytes, counted: bool) -> bytes:
    length = f"Content-Length: {len(content)}\r\n" if counted else ""
    head = f"--frame\r\nContent-Type: image/jpeg\r\n{length}\r\n"
    return head.encode() + content + b"\r\n"


def wait_for(condition: object, timeout_s: float = 10.0) -> bool:
    """Whether a condition comes true in time, looked at often."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.005)
    return False
