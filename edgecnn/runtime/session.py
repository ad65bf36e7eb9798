"""A session: one opened model and the one thread that may touch it."""

from __future__ import annotations

import queue
import threading
import time
import weakref
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from edgecnn.closing import Closing
from edgecnn.errors import BackendError
from edgecnn.leaving import LeavingThread
from edgecnn.runtime.backend import Array, Engine, Feed, TensorInfo
from edgecnn.runtime.output import Output
from edgecnn.runtime.threads import share_with_opencv

_CLOSED = "This session is closed. Load the model again."


@dataclass(frozen=True, slots=True)
class Inference:
    """What one run gave.

    Attributes:
        outputs: By name, as stored, with their quantization.
        infer_ms: Time in the engine, filling the input included, in milliseconds.
        wait_ms: Time between `Session.submit` and the start of the run.
    """

    outputs: dict[str, Output]
    infer_ms: float
    wait_ms: float


@dataclass(frozen=True, slots=True)
class _Job:
    feeds: Mapping[str, Feed]
    future: Future[Inference]
    submitted_s: float


class Session(Closing):
    """Runs one engine, one run at a time, in the order of submission, for callers of any thread.

    Interpreters are not thread-safe, and a picture can be prepared while another one is in the
    engine: `submit` hands a run to the session's own thread and gives a future. `infer` waits for
    its answer anyway, so an idle engine is run by the caller, which spares two changes of thread
    (some 2 % of a 2 ms network, and far more on a busy machine).

    Args:
        engine: Opened model; the session owns it from now on.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._lock = threading.Lock()
        self._running = threading.Lock()
        self._closed = threading.Event()
        share_with_opencv(engine.info.threads)
        # The thread knows the engine and the queue but not the session, so that a session that
        # nobody holds any more is collected, and takes its thread with it.
        self._thread = LeavingThread(
            target=_serve,
            args=(engine, self._jobs, self._running, self._closed),
            name=f"edgecnn-{engine.info.backend}",
            ask=partial(_stop, self._jobs, self._closed),
            serves=True,
        )
        self._thread.start()
        self._finalizer = weakref.finalize(self, _stop, self._jobs, self._closed)
        self._finalizer.atexit = False  # the thread is asked, and waited for, in its turn

    @property
    def engine(self) -> Engine:
        """The engine, for its `inputs`, `outputs` and `info`; never call its `infer`."""
        return self._engine

    @property
    def input(self) -> TensorInfo:
        """The only input of the model.

        Raises:
            BackendError: The model has several.
        """
        if len(self._engine.inputs) != 1:
            raise BackendError(
                f"The model has {len(self._engine.inputs)} inputs ({', '.join(self._engine.inputs)}"
                "); a task feeds exactly one picture."
            )
        return next(iter(self._engine.inputs.values()))

    def submit(self, feeds: Mapping[str, Feed]) -> Future[Inference]:
        """Queue one run.

        Args:
            feeds: See `edgecnn.runtime.backend.Engine.infer`. Functions are called when the run's
                turn has come, on whichever thread runs it.

        Returns:
            A future; its exception is a BackendError when the run failed. Cancelling it before
            its turn drops the run.

        Raises:
            BackendError: The session is closed.
        """
        job = _Job(feeds, Future(), time.perf_counter())
        with self._lock:
            if self._closed.is_set():
                raise BackendError(_CLOSED)
            self._jobs.put(job)
        return job.future

    def infer(self, feeds: Mapping[str, Feed]) -> Inference:
        """Run once and wait for the answer; see `submit`."""
        # Nothing waits in the queue or was taken from it and is not done: nobody is overtaken.
        # Only `with` is sure to give the lock back when Ctrl-C comes just after it was taken.
        if self._jobs.unfinished_tasks == 0:
            with self._running:
                if self._closed.is_set():
                    raise BackendError(_CLOSED)
                return _run(self._engine, feeds, time.perf_counter())
        return self.submit(feeds).result()

    def warm_up(self, runs: int = 1) -> None:
        """Run on an input of zeros, so that the first picture does not pay for first-time work."""
        feed: dict[str, Feed] = dict.fromkeys(self._engine.inputs, _fill_with_zeros)
        for _ in range(runs):
            self.infer(feed)

    def close(self) -> None:
        """Finish the run in progress, refuse the queued ones, release the model."""
        with self._lock:
            self._finalizer()
        if threading.current_thread() is not self._thread:
            self._thread.join()


def _run(engine: Engine, feeds: Mapping[str, Feed], submitted_s: float) -> Inference:
    start_s = time.perf_counter()
    raw = engine.infer(feeds)
    end_s = time.perf_counter()
    infos = engine.outputs
    outputs = {
        name: Output(array, infos[name].scale, infos[name].zero_point)
        for name, array in raw.items()
    }
    return Inference(outputs, (end_s - start_s) * 1e3, (start_s - submitted_s) * 1e3)


def _serve(
    engine: Engine,
    jobs: queue.Queue[_Job | None],
    running: threading.Lock,
    closed: threading.Event,
) -> None:
    """The session's thread: takes queued runs in turn; the last act is to release the engine."""
    while (job := jobs.get()) is not None:
        _answer(engine, job, jobs, running, closed)
        del job
    with running:
        engine.close()


def _answer(
    engine: Engine,
    job: _Job,
    jobs: queue.Queue[_Job | None],
    running: threading.Lock,
    closed: threading.Event,
) -> None:
    """Run one job, unless it was cancelled. It is done before whoever waits for it goes on."""
    if not job.future.set_running_or_notify_cancel():
        jobs.task_done()
        return
    try:
        with running:
            if closed.is_set():
                raise BackendError(_CLOSED)
            inference = _run(engine, job.feeds, job.submitted_s)
    except BaseException as error:  # noqa: BLE001 (belongs to whoever waits for the future)
        jobs.task_done()
        job.future.set_exception(error)
    else:
        jobs.task_done()
        job.future.set_result(inference)


def _stop(jobs: queue.Queue[_Job | None], closed: threading.Event) -> None:
    closed.set()
    jobs.put(None)


def _fill_with_zeros(view: Array) -> None:
    view.fill(0)
