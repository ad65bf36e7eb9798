from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from edgecnn.errors import OptionError, SourceError
from edgecnn.video.fault import Ended, Fault
from edgecnn.video.frame import Frame
from edgecnn.video.link import Grab
from edgecnn.video.linked import LinkedSource
from edgecnn.video.patience import Patience
from edgecnn.video.status import Reason, State
from edgecnn.video.threaded import MOST_PROBLEMS
from tests.helpers.live import HASTY, STOIC, FakeCamera, FakeReader, fresh, watching
from tests.helpers.mjpeg_server import picture


@pytest.fixture
def camera() -> Iterator[FakeCamera]:
    camera = FakeCamera()
    yield camera
    camera.hang.set()


def test_frames_come_in_order_on_one_thread_with_their_time(camera: FakeCamera) -> None:
    source = camera.source(patience=STOIC)
    assert (source.status.state, source.facts, source.live) == (State.CLOSED, None, True)
    with watching(source) as watched:
        watched.wait_for_frames(10)
        facts = source.facts
    assert watched.states == [State.OPENING, State.RUNNING, State.CLOSED]
    indices = [frame.index for frame in watched.frames]
    assert indices == sorted(set(indices))
    for frame in watched.frames:
        assert frame.captured_s == frame.timestamp_s
        assert frame.captured_s is not None
        assert 0 <= time.monotonic() - frame.captured_s < 60
    assert len(watched.threads) == 1
    assert threading.get_ident() not in watched.threads
    assert facts is not None
    assert (facts.size_wh, facts.fps, facts.backend, facts.codec) == ((64, 48), 30, "fake", "MJPG")
    assert facts.measured_fps is not None
    assert "64 x 48, 30 fps, MJPG (fake)" in watched.said[1].message


def test_starting_returns_at_once_however_long_a_camera_takes_to_open(camera: FakeCamera) -> None:
    opened = threading.Event()
    source = LinkedSource(
        "Slow camera", lambda: FakeReader(fresh, lambda: opened.wait(60) and None), patience=HASTY
    )
    with watching(source) as watched:
        assert source.status.state is State.OPENING
        assert not watched.frames
        opened.set()
        watched.wait_for(State.RUNNING)


def test_a_camera_that_never_opens_times_out_with_words(camera: FakeCamera) -> None:
    source = LinkedSource(
        "Dead camera",
        lambda: FakeReader(fresh, lambda: camera.hang.wait(60) and None),
        patience=Patience(open_s=0.2),
    )
    with watching(source) as watched:
        status = watched.wait_for(State.FAILED)
    assert status.reason is Reason.TIMED_OUT
    assert "did not open within 0.2 s" in status.message


def test_a_camera_that_opens_but_gives_no_picture_says_that(camera: FakeCamera) -> None:
    camera.behave = lambda _: None
    with watching(camera.source(patience=Patience(open_s=0.2))) as watched:
        status = watched.wait_for(State.FAILED)
    assert status.reason is Reason.TIMED_OUT
    assert "opened but gave no picture" in status.message


@pytest.mark.parametrize("reason", [r for r in Reason if r is not Reason.BUSY])
def test_a_first_opening_that_fails_is_final_and_tried_once(
    camera: FakeCamera, reason: Reason
) -> None:
    camera.refuse = Fault(reason, "what a person can do")
    with watching(camera.source()) as watched:
        status = watched.wait_for(State.FAILED)
    assert (status.reason, status.message) == (reason, "what a person can do")
    assert watched.states == [State.OPENING, State.FAILED]
    assert len(camera.readers) == 1
    assert camera.readers[0].closed.is_set()


def test_a_busy_camera_is_tried_again_for_a_moment(camera: FakeCamera) -> None:
    camera.refuse = Fault(Reason.BUSY, "in use")
    with watching(camera.source(patience=Patience(busy_s=30, first_retry_s=0.01))) as watched:
        watched.wait_until(lambda: len(camera.readers) > 3, "some attempts")
        assert watched.states == [State.OPENING]
        camera.refuse = None
        watched.wait_for(State.RUNNING)
    camera.refuse = Fault(Reason.BUSY, "in use")
    with watching(camera.source()) as watched:
        assert watched.wait_for(State.FAILED).reason is Reason.BUSY


