"""Every fault of a network camera, from a server on this machine that has them on demand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from edgecnn.video.opening import open_live
from edgecnn.video.patience import Patience
from edgecnn.video.status import Reason, State
from tests.helpers.live import HASTY, STOIC, watching
from tests.helpers.mjpeg_server import MjpegServer, picture


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    with MjpegServer() as server:
        yield server


def test_a_stream_is_played(server: MjpegServer) -> None:
    source = open_live(server.url, patience=STOIC)
    with watching(source) as watched:
        watched.wait_for_frames(5)
        facts = source.facts
    assert source.name == server.url
    assert source.live
    assert watched.states == [State.OPENING, State.RUNNING, State.CLOSED]
    assert facts is not None
    assert (facts.size_wh, facts.backend, facts.codec) == ((64, 48), "HTTP", "MJPEG")
    frame = watched.frames[0]
    assert frame.color == "bgr"
    assert abs(frame.pixels.astype(int) - picture(frame.index)).mean() < 30
    assert source.problems == []


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("chunked", [True, False])
def test_streams_come_in_several_forms(counted: bool, chunked: bool) -> None:
    with (
        MjpegServer(counted=counted, chunked=chunked) as server,
        watching(open_live(server.url, patience=STOIC)) as watched,
    ):
        watched.wait_for_frames(5)
    assert not watched.source.problems


def test_a_flood_of_pictures_is_skipped_not_queued() -> None:
    with (
        MjpegServer(fps=100_000.0, size_wh=(320, 240)) as server,
        watching(open_live(server.url, patience=HASTY)) as watched,
    ):
        watched.wait_for_frames(20)
        server.behaviour.mode = "stall"
        watched.wait_for(State.STALLED)
        # What was sent before the stall is not still arriving long after it.
        assert server.sent >= len(watched.frames)


def test_stall(server: MjpegServer) -> None:
    with watching(open_live(server.url, patience=HASTY)) as watched:
        watched.wait_for_frames(3)
        server.behaviour.mode = "stall"
        assert watched.wait_for(State.STALLED).reason is Reason.TIMED_OUT
        watched.wait_until(lambda: server.connections > 1, "a reconnection")
        server.behaviour.mode = "run"
        watched.wait_for_frames(3)
    assert State.RECONNECTING in watched.states


def test_the_server_hangs_up(server: MjpegServer) -> None:
    with watching(open_live(server.url, patience=HASTY)) as watched:
        watched.wait_for_frames(3)
        server.behaviour.mode = "close"
        status = watched.wait_for(State.RECONNECTING)
        assert status.reason is Reason.LOST
        assert "closed the connection" in status.message
        server.behaviour.mode = "run"
        watched.wait_for_frames(3)


def test_the_server_restarts(server: MjpegServer) -> None:
    with watching(open_live(server.url, patience=HASTY)) as watched:
        watched.wait_for_frames(3)
        server.stop()
        watched.wait_until(
            lambda: any(status.reason is Reason.NOT_FOUND for status in watched.said),
            "a refused connection",
        )
        assert watched.source.status.state is State.RECONNECTING
        server.start()
        watched.wait_for_frames(3)
    indices = [frame.index for frame in watched.frames]
    assert indices == sorted(set(indices))


def test_refused() -> None:
    with MjpegServer() as server:
        url = server.url
    with watching(open_live(url, patience=HASTY)) as watched:
        status = watched.wait_for(State.FAILED)
    assert status.reason is Reason.NOT_FOUND
    assert "nothing answers at port" in status.message


def test_an_unknown_host() -> None:
    with watching(open_live("http://me:secret@camera.invalid/video")) as watched:
        status = watched.wait_for(State.FAILED)
    assert status.reason in (Reason.NOT_FOUND, Reason.TIMED_OUT)
    assert "camera.invalid" in status.message


def test_slow_open() -> None:
    with MjpegServer(open_delay_s=60.0) as server:
        with watching(open_live(server.url, patience=Patience(open_s=0.3))) as watched:
            assert watched.wait_for(State.FAILED).reason is Reason.TIMED_OUT
        with watching(open_live(server.url)) as watched:
            assert watched.source.status.state is State.OPENING  # and it stops at once


@pytest.mark.parametrize("every", [2, 5])
def test_some_damaged_pictures(server: MjpegServer, every: int) -> None:
    server.behaviour.corrupt_every = every
    with watching(open_live(server.url, patience=STOIC)) as watched:
        watched.wait_for_frames(10)
        watched.wait_until(lambda: bool(watched.source.problems), "a note about it")
    assert watched.states == [State.OPENING, State.RUNNING, State.CLOSED]
    assert server.connections == 1
    assert watched.source.problems[0].reason == "a damaged picture"
    assert all(frame.pixels[-8:].std() > 5 for frame in watched.frames)  # no grey lower half


def test_nothing_but_damaged_pictures(server: MjpegServer) -> None:
    with watching(open_live(server.url, patience=HASTY)) as watched:
        watched.wait_for_frames(3)
        server.behaviour.mode = "corrupt"
        status = watched.wait_for(State.STALLED)
        assert status.reason is Reason.BROKEN
        assert "a damaged picture" in status.message
        server.behaviour.mode = "run"
        watched.wait_for_frames(3)


def test_damaged_from_the_start() -> None:
    with (
        MjpegServer(mode="corrupt") as server,
        watching(open_live(server.url, patience=Patience(open_s=0.3))) as watched,
    ):
        status = watched.wait_for(State.FAILED)
    assert "no picture that can be decoded (a damaged picture)" in status.message


def test_rubbish_between_the_parts(server: MjpegServer) -> None:
    with watching(open_live(server.url, patience=HASTY)) as watched:
        watched.wait_for_frames(3)
        server.behaviour.mode = "garbage"
        sent = server.sent
        watched.wait_until(lambda: server.sent > sent + 3, "some rubbish")
        server.behaviour.mode = "run"
        watched.wait_for_frames(5)


def test_a_size_that_changes_in_mid_stream(server: MjpegServer) -> None:
    source = open_live(server.url, patience=STOIC)
    with watching(source) as watched:
        watched.wait_for_frames(3)
        server.behaviour.size_wh = (80, 60)
        watched.wait_until(lambda: watched.frames[-1].size_wh == (80, 60), "the new size")
        assert source.facts is not None
        assert source.facts.size_wh == (80, 60)
    assert server.connections == 1
    assert {frame.size_wh for frame in watched.frames} == {(64, 48), (80, 60)}


def test_the_last_picture_for_ever(server: MjpegServer) -> None:
    with watching(open_live(server.url, patience=HASTY)) as watched:
        watched.wait_for_frames(3)
        server.behaviour.mode = "frozen"
        status = watched.wait_for(State.STALLED)
        assert status.reason is Reason.LOST
        assert "the same picture" in status.message
        watched.wait_until(lambda: server.connections > 2, "some reconnections")
        count = len(watched.frames)
        server.behaviour.mode = "run"
        watched.wait_for_frames(3)
    after = watched.frames[count:]
    assert len({frame.pixels.tobytes() for frame in after}) == len(after)


@pytest.mark.parametrize("auth", ["basic", "digest", "digest-sha256"])
def test_signing_in(auth: str) -> None:
    with MjpegServer(auth=auth, password="p@ss/secret") as server:
        source = open_live(server.url_with("user:p%40ss%2Fsecret"), patience=STOIC)
        with watching(source) as watched:
            watched.wait_for_frames(3)
        assert source.name == server.url
        assert all(frame.source == server.url for frame in watched.frames)
        assert "secret" not in repr(source.facts)
        # A password is sent only to who asks for it, and as a digest where that is possible.
        assert "Authorization" not in server.requests[0]
        assert all("secret" not in request for request in server.requests)


@pytest.mark.parametrize("auth", ["basic", "digest"])
@pytest.mark.parametrize("userinfo", ["", "user:secret@", "secret@"])
def test_a_wrong_password_fails_at_once_and_once(auth: str, userinfo: str) -> None:
    with MjpegServer(auth=auth) as server:
        url = server.url.replace("//", f"//{userinfo}")
        with watching(open_live(url, patience=HASTY)) as watched:
            status = watched.wait_for(State.FAILED)
        assert status.reason is Reason.AUTH
        words = "wrong user or password" if userinfo else "wants a user and a password"
        assert words in status.message
        assert len(server.requests) == (2 if userinfo else 1)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (404, Reason.NOT_FOUND),
        (403, Reason.AUTH),
        (503, Reason.BUSY),
        (302, Reason.NOT_FOUND),
        (500, Reason.BROKEN),
    ],
)
def test_codes_of_refusal(code: int, reason: Reason) -> None:
    with (
        MjpegServer(status=code) as server,
        watching(open_live(server.url, patience=STOIC)) as watched,
    ):
        assert watched.wait_for(State.FAILED).reason is reason


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("text/html; charset=utf-8", "a web page"),
        ("image/jpeg", "a single picture"),
        ("video/mp4", "no video that can be decoded"),
    ],
)
def test_what_is_no_stream(kind: str, words: str) -> None:
    with (
        MjpegServer(content_type=kind) as server,
        watching(open_live(server.url, patience=STOIC)) as watched,
    ):
        status = watched.wait_for(State.FAILED)
    assert status.reason in (Reason.BROKEN, Reason.CODEC)
    assert words in status.message


def test_a_stream_that_breaks_every_second_is_not_hammered() -> None:
    patience = Patience(first_retry_s=0.05, last_retry_s=0.4, steady_s=60)
    with (
        MjpegServer(limit=2) as server,
        watching(open_live(server.url, patience=patience)) as watched,
    ):
        watched.wait_until(lambda: server.connections >= 4, "some reconnections")
    delays = [
        status.message.rpartition("again in ")[2]
        for status in watched.said
        if status.state is State.RECONNECTING
    ]
    assert delays[:3] == ["0.05 s.", "0.1 s.", "0.2 s."]


def test_frames_do_not_share_memory(server: MjpegServer) -> None:
    with watching(open_live(server.url, patience=STOIC)) as watched:
        watched.wait_for_frames(3)
    first, second, third = watched.frames[:3]
    assert not np.shares_memory(first.pixels, second.pixels)
    assert not np.shares_memory(second.pixels, third.pixels)
