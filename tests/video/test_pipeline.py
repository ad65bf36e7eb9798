from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from edgecnn.core.results import Classification
from edgecnn.errors import OptionError, SourceError
from edgecnn.video.mailbox import MailboxClosedError
from edgecnn.video.pipeline import Pipeline
from edgecnn.video.status import Reason, State
from edgecnn.video.tracking import TrackOptions
from tests.helpers.pipelines import FakeSource, FakeTask, eventually
from tests.helpers.videos import write_video

pytestmark = pytest.mark.usefixtures("no_thread_stays_behind")


def classes(results: list[Any]) -> list[int]:
    return [int(result.class_ids[0]) for result in results]


# -- taking answers


def test_each_frame_comes_with_its_own_result_in_order() -> None:
    source, task = FakeSource(), FakeTask()
    with Pipeline(source, task) as pipeline:
        got = []
        for index in range(5):
            source.push(index)
            frame, result = next(iter(pipeline))
            got.append((frame.index, classes([result])[0], int(frame.pixels[0, 0, 0])))
    assert got == [(index, index, index) for index in range(5)]


def test_the_newest_frame_wins_and_the_others_are_counted() -> None:
    source, task = FakeSource(), FakeTask()
    task.may_go_on.clear()
    with Pipeline(source, task) as pipeline:
        source.push(0)
        assert task.began.acquire(timeout=20)
        source.push(1, 2, 3)
        task.may_go_on.set()
        assert eventually(lambda: task.asked == [0, 3])
        assert eventually(lambda: pipeline.stats.answered == 2)
        stats = pipeline.stats
    assert (stats.frames_in, stats.answered, stats.dropped) == (4, 2, 2)


def test_answers_that_nobody_takes_are_replaced_by_newer_ones() -> None:
    source, task = FakeSource(), FakeTask()
    with Pipeline(source, task) as pipeline:
        for index in range(3):
            source.push(index)
            assert eventually(lambda count=index + 1: pipeline.stats.answered == count)
        assert pipeline.take().index == 2
        assert pipeline.stats.results_dropped == 2


def test_files_in_batch_mode_lose_nothing_however_slow_whoever_takes_is() -> None:
    source, task = FakeSource(live=False), FakeTask()

    def read() -> None:
        source.push(*range(50))
        source.show(State.ENDED)

    with Pipeline(source, task) as pipeline:
        reader = threading.Thread(target=read)
        reader.start()
        got = []
        for frame, _ in pipeline:
            got.append(frame.index)
            if frame.index % 10 == 0:
                time.sleep(0.01)
        reader.join(10)
        stats = pipeline.stats
    assert got == list(range(50))
    assert (stats.dropped, stats.results_dropped) == (0, 0)