def test_a_failed_source_can_be_started_again(camera: FakeCamera) -> None:
    camera.refuse = Fault(Reason.NOT_FOUND, "plug it in")
    source = camera.source()
    with watching(source) as watched:
        watched.wait_for(State.FAILED)
    assert source.status.state is State.FAILED  # stopping does not hide why it failed
    camera.refuse = None
    with watching(source) as watched:
        watched.wait_for_frames(2)


def test_a_source_that_runs_is_not_started_twice(camera: FakeCamera) -> None:
    source = camera.source()
    with watching(source) as watched:
        watched.wait_for_frames(1)
        with pytest.raises(SourceError, match="runs already"):
            source.start(watched.frames.append)


def test_a_stalled_camera_recovers_without_being_reopened(camera: FakeCamera) -> None:
    with watching(camera.source(patience=Patience(stalled_s=0.2, lost_s=60))) as watched:
        watched.wait_for_frames(3)
        camera.behave = lambda _: None
        status = watched.wait_for(State.STALLED)
        assert status.reason is Reason.TIMED_OUT
        assert "has sent no picture for" in status.message
        camera.behave = fresh
        watched.wait_for(State.RUNNING)
    assert len(camera.readers) == 1


def test_a_camera_that_hangs_is_given_up_and_opened_again(camera: FakeCamera) -> None:
    with watching(camera.source()) as watched:
        watched.wait_for_frames(3)
        hung = camera.readers[0]
        camera.behave = camera.block
        watched.wait_for(State.STALLED)
        watched.wait_for(State.RECONNECTING)
        camera.behave = fresh
        watched.wait_until(hung.interrupted.is_set, "an interrupt")
        # The thread in the driver still holds the device: nobody may open it a second time.
        assert not hung.closed.is_set()
        camera.hang.set()
        watched.wait_for(State.RUNNING)
        watched.wait_for_frames(3)
        assert hung.closed.is_set()
    indices = [frame.index for frame in watched.frames]
    assert indices == sorted(set(indices))


def test_an_unplugged_camera_comes_back_by_itself(camera: FakeCamera) -> None:
    def unplugged(_: int) -> Grab | None:
        raise Fault(Reason.LOST, "Fake camera was unplugged.")

    with watching(camera.source(patience=STOIC)) as watched:
        watched.wait_for_frames(3)
        camera.refuse = Fault(Reason.NOT_FOUND, "Plug it in.")
        camera.behave = unplugged
        status = watched.wait_for(State.RECONNECTING)
        assert "Trying again in" in status.message
        watched.wait_until(lambda: len(camera.readers) > 4, "attempts to reconnect")
        camera.refuse, camera.behave = None, fresh
        watched.wait_for_frames(3)
    assert watched.states == [
        State.OPENING,
        State.RUNNING,
        State.RECONNECTING,
        State.RUNNING,
        State.CLOSED,
    ]
    reasons = {status.reason for status in watched.said if status.state is State.RECONNECTING}
    assert reasons == {Reason.LOST, Reason.NOT_FOUND}


def test_a_password_that_no_longer_fits_is_not_tried_again(camera: FakeCamera) -> None:
    def lost(_: int) -> Grab | None:
        raise Fault(Reason.LOST, "gone")

    with watching(camera.source()) as watched:
        watched.wait_for_frames(1)
        camera.refuse, camera.behave = Fault(Reason.AUTH, "wrong password"), lost
        assert watched.wait_for(State.FAILED).reason is Reason.AUTH
    assert len(camera.readers) == 2


def test_reconnecting_ends_when_it_was_said_to(camera: FakeCamera) -> None:
    def lost(_: int) -> Grab | None:
        raise Fault(Reason.LOST, "gone")

    patience = Patience(first_retry_s=0.05, last_retry_s=0.05, give_up_s=0.2)
    with watching(camera.source(patience=patience)) as watched:
        watched.wait_for_frames(1)
        camera.refuse, camera.behave = Fault(Reason.NOT_FOUND, "gone"), lost
        assert watched.wait_for(State.FAILED).reason is Reason.NOT_FOUND


