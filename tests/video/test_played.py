from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgecnn.video.files import Problem
from edgecnn.video.frame import Frame
from edgecnn.video.opening import open_live
from edgecnn.video.played import PlayedSource
from edgecnn.video.source import open_source
from edgecnn.video.status import Reason, State
from edgecnn.video.synthetic import Scene, Synthetic
from edgecnn.video.threaded import MOST_PROBLEMS
from tests.helpers.live import watching
from tests.helpers.videos import write_picture, write_video


def clip(count: int | None = None, fps: float | None = 100.0) -> Synthetic:
    return Synthetic(Scene((64, 48)), fps=fps, count=count)


def played(recording: Synthetic, *, paced: bool = True, loop: bool = False) -> PlayedSource:
    return PlayedSource("clip", lambda: recording, paced=paced, live=paced, loop=loop)


def test_a_video_is_played_at_its_pace(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", frames=10, fps=50.0)
    source = open_live(str(path))
    began_s = time.monotonic()
    with watching(source) as watched:
        watched.wait_for(State.ENDED)
        facts = source.facts
    assert time.monotonic() - began_s >= 9 / 50
    assert source.live
    assert [frame.index for frame in watched.frames] == list(range(10))
    assert [frame.timestamp_s for frame in watched.frames] == pytest.approx(np.arange(10) / 50)
    due_s = [frame.captured_s or 0.0 for frame in watched.frames]
    # When a frame was due, not when it came: gaps are those of the recording.
    assert min(np.diff(due_s)) >= 1 / 50 - 1e-6
    assert watched.states == [State.OPENING, State.RUNNING, State.ENDED]
    assert facts is not None
    assert (facts.size_wh, facts.fps, facts.backend) == ((64, 48), 50, "FFMPEG")
    assert facts.codec
    assert source.count == 10
    assert len(watched.threads) == 1


def test_a_batch_gives_the_same_frames_as_iterating_and_drops_none(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", frames=12, fps=5.0)
    source = open_live(str(path), pace="fast")
    assert not source.live
    frames: list[Frame] = []

    def slow(frame: Frame) -> None:
        frames.append(frame)
        time.sleep(0.003)

    source.start(slow)
    while not source.status.final:
        time.sleep(0.005)
    source.stop()
    assert source.status.state is State.ENDED
    with open_source(str(path)) as again:
        for frame, expected in itertools.zip_longest(frames, again):
            np.testing.assert_array_equal(frame.pixels, expected.pixels)
            assert frame.index == expected.index
            assert frame.timestamp_s == expected.timestamp_s
            assert frame.source == expected.source


def test_another_pace_can_be_asked_for(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", frames=5, fps=1.0)
    with watching(open_live(str(path), fps=200.0)) as watched:
        watched.wait_for(State.ENDED)
    steps = np.diff([frame.captured_s or 0.0 for frame in watched.frames])
    assert steps.min() >= 1 / 200 - 1e-6


def test_a_recording_without_a_rate_is_paced_all_the_same() -> None:
    with watching(played(clip(4, fps=None))) as watched:
        watched.wait_for(State.ENDED)
    captured = [frame.captured_s or 0.0 for frame in watched.frames]
    assert np.diff(captured).min() >= 1 / 25 - 1e-6


def test_a_loop_goes_on_in_index_and_time() -> None:
    with watching(played(clip(3), loop=True)) as watched:
        watched.wait_for_frames(10)
    assert [frame.index for frame in watched.frames[:10]] == list(range(10))
    assert [frame.timestamp_s for frame in watched.frames[:10]] == pytest.approx(
        np.arange(10) / 100
    )
    np.testing.assert_array_equal(watched.frames[0].pixels, watched.frames[3].pixels)
    assert watched.source.count is None


def test_the_demo_loops_for_people_and_ends_for_a_batch(tmp_path: Path) -> None:
    demo = write_video(tmp_path / "demo.mp4", frames=3, fps=100.0)
    with watching(open_live("demo", demo=demo)) as watched:
        watched.wait_for_frames(7)
    assert watched.source.name == "demo"
    with watching(open_live("demo", demo=demo, pace="fast")) as watched:
        watched.wait_for(State.ENDED)
    assert len(watched.frames) == 3
    with watching(open_live("demo", demo=demo, loop=False)) as watched:
        watched.wait_for(State.ENDED)
    assert len(watched.frames) == 3


@pytest.mark.parametrize("paced", [True, False])
def test_a_paused_recording_waits_and_goes_on_where_it_was(paced: bool) -> None:
    source = played(clip(), paced=paced)
    with watching(source) as watched:
        watched.wait_for_frames(3)
        source.pause()
        watched.wait_for(State.PAUSED)
        count = len(watched.frames)
        time.sleep(0.1)
        assert len(watched.frames) == count
        source.resume()
        watched.wait_for_frames(3)
    assert watched.frames[count].index == watched.frames[count - 1].index + 1
    assert watched.states == [
        State.OPENING,
        State.RUNNING,
        State.PAUSED,
        State.RUNNING,
        State.CLOSED,
    ]


def test_a_recording_that_is_late_does_not_hurry_after() -> None:
    source = played(clip(fps=1000.0))
    frames: list[Frame] = []

    def hesitate(frame: Frame) -> None:
        frames.append(frame)
        if frame.index == 2:
            time.sleep(1.0)

    source.start(hesitate)
    while len(frames) < 5:
        time.sleep(0.01)
    source.stop()
    # A second of frames is not pressed into the next moment: the clock was set back.
    assert (frames[3].captured_s or 0.0) - (frames[2].captured_s or 0.0) > 0.9


def test_a_batch_stops_while_its_receiver_blocks(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4")
    source = open_live(str(path), pace="fast")
    taken, go = threading.Event(), threading.Event()

    def block(_: Frame) -> None:
        taken.set()
        go.wait(60)

    source.start(block)
    assert taken.wait(30)
    source.stop(timeout_s=0.2)
    assert source.status.state is State.CLOSED
    go.set()


def test_every_damaged_picture_of_a_folder_is_named(tmp_path: Path) -> None:
    damaged = [f"{number}.png" for number in range(MOST_PROBLEMS + 5)]
    for name in damaged:
        (tmp_path / name).write_bytes(b"no picture")
    source = open_live(str(tmp_path), pace="fast")
    with watching(source) as watched:
        watched.wait_for(State.FAILED)
    assert [Path(problem.name).name for problem in source.problems] == damaged


def test_a_folder_that_is_shown_again_and_again_does_not_fill_the_memory(tmp_path: Path) -> None:
    write_picture(tmp_path / "1.png")
    for number in range(60):
        (tmp_path / f"x{number}.png").write_bytes(b"no picture")
    source = open_live(str(tmp_path), fps=1000.0, loop=True)
    with watching(source) as watched:
        watched.wait_for_frames(4)
    assert len(source.problems) == MOST_PROBLEMS


def test_a_folder_is_a_slide_show_and_loses_no_picture(tmp_path: Path) -> None:
    for name in ("1.png", "2.png", "10.png"):
        write_picture(tmp_path / name)
    (tmp_path / "3.png").write_bytes(b"no picture")
    source = open_live(str(tmp_path), fps=100.0)
    assert not source.live
    with watching(source) as watched:
        watched.wait_for(State.ENDED)
    assert [Path(frame.source).name for frame in watched.frames] == ["1.png", "2.png", "10.png"]
    assert [Path(problem.name).name for problem in source.problems] == ["3.png"]
    assert open_live(str(tmp_path)).fps == 1.0


@pytest.mark.parametrize(
    ("content", "suffix", "reason"),
    [(b"", "mp4", Reason.CODEC), (bytes(4096), "mp4", Reason.CODEC), (b"x", "jpg", Reason.CODEC)],
)
def test_what_cannot_be_decoded_fails_with_words(
    tmp_path: Path, content: bytes, suffix: str, reason: Reason
) -> None:
    path = tmp_path / f"broken.{suffix}"
    path.write_bytes(content)
    with watching(open_live(str(path))) as watched:
        status = watched.wait_for(State.FAILED)
    assert status.reason is reason
    assert status.message.count(path.name) == 1


def test_a_file_that_goes_away_before_it_is_opened(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4")
    source = open_live(str(path))
    path.unlink()
    with watching(source) as watched:
        assert watched.wait_for(State.FAILED).reason is Reason.NOT_FOUND
    write_video(path)
    with watching(source) as watched:  # and comes back
        watched.wait_for_frames(1)


def test_an_empty_folder_is_not_found(tmp_path: Path) -> None:
    with watching(open_live(str(tmp_path))) as watched:
        status = watched.wait_for(State.FAILED)
    assert status.reason is Reason.NOT_FOUND
    assert "holds no pictures" in status.message


class Choking(Synthetic):
    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            if frame.index == 3:
                raise cv2.error("the decoder chokes")
            self.problems.append(Problem(str(frame.index), "left out"))
            yield frame


def test_a_decoder_that_raises_fails_with_words_and_keeps_what_came() -> None:
    with watching(played(Choking(Scene((64, 48)), fps=100.0))) as watched:
        status = watched.wait_for(State.FAILED)
    assert status.reason is Reason.BROKEN
    assert "the decoder chokes" in status.message
    assert len(watched.frames) == 3
    assert [problem.name for problem in watched.source.problems] == ["0", "1", "2"]


def test_a_mirrored_recording_is_flipped() -> None:
    source = PlayedSource("clip", lambda: clip(1), paced=False, live=False, mirror=True)
    with watching(source) as watched:
        watched.wait_for(State.ENDED)
    (plain,) = clip(1)
    np.testing.assert_array_equal(watched.frames[0].pixels, plain.pixels[:, ::-1])
    assert watched.frames[0].index == plain.index