def test_a_video_file_is_answered_frame_by_frame(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", frames=12)
    with Pipeline(clip, FakeTask()) as pipeline:
        assert [frame.index for frame, _ in pipeline] == list(range(12))
    assert pipeline.status.state is State.ENDED


def test_several_tasks_answer_about_the_same_frame() -> None:
    source = FakeSource()
    with Pipeline(source, {"one": FakeTask("a"), "two": FakeTask("b")}) as pipeline:
        source.push(7)
        frame, results = next(iter(pipeline))
    assert {name: result.labels for name, result in results.items()} == {
        "one": ("a",),
        "two": ("b",),
    }
    assert frame.index == 7


def test_an_answer_says_how_old_it_is_and_why() -> None:
    source, task = FakeSource(), FakeTask()
    with Pipeline(source, {"one": task, "two": FakeTask()}) as pipeline:
        taken_s = time.monotonic() - 0.2
        source.push(0, captured_s=taken_s)
        answer = pipeline.take(20)
    assert answer is not None
    assert answer.captured_s == taken_s
    assert answer.age_ms >= 200
    assert 200 <= answer.times.capture_ms <= answer.age_ms
    assert (answer.times.pre_ms, answer.times.infer_ms) == (2.0, 6.0)
    assert answer.task_times["one"].infer_ms == 3.0
    assert answer.times.wait_ms >= 1.0


def test_a_task_without_timing_counts_as_inference() -> None:
    source, task = FakeSource(), FakeTask()
    task.timing = None
    with Pipeline(source, task) as pipeline:
        source.push(0)
        answer = pipeline.take(20)
    assert answer is not None
    assert answer.times.infer_ms > 0
    assert answer.times.pre_ms == 0


def test_the_newest_answer_can_be_looked_at_without_taking_it() -> None:
    source = FakeSource()
    with Pipeline(source, FakeTask()) as pipeline:
        assert pipeline.latest() is None
        source.push(4)
        assert eventually(lambda: pipeline.latest() is not None)
        assert pipeline.latest() is pipeline.take(20)


def test_taking_gives_up_when_the_time_is_over() -> None:
    with Pipeline(FakeSource(), FakeTask()) as pipeline:
        assert pipeline.take(0.01) is None


# -- how it ends


def test_iteration_ends_with_the_source_after_what_was_read() -> None:
    source, task = FakeSource(live=False), FakeTask()
    with Pipeline(source, task) as pipeline:
        source.push(0)
        source.show(State.ENDED)
        assert [frame.index for frame, _ in pipeline] == [0]
        with pytest.raises(MailboxClosedError):
            pipeline.take()


def test_a_source_that_fails_ends_iteration_with_its_words() -> None:
    source = FakeSource()
    with Pipeline(source, FakeTask()) as pipeline:
        source.push(0)
        assert eventually(lambda: pipeline.latest() is not None)
        source.show(State.FAILED, Reason.BUSY, "Camera 0 is used by another program.")
        answers = iter(pipeline)
        assert next(answers)[0].index == 0
        with pytest.raises(SourceError, match="used by another program"):
            next(answers)
    assert pipeline.status.reason is Reason.BUSY


@pytest.mark.parametrize(
    "state",
    [
        State.OPENING,
        State.RUNNING,
        State.STALLED,
        State.RECONNECTING,
        State.PAUSED,
        State.ENDED,
        State.FAILED,
    ],
)
def test_it_stops_in_every_state(state: State) -> None:
    source, task = FakeSource(), FakeTask()
    pipeline = Pipeline(source, task).start()
    source.show(state, message="words")
    began_s = time.monotonic()
    assert pipeline.stop() is True
    assert time.monotonic() - began_s < 2
    assert pipeline.stop() is True
    assert source.listening == 0


def test_nobody_waits_for_a_pipeline_that_was_not_started() -> None:
    with pytest.raises(OptionError, match="with statement"):
        next(iter(Pipeline(FakeSource(), FakeTask())))
    with pytest.raises(OptionError, match="with statement"):
        Pipeline(FakeSource(), FakeTask(), on_result=print).wait()


def test_it_can_be_stopped_before_it_was_started_and_not_started_afterwards() -> None:
    source, task = FakeSource(), FakeTask()
    pipeline = Pipeline(source, task, own_tasks=True)
    assert pipeline.stop() is True
    assert task.closed
    with pytest.raises(OptionError, match="Make another one"):
        pipeline.start()


def test_a_pipeline_runs_once() -> None:
    with (
        Pipeline(FakeSource(), FakeTask()) as pipeline,
        pytest.raises(OptionError, match="started before"),
    ):
        pipeline.start()


def test_a_task_in_mid_run_does_not_hold_up_the_stop_and_is_closed_later() -> None:
    source, task = FakeSource(), FakeTask()
    task.may_go_on.clear()
    pipeline = Pipeline(source, task, own_tasks=True).start()
    source.push(0)
    assert task.began.acquire(timeout=20)
    assert pipeline.stop(timeout_s=0.05) is False
    assert not task.closed
    task.may_go_on.set()
    assert eventually(lambda: task.closed)


def test_a_pipeline_can_be_stopped_while_another_thread_iterates() -> None:
    source = FakeSource()
    pipeline = Pipeline(source, FakeTask()).start()
    ended = threading.Event()

    def consume() -> None:
        for _ in pipeline:
            pass
        ended.set()

    consumer = threading.Thread(target=consume)
    consumer.start()
    source.push(0)
    pipeline.stop()
    assert ended.wait(20)
    consumer.join(10)


def test_tasks_that_were_lent_stay_open_and_those_that_were_given_are_closed() -> None:
    lent, given = FakeTask(), FakeTask()
    for task, own in ((lent, False), (given, True)):
        with Pipeline(FakeSource(), task, own_tasks=own):
            pass
    assert (lent.closed, given.closed) == (False, True)


def test_pause_and_resume_are_the_sources() -> None:
    with Pipeline(FakeSource(), FakeTask()) as pipeline:
        pipeline.pause()
        assert pipeline.status.state is State.PAUSED
        pipeline.resume()
        assert pipeline.status.state is State.RUNNING


# -- what goes wrong


def test_a_task_that_raises_on_every_tenth_frame_is_counted_and_the_stream_goes_on() -> None:
    source, task = FakeSource(live=False), FakeTask()
    task.fails_on = lambda index: index % 10 == 9

    def read() -> None:
        source.push(*range(100))
        source.show(State.ENDED)

    logging.getLogger("edgecnn.video.worker").disabled = True
    try:
        with Pipeline(source, task) as pipeline:
            reader = threading.Thread(target=read)
            reader.start()
            got = [frame.index for frame, _ in pipeline]
            reader.join(10)
            stats = pipeline.stats
    finally:
        logging.getLogger("edgecnn.video.worker").disabled = False
    assert got == [index for index in range(100) if index % 10 != 9]
    assert (stats.answered, stats.failed) == (100, 10)
    assert len(pipeline.problems) == 10
    assert pipeline.problems[0].name == "frame 9 of fake"
    assert pipeline.problems[0].reason == "frame 9 is bad"


def test_of_several_tasks_the_one_that_fails_is_missing_and_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source, bad = FakeSource(), FakeTask()
    bad.fails_on = lambda index: True
    with Pipeline(source, {"good": FakeTask(), "bad": bad}) as pipeline:
        for index in range(3):
            source.push(index)
            answer = pipeline.take(20)
            assert answer is not None
            assert list(answer.results) == ["good"]
            assert answer.errors == {"bad": f"frame {index} is bad"}
    assert "(bad)" in pipeline.problems[0].name
    assert len(caplog.records) == 1  # heard of, without filling a disk


def test_an_answer_without_any_result_is_given_to_who_asks_for_answers() -> None:
    source, task = FakeSource(), FakeTask()
    task.fails_on = lambda index: index == 0
    with Pipeline(source, task) as pipeline:
        source.push(0)
        answer = next(pipeline.answers())
        assert answer.errors
        with pytest.raises(LookupError, match="all failed"):
            _ = answer.result


# -- asynchronous iteration


def test_asynchronous_iteration_gives_the_same_and_leaves_the_loop_free() -> None:
    source = FakeSource(live=False)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    async def consume() -> list[int]:
        ticking = asyncio.create_task(tick())
        with Pipeline(source, FakeTask()) as pipeline:
            reader = threading.Thread(target=read)
            reader.start()
            got = [frame.index async for frame, _ in pipeline]
            reader.join(10)
        ticking.cancel()
        return got

    def read() -> None:
        for index in range(10):
            time.sleep(0.005)
            source.push(index)
        source.show(State.ENDED)

    assert asyncio.run(consume()) == list(range(10))
    assert ticks > 5


def test_a_wait_that_is_given_up_loses_nothing() -> None:
    async def consume() -> list[int]:
        got, given_up = [], 0
        source, task = FakeSource(), FakeTask()
        with Pipeline(source, task) as pipeline:
            results = aiter(pipeline)
            for index in range(5):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(results), 0.01)
                given_up += 1
                source.push(index)
                frame, _ = await asyncio.wait_for(anext(results), 20)
                got.append(frame.index)
        with pytest.raises(StopAsyncIteration):
            await anext(results)
        assert given_up == 5
        return got

    assert asyncio.run(consume()) == list(range(5))