def frozen(_: int) -> Grab:
    return Grab(np.asarray(picture(0)), time.monotonic())


def test_the_last_frame_for_ever_is_no_stream(camera: FakeCamera) -> None:
    with watching(camera.source()) as watched:
        watched.wait_for_frames(3)
        camera.behave = frozen
        status = watched.wait_for(State.STALLED)
        assert status.reason is Reason.LOST
        assert "the same picture" in status.message
        watched.wait_until(lambda: len(camera.readers) > 2, "another opening")
        # What was frozen before is frozen after: it is not shown as running in between.
        assert State.RUNNING not in watched.states[2:]
        count = len(watched.frames)
        camera.behave = fresh
        watched.wait_for_frames(3)
    assert watched.frames[count].index > watched.frames[count - 1].index
    assert not np.array_equal(watched.frames[-1].pixels, picture(0))


def test_a_frozen_camera_is_also_known_by_its_time_stamps(camera: FakeCamera) -> None:
    camera.behave = lambda index: fresh(index, 1.0 + index)
    with watching(camera.source()) as watched:
        watched.wait_for_frames(3)
        camera.behave = lambda _: Grab(np.asarray(picture(0)), time.monotonic(), 5.0)
        assert watched.wait_for(State.STALLED).reason is Reason.LOST


def test_equal_pictures_with_new_time_stamps_are_a_closed_shutter_and_go_on(
    camera: FakeCamera,
) -> None:
    dark = np.zeros((48, 64, 3), np.uint8)
    camera.behave = lambda index: Grab(dark, time.monotonic(), 1.0 + index)
    with watching(camera.source()) as watched:
        watched.wait_until(
            lambda: (
                bool(watched.frames)
                and watched.frames[-1].timestamp_s - watched.frames[0].timestamp_s
                > 3 * HASTY.lost_s
            ),
            "a while of darkness",
        )
    assert not any("the same picture" in status.message for status in watched.said)


def test_one_damaged_picture_is_not_an_unplug(camera: FakeCamera) -> None:
    def sometimes(index: int) -> Grab | None:
        if index % 5 == 4:
            raise ValueError("the decoder chokes")
        return None if index % 5 == 2 else fresh(index)

    camera.behave = sometimes
    with watching(camera.source(patience=STOIC)) as watched:
        watched.wait_for_frames(20)
    assert watched.states == [State.OPENING, State.RUNNING, State.CLOSED]
    assert len(camera.readers) == 1
    assert watched.source.problems[0].reason == "the decoder chokes"


def test_a_decoder_that_always_raises_stalls_with_its_words(camera: FakeCamera) -> None:
    def broken(_: int) -> Grab | None:
        raise RuntimeError("cannot decode rtsp://me:secret@host/x")

    with watching(camera.source()) as watched:
        watched.wait_for_frames(1)
        camera.behave = broken
        status = watched.wait_for(State.STALLED)
        assert status.reason is Reason.BROKEN
        assert "cannot decode rtsp://host/x" in status.message
        watched.wait_until(lambda: len(camera.readers) > 1, "a reconnection")
    assert all("secret" not in problem.reason for problem in watched.source.problems)


def test_problems_do_not_fill_the_memory(camera: FakeCamera) -> None:
    def every_other(index: int) -> Grab | None:
        if index % 2:
            raise ValueError("damaged")
        return fresh(index)

    camera.behave = every_other
    source = camera.source()
    for _ in range(3 * MOST_PROBLEMS):
        source._note("x", "y")
    assert len(source.problems) == MOST_PROBLEMS


def test_a_recording_on_a_server_ends(camera: FakeCamera) -> None:
    def short(index: int) -> Grab | None:
        if index == 5:
            raise Ended
        return fresh(index)

    camera.behave = short
    with watching(camera.source()) as watched:
        watched.wait_for(State.ENDED)
    assert watched.frames[-1].index == 4
    assert watched.states[-1] is State.ENDED


