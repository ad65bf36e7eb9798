from __future__ import annotations

import threading

import pytest

from edgecnn.errors import OptionError, SourceError
from edgecnn.video.answer import Answer
from edgecnn.video.pipeline import Pipeline
from edgecnn.video.status import Reason, State
from tests.helpers.pipelines import FakeSource, FakeTask, eventually

pytestmark = pytest.mark.usefixtures("no_thread_stays_behind")


def test_on_result_is_called_on_a_thread_of_its_own_with_every_answer_of_a_file() -> None:
    source = FakeSource(live=False)
    got: list[tuple[int, str]] = []
    pipeline = Pipeline(
        source,
        FakeTask(),
        on_result=lambda answer: got.append((answer.index, threading.current_thread().name)),
    ).start()
    source.push(*range(20))
    source.show(State.ENDED)
    assert pipeline.wait(20) is True
    pipeline.stop()
    assert got == [(index, "edgecnn-results") for index in range(20)]


def test_a_slow_on_result_drops_answers_and_never_holds_up_the_camera() -> None:
    source, task = FakeSource(), FakeTask()
    release, called = threading.Event(), threading.Semaphore(0)
    got: list[int] = []

    def slow(answer: Answer) -> None:
        called.release()
        release.wait(20)
        got.append(answer.frame.index)

    with Pipeline(source, task, on_result=slow) as pipeline:
        source.push(0)
        assert called.acquire(timeout=20)
        for index in range(1, 6):
            source.push(index)
            assert eventually(lambda count=index + 1: pipeline.stats.answered == count)
        release.set()
        assert eventually(lambda: got == [0, 5])
        assert pipeline.stats.results_dropped == 4


def test_an_on_result_that_raises_is_counted_and_called_again() -> None:
    source = FakeSource(live=False)
    seen: list[int] = []

    def bad(answer: Answer) -> None:
        seen.append(answer.index)
        raise RuntimeError("no")

    pipeline = Pipeline(source, FakeTask(), on_result=bad).start()
    source.push(0, 1)
    source.show(State.ENDED)
    pipeline.wait(20)
    pipeline.stop()
    assert seen == [0, 1]
    assert pipeline.stats.callbacks_failed == 2
    assert "on_result" in pipeline.problems[0].name


def test_an_on_result_may_stop_the_pipeline() -> None:
    source = FakeSource()
    stopped = threading.Event()

    def enough(answer: Answer) -> None:
        pipeline.stop()
        stopped.set()

    pipeline = Pipeline(source, FakeTask(), on_result=enough).start()
    source.push(0)
    assert stopped.wait(20)


def test_waiting_reports_a_source_that_failed() -> None:
    source = FakeSource()
    pipeline = Pipeline(source, FakeTask(), on_result=print).start()
    assert pipeline.wait(0.01) is False
    source.show(State.FAILED, Reason.NOT_FOUND, "There is no camera 9.")
    with pytest.raises(SourceError, match="no camera 9"):
        pipeline.wait(20)
    pipeline.stop()


def test_results_are_handed_over_or_taken_but_not_both() -> None:
    handing = Pipeline(FakeSource(), FakeTask(), on_result=print)
    with handing, pytest.raises(OptionError, match="on_result"):
        next(iter(handing))
    taking = Pipeline(FakeSource(), FakeTask())
    with taking, pytest.raises(OptionError, match="on_result"):
        taking.wait()
