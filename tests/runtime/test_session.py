from __future__ import annotations

import gc
import threading
import time
import weakref
from concurrent.futures import CancelledError

import numpy as np
import pytest

from edgecnn.errors import BackendError
from edgecnn.runtime.backend import Array
from edgecnn.runtime.session import Session
from tests.helpers.engines import PlainEngine

ONES = {"x": np.ones((1, 4), np.float32)}


def test_outputs_come_with_their_quantization() -> None:
    with Session(PlainEngine()) as session:
        inference = session.infer(ONES)
    np.testing.assert_array_equal(inference.outputs["y"].real(), np.full((1, 4), -1.0))
    assert inference.infer_ms > 0
    assert inference.wait_ms > 0


def test_many_callers_never_meet_in_the_engine() -> None:
    # `PlainEngine` itself fails when two threads are in it at once.
    engine = PlainEngine()
    answers: list[float] = []
    with Session(engine) as session:

        def call(value: int) -> None:
            for _ in range(50):
                feed = {"x": np.full((1, 4), value, np.float32)}
                answers.append(session.infer(feed).outputs["y"].data[0, 0] - value)

        callers = [threading.Thread(target=call, args=(value,)) for value in range(6)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert answers == [0.0] * 300
    assert engine.runs == 300


def test_a_submitted_run_leaves_the_caller_free_and_an_idle_engine_runs_at_once() -> None:
    engine = PlainEngine()
    with Session(engine) as session:
        session.submit(ONES).result()
        assert threading.get_ident() not in engine.threads
        session.infer(ONES)
        assert threading.get_ident() in engine.threads
        queued = [session.submit(ONES) for _ in range(5)]
        session.infer(ONES)
        assert all(future.done() for future in queued)


def test_a_run_never_overtakes_one_that_was_submitted_before_it() -> None:
    order: list[float] = []

    def note(array: Array) -> Array:
        order.append(float(array[0, 0]))
        return array

    with Session(PlainEngine(note)) as session:
        for value in range(0, 600, 2):
            session.submit({"x": np.full((1, 4), value, np.float32)})
            session.infer({"x": np.full((1, 4), value + 1, np.float32)})
    assert order == [float(value) for value in range(600)]


def test_a_feed_may_be_a_function_that_fills_the_tensor() -> None:
    def fill(view: Array) -> None:
        view[...] = 7

    with Session(PlainEngine()) as session:
        assert session.infer({"x": fill}).outputs["y"].data.tolist() == [[7, 7, 7, 7]]


def test_a_failing_run_fails_its_future_only() -> None:
    def picky(array: Array) -> Array:
        if array[0, 0] == 13:
            raise BackendError("unlucky")
        return array

    with Session(PlainEngine(picky)) as session:
        bad = session.submit({"x": np.full((1, 4), 13, np.float32)})
        good = session.submit(ONES)
        with pytest.raises(BackendError, match="unlucky"):
            bad.result()
        assert good.result().outputs["y"].data[0, 0] == 1


def test_closing_finishes_the_run_and_refuses_the_queue() -> None:
    entered, release = threading.Event(), threading.Event()

    def slow(array: Array) -> Array:
        entered.set()
        release.wait(5)
        return array

    engine = PlainEngine(slow)
    session = Session(engine)
    running, queued = session.submit(ONES), session.submit(ONES)
    entered.wait(5)
    closer = threading.Thread(target=session.close)
    closer.start()
    while not session._closed.is_set():
        time.sleep(0.001)
    release.set()
    closer.join(5)
    assert running.result().outputs["y"].data[0, 0] == 1
    with pytest.raises(BackendError, match="closed"):
        queued.result()
    with pytest.raises(BackendError, match="closed"):
        session.submit(ONES)
    assert engine.closed
    assert engine.runs == 1
    session.close()


def test_a_cancelled_run_never_starts() -> None:
    release = threading.Event()

    def slow(array: Array) -> Array:
        release.wait(5)
        return array

    engine = PlainEngine(slow)
    with Session(engine) as session:
        session.submit(ONES)
        dropped = session.submit(ONES)
        assert dropped.cancel()
        release.set()
        session.infer(ONES)
        with pytest.raises(CancelledError):
            dropped.result()
    assert engine.runs == 2


def test_a_forgotten_session_takes_its_thread_with_it() -> None:
    engine = PlainEngine()
    session = Session(engine)
    session.infer(ONES)
    thread = session._thread
    gone = weakref.ref(session)
    del session
    gc.collect()
    thread.join(5)
    assert gone() is None
    assert not thread.is_alive()
    assert engine.closed