def test_pausing_hands_over_nothing_and_keeps_the_camera_open(camera: FakeCamera) -> None:
    source = camera.source(patience=STOIC)
    with watching(source) as watched:
        watched.wait_for_frames(3)
        source.pause()
        watched.wait_for(State.PAUSED)
        count, reads = len(watched.frames), camera.readers[0].reads
        watched.wait_until(lambda: camera.readers[0].reads > reads + 20, "reading on")
        assert len(watched.frames) == count
        source.resume()
        watched.wait_for_frames(3)
    assert watched.states == [
        State.OPENING,
        State.RUNNING,
        State.PAUSED,
        State.RUNNING,
        State.CLOSED,
    ]
    assert watched.frames[count].index > count  # the newest, not what waited


def test_pictures_are_mirrored_when_asked(camera: FakeCamera) -> None:
    still = picture(1)
    camera.behave = lambda index: Grab(np.asarray(still), time.monotonic(), 1.0 + index)
    before = still.copy()
    with watching(camera.source(mirror=True, patience=STOIC)) as watched:
        watched.wait_for_frames(1)
    np.testing.assert_array_equal(watched.frames[0].pixels, still[:, ::-1])
    np.testing.assert_array_equal(still, before)


def test_a_new_size_in_mid_stream_is_delivered_and_told(camera: FakeCamera) -> None:
    source = camera.source(patience=STOIC)
    with watching(source) as watched:
        watched.wait_for_frames(2)
        camera.behave = lambda index: Grab(picture(index, (80, 60)), time.monotonic())
        watched.wait_until(lambda: watched.frames[-1].size_wh == (80, 60), "the new size")
        assert source.facts is not None
        assert source.facts.size_wh == (80, 60)
        assert "80 x 60" in source.status.message


def test_a_receiver_that_raises_ends_the_source_with_words(camera: FakeCamera) -> None:
    source = camera.source()

    def receive(_: Frame) -> None:
        raise ZeroDivisionError("mine")

    said = []
    source.on_status(said.append)
    source.start(receive)
    deadline_s = time.monotonic() + 30
    while not source.status.final and time.monotonic() < deadline_s:
        time.sleep(0.005)
    assert source.status.state is State.FAILED
    assert "ZeroDivisionError: mine" in source.status.message
    source.stop()


def test_a_listener_that_raises_does_not_harm_the_stream(camera: FakeCamera) -> None:
    source = camera.source(patience=STOIC)

    def listen(_: object) -> None:
        raise ZeroDivisionError

    source.on_status(listen)
    with watching(source) as watched:
        watched.wait_for_frames(3)


def test_a_listener_can_leave(camera: FakeCamera) -> None:
    source = camera.source()
    heard: list[object] = []
    leave = source.on_status(heard.append)
    leave()
    leave()
    with watching(source) as watched:
        watched.wait_for_frames(1)
    assert heard == []


def test_a_slow_receiver_gets_the_newest_and_no_stall_is_seen(camera: FakeCamera) -> None:
    source = camera.source()
    frames: list[Frame] = []
    said = []

    def slow(frame: Frame) -> None:
        frames.append(frame)
        time.sleep(2 * HASTY.stalled_s)

    source.on_status(said.append)
    source.start(slow)
    deadline_s = time.monotonic() + 30
    while len(frames) < 4 and time.monotonic() < deadline_s:
        time.sleep(0.01)
    source.stop()
    assert min(b.index - a.index for a, b in itertools.pairwise(frames)) > 1
    assert State.RECONNECTING not in {status.state for status in said}


def stop_quickly(source: LinkedSource) -> None:
    began_s = time.monotonic()
    source.stop(timeout_s=0.5)
    assert time.monotonic() - began_s < 5
    assert source.status.state in (State.CLOSED, State.FAILED, State.ENDED)
    source.stop()


