from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from gui.workers.jobs import Jobs


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    made = Jobs("test")
    yield made
    made.close()


def test_of_jobs_of_a_kind_only_the_newest_that_waits_is_done(jobs: Jobs) -> None:
    begun, gate, done = threading.Event(), threading.Event(), []

    def first() -> None:
        begun.set()
        gate.wait(10)
        done.append("first")

    jobs.submit("first", first)
    assert begun.wait(10)
    for number in range(5):
        jobs.submit("switch", lambda n=number: done.append(n))
    jobs.submit("other", lambda: done.append("other"))
    gate.set()
    assert jobs.wait(10)
    assert done == ["first", 4, "other"]
    assert not jobs.busy


def test_a_job_that_fails_does_not_end_the_others(
    jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[int] = []
    jobs.submit("bad", lambda: 1 // 0)
    jobs.submit("good", lambda: done.append(1))
    assert jobs.wait(10)
    assert done == [1]
    assert "ZeroDivisionError" in caplog.text


def test_closing_drops_what_waits_and_does_the_last_job() -> None:
    jobs, begun, gate, done = Jobs("test"), threading.Event(), threading.Event(), []

    def run() -> None:
        begun.set()
        gate.wait(10)
        done.append("running")

    jobs.submit("running", run)
    assert begun.wait(10)
    jobs.submit("waiting", lambda: done.append("waiting"))
    assert not jobs.close(lambda: done.append("last"), timeout_s=0.01)
    gate.set()
    assert jobs.close(timeout_s=10)
    assert done == ["running", "last"]
    jobs.submit("late", lambda: done.append("late"))
    assert done == ["running", "last"]


def test_closing_may_do_what_waits_first() -> None:
    jobs, gate, done = Jobs("test"), threading.Event(), []
    jobs.submit("reading", lambda: gate.wait(10) and done.append("read"))
    jobs.submit("saving", lambda: done.append("saved"))
    jobs.close(timeout_s=0.01, drop=False)
    gate.set()
    assert jobs.close(timeout_s=10)
    assert done == ["read", "saved"]