def test_whoever_leaves_early_is_told_no_more() -> None:
    async def look() -> None:
        source = FakeSource()
        with Pipeline(source, FakeTask()) as pipeline:
            source.push(0)
            async for _ in pipeline:
                break
            gc.collect()
            assert pipeline._answers._listeners == []

    asyncio.run(look())


def test_asynchronous_iteration_can_be_cancelled() -> None:
    async def consume() -> None:
        with Pipeline(FakeSource(), FakeTask()) as pipeline:
            async for _ in pipeline:
                pass

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(consume(), 0.05)

    asyncio.run(main())


# -- options


def test_a_rate_limit_takes_the_newest_frame_each_time() -> None:
    source, task = FakeSource(), FakeTask()
    with Pipeline(source, task, max_fps=20) as pipeline:
        began_s = time.monotonic()
        for index in range(40):
            source.push(index)
            time.sleep(0.005)
        taken_s = time.monotonic() - began_s
        stats = pipeline.stats
    assert 2 <= stats.answered <= taken_s * 20 + 2
    assert stats.frames_in == 40


@pytest.mark.parametrize(("live", "max_fps"), [(False, 5.0), (True, 0.0)])
def test_a_rate_limit_that_makes_no_sense_is_refused(live: bool, max_fps: float) -> None:
    with pytest.raises(OptionError, match="max_fps"):
        Pipeline(FakeSource(live=live), FakeTask(), max_fps=max_fps)


def test_what_is_no_task_is_refused_with_what_to_do() -> None:
    with pytest.raises(OptionError, match="Load the model first"):
        Pipeline(FakeSource(), "detect_nanodet")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="at least one task"):
        Pipeline(FakeSource(), {})
    with pytest.raises(OptionError, match="track names other"):
        Pipeline(FakeSource(), {"one": FakeTask()}, track={"other": TrackOptions()})


def test_a_word_that_means_nothing_is_refused_at_once() -> None:
    with pytest.raises(SourceError, match="no_such_file"):
        Pipeline("no_such_file.mp4", FakeTask())


def test_smoothing_is_done_in_the_pipeline_and_begins_anew_with_another_task() -> None:
    source = FakeSource(live=False)
    with Pipeline(source, FakeTask(), smooth=True) as pipeline:
        source.push(0)
        pipeline.take(20)
        source.push(1)
        held = pipeline.take(20)
        pipeline.swap(FakeTask())
        source.push(2)
        fresh = pipeline.take(20)
    assert held is not None
    assert fresh is not None
    assert isinstance(held.result, Classification)
    assert classes([held.result, fresh.result]) == [0, 2]