def test_it_stops_in_every_state(camera: FakeCamera) -> None:
    """Roboflow inference #685: a stream that could not be ended after a failed first connection."""
    stop_quickly(camera.source())  # closed

    camera.exclusive = False  # the next one does not wait for what was left behind
    source = LinkedSource(
        "x", lambda: FakeReader(fresh, lambda: camera.hang.wait(60) and None, "Hanging camera")
    )
    source.start(lambda _: None)  # opening, in a driver that hangs
    stop_quickly(source)

    def running(wanted: State, behave: Callable[[int], Grab | None]) -> LinkedSource:
        camera.behave, camera.refuse = fresh, None
        source = LinkedSource(f"{wanted}", camera.connect, patience=HASTY)
        frames: list[Frame] = []
        source.start(frames.append)
        deadline_s = time.monotonic() + 30
        while not frames:
            assert time.monotonic() < deadline_s
            time.sleep(0.002)
        camera.behave = behave
        if wanted is State.PAUSED:
            source.pause()
        while source.status.state is not wanted:
            assert time.monotonic() < deadline_s
            time.sleep(0.002)
        return source

    def lost(_: int) -> Grab | None:
        camera.refuse = Fault(Reason.LOST, "gone")
        raise Fault(Reason.LOST, "gone")

    def ended(_: int) -> Grab | None:
        raise Ended

    def locked(_: int) -> Grab | None:
        camera.refuse = Fault(Reason.AUTH, "wrong password")
        raise Fault(Reason.LOST, "gone")

    stop_quickly(running(State.RUNNING, fresh))
    stop_quickly(running(State.PAUSED, fresh))
    stop_quickly(running(State.STALLED, camera.block))
    stop_quickly(running(State.RECONNECTING, lost))
    stop_quickly(running(State.ENDED, ended))
    stop_quickly(running(State.FAILED, locked))


def test_it_stops_while_the_receiver_blocks_and_delivers_nothing_afterwards(
    camera: FakeCamera,
) -> None:
    source = camera.source()
    frames: list[Frame] = []

    def block(frame: Frame) -> None:
        frames.append(frame)
        camera.hang.wait(60)

    source.start(block)
    while not frames:
        time.sleep(0.002)
    stop_quickly(source)
    assert source.status.state is State.CLOSED
    camera.hang.set()
    time.sleep(0.05)
    assert len(frames) == 1
    assert source.status.state is State.CLOSED


def test_it_can_be_stopped_from_its_own_thread(camera: FakeCamera) -> None:
    source = camera.source()
    frames: list[Frame] = []

    def stop_at_third(frame: Frame) -> None:
        frames.append(frame)
        if len(frames) == 3:
            source.stop()

    source.start(stop_at_third)
    deadline_s = time.monotonic() + 30
    while source.status.state is not State.CLOSED and time.monotonic() < deadline_s:
        time.sleep(0.005)
    assert source.status.state is State.CLOSED
    assert len(frames) == 3


def test_a_thread_that_was_left_behind_lets_go_of_the_device_later(camera: FakeCamera) -> None:
    source = camera.source()
    camera.behave = camera.block
    source.start(lambda _: None)
    while not camera.readers or not camera.readers[0].reads:
        time.sleep(0.002)
    stop_quickly(source)
    assert not camera.readers[0].closed.is_set()
    camera.hang.set()
    assert camera.readers[0].closed.wait(30)


def test_a_device_that_cannot_even_be_closed_is_opened_again(camera: FakeCamera) -> None:
    def lost(_: int) -> Grab | None:
        raise Fault(Reason.LOST, "gone")

    def refuse() -> None:
        raise OSError("no such device")

    with watching(camera.source(patience=STOIC)) as watched:
        watched.wait_for_frames(1)
        camera.readers[0].close = refuse  # type: ignore[method-assign]
        camera.behave = lost
        watched.wait_until(lambda: len(camera.readers) > 1, "another opening")
        camera.behave = fresh
        watched.wait_for_frames(3)


def test_attempts_to_reconnect_are_spaced_further_and_further() -> None:
    patience = Patience(first_retry_s=0.25, last_retry_s=8)
    delays = [patience.retry_s(failures) for failures in range(8)]
    assert delays == [0.25, 0.5, 1, 2, 4, 8, 8, 8]
    assert patience.retry_s(10**9) == 8


@pytest.mark.parametrize(
    "options", [{"open_s": 0}, {"stalled_s": -1}, {"lost_s": 1.0}, {"give_up_s": 0}]
)
def test_patience_that_makes_no_sense_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(OptionError, match=r"_s"):
        Patience(**options)
