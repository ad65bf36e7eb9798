"""The stream behind the window, without a window."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from edgecnn.core.results import Detections, Faces
from edgecnn.errors import BackendError, SourceError
from edgecnn.video.frame import Frame
from edgecnn.video.status import Reason, State, Status
from gui.controllers.live import Live
from gui.state import AppState, ModelChoice, TabState
from tests.helpers.app import FakeModels, HandSource, boxes, no_hurry

TABS = AppState().tabs


class Bench:
    """A `Live` with hand-driven source and models."""

    def __init__(self, guard: Any = None) -> None:
        self.models = FakeModels()
        self.sources: list[HandSource] = []
        self.broken: Exception | None = None
        self.live = Live(
            open_source=self._open,
            load=self.models.load,
            load_quickly=no_hurry,
            smooth=False,
            guard=guard,
        )

    def _open(self, word: str, mirror: bool) -> HandSource:
        if self.broken is not None:
            raise self.broken
        self.sources.append(HandSource(word))
        return self.sources[-1]

    def until(self, condition: Callable[[], Any], *, give: bool = False) -> None:
        end_s = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end_s, "it never came"
            if give:
                self.sources[-1].give()
            self.live.shot()
            time.sleep(0.003)

    @property
    def source(self) -> HandSource:
        return self.sources[-1]

    def open(self, word: str = "demo") -> HandSource:
        before = len(self.sources)
        self.live.open(word)
        self.until(lambda: len(self.sources) > before and self.live.stats is not None)
        self.until(lambda: self.sources[-1]._deliver is not None)
        return self.sources[-1]

    def use(self, key: str, tab: TabState | None = None) -> None:
        self.live.use(key, tab or TABS[key])
        self.until(lambda: self.live.model.loading_since_s is None)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.models.gate.set()
    for _, task in made.models.loaded:
        task.gate.set()
    assert made.live.close(10)


def test_the_picture_is_there_before_the_model(bench: Bench) -> None:
    bench.models.gate.clear()
    source = bench.open()
    bench.live.use("detect", TABS["detect"])
    frame = source.give()
    assert bench.live.shot().frame is frame
    assert bench.live.shot().result is None
    assert bench.live.model.loading_since_s is not None
    bench.models.gate.set()
    bench.until(lambda: isinstance(bench.live.shot().result, Detections), give=True)


def test_picture_and_result_belong_together(bench: Bench) -> None:
    bench.open()
    bench.use("detect")
    bench.until(lambda: bench.live.shot().result is not None, give=True)
    shot = bench.live.shot()
    assert bench.live._pipeline is not None
    answer = bench.live._pipeline.latest()
    assert answer is not None
    bench.until(lambda: bench.live.shot().frame is bench.live._pipeline.latest().frame)  # type: ignore[union-attr]
    assert shot.status is not None
    assert shot.status.state is State.RUNNING


def test_looking_twice_gives_the_same_serial_until_something_is_new(bench: Bench) -> None:
    source = bench.open()
    source.give()
    bench.until(lambda: bench.live.shot().frame is not None)
    first, second = bench.live.shot(), bench.live.shot()
    assert first.serial == second.serial
    source.give()
    bench.until(lambda: bench.live.shot().serial > first.serial)


def test_what_another_tab_says_is_not_shown_while_this_one_loads(bench: Bench) -> None:
    bench.open()
    bench.use("detect")
    bench.until(lambda: bench.live.shot().result is not None, give=True)
    bench.models.gate.clear()
    bench.live.use("faces", TABS["faces"])
    bench.sources[-1].give()
    bench.until(lambda: bench.live.shot().result is None)
    bench.models.gate.set()
    bench.until(lambda: isinstance(bench.live.shot().result, Faces), give=True)


def test_another_variant_takes_over_without_a_picture_without_a_result(bench: Bench) -> None:
    bench.open()
    bench.use("detect")
    bench.until(lambda: bench.live.shot().result is not None, give=True)
    bench.models.gate.clear()
    other = ModelChoice("detect_other", "int8", "openvino")
    bench.live.use("detect", TabState(other, 0.4))
    for _ in range(20):
        bench.sources[-1].give()
        assert bench.live.shot().result is not None
        time.sleep(0.005)
    bench.models.gate.set()
    bench.until(lambda: bench.live.model.info and bench.live.model.info.name == "detect_other")
    for _ in range(20):
        bench.sources[-1].give()
        assert bench.live.shot().result is not None
        time.sleep(0.005)
    assert bench.models.newest.calls > 0


def test_of_five_quick_switches_the_last_one_wins(bench: Bench) -> None:
    bench.open()
    bench.models.gate.clear()
    for number in range(5):
        bench.live.use("detect", TabState(ModelChoice(f"detect_{number}"), 0.4))
    bench.models.gate.set()
    bench.until(lambda: bench.live.model.info and bench.live.model.info.name == "detect_4")
    assert len(bench.models.loaded) <= 2
    assert bench.live.model.loading_since_s is None


def test_models_are_kept_for_the_way_back_and_the_oldest_is_closed(bench: Bench) -> None:
    bench.open()
    for number in (*range(6), 5):
        bench.use("detect", TabState(ModelChoice(f"detect_{number}"), 0.4))
    closed = [choice.model for choice, task in bench.models.loaded if task.closed]
    bench.until(lambda: len([1 for _, task in bench.models.loaded if task.closed]) == 2)
    assert closed == ["detect_0", "detect_1"]
    assert len(bench.models.loaded) == 6


def test_a_model_that_cannot_be_loaded_is_said_and_the_old_one_goes_on(bench: Bench) -> None:
    bench.open()
    bench.use("detect")
    bench.models.error = BackendError("The model is damaged. Get it again.")
    bench.use("detect", TabState(ModelChoice("detect_broken"), 0.4))
    assert bench.live.model.error == "The model is damaged. Get it again."
    calls = bench.models.newest.calls
    bench.until(lambda: bench.models.newest.calls > calls, give=True)
    assert bench.live.shot().result is not None


def test_a_mistake_of_ours_is_said_and_nothing_hangs(bench: Bench) -> None:
    bench.models.error = ZeroDivisionError("division by zero")
    bench.use("detect")
    assert "ZeroDivisionError" in bench.live.model.error
    bench.broken = KeyError("word")
    bench.live.open("demo")
    bench.until(lambda: (s := bench.live.shot().status) and s.state is State.FAILED)
    assert "KeyError" in bench.live.shot().status.message  # type: ignore[union-attr]


def test_a_model_of_another_kind_is_refused_with_the_name_of_the_tab(bench: Bench) -> None:
    bench.use("classify", TabState(ModelChoice("detect_nanodet"), 0.1))
    assert "Classify" in bench.live.model.error
    assert "'detect'" in bench.live.model.error


def test_a_source_that_means_nothing_is_a_state_with_its_words(bench: Bench) -> None:
    bench.broken = SourceError("There is no camera 7. Choose another source.")
    bench.live.open("7")
    bench.until(lambda: (s := bench.live.shot().status) and s.state is State.FAILED)
    status = bench.live.shot().status
    assert status is not None
    assert "no camera 7" in status.message
    bench.broken = None
    bench.live.retry()
    bench.until(lambda: bench.live.shot().frame is not None or bench.sources)
    bench.until(lambda: bench.sources[-1]._deliver is not None)
    bench.until(lambda: bench.live.shot().frame is not None, give=True)


def test_the_last_picture_stays_while_another_source_is_opened(bench: Bench) -> None:
    first = bench.open("one")
    first.give(tone=10)
    bench.until(lambda: bench.live.shot().frame is not None)
    second = bench.open("two")
    assert first.stopped
    before = bench.live.shot().frame
    assert before is not None
    assert before.source == "one"
    second.give(tone=20)
    bench.until(lambda: (f := bench.live.shot().frame) is not None and f.source == "two")


def test_a_source_that_fails_later_is_seen(bench: Bench) -> None:
    source = bench.open()
    source.say(Status(State.FAILED, Reason.LOST, "The camera was unplugged."))
    status = bench.live.shot().status
    assert status is not None
    assert status.message == "The camera was unplugged."


def test_a_frozen_picture_stays_and_is_asked_about_again(bench: Bench) -> None:
    source = bench.open()
    bench.use("detect")
    bench.until(lambda: bench.live.shot().result is not None, give=True)
    bench.live.freeze(True)
    held = bench.live.shot()
    assert source.paused
    source.give()
    assert bench.live.shot().frame is held.frame
    bench.models.newest.result = boxes(("dog", 0.9))
    bench.live.adjust("detect", TabState(TABS["detect"].choice, 0.2))
    bench.until(lambda: bench.live.shot().result is not held.result)
    assert bench.live.shot().frame is held.frame
    bench.live.freeze(False)
    assert not source.paused
    bench.until(lambda: bench.live.shot().frame is not held.frame, give=True)


def test_a_frozen_picture_shows_nothing_of_another_tab(bench: Bench) -> None:
    bench.open()
    bench.use("detect")
    bench.until(lambda: bench.live.shot().result is not None, give=True)
    bench.live.freeze(True)
    held = bench.live.shot()
    bench.models.gate.clear()
    bench.live.use("faces", TABS["faces"])
    assert bench.live.shot().result is None
    assert bench.live.shot().frame is held.frame
    bench.models.gate.set()
    bench.until(lambda: isinstance(bench.live.shot().result, Faces))
    assert bench.live.shot().frame is held.frame


def end(source: HandSource, count: int) -> None:
    source.count = count
    source.say(Status(State.ENDED))


def test_a_picture_that_ended_before_the_model_was_there_is_answered(bench: Bench) -> None:
    bench.models.gate.clear()
    source = bench.open()
    bench.live.use("detect", TABS["detect"])
    frame = source.give()
    end(source, 1)
    assert bench.live.shot().still
    bench.models.gate.set()
    bench.until(lambda: isinstance(bench.live.shot().result, Detections))
    assert bench.live.shot().frame is frame


def test_the_last_picture_keeps_its_answer_and_gets_that_of_another_tab(bench: Bench) -> None:
    source = bench.open()
    bench.use("detect")
    bench.until(lambda: bench.live.shot().result is not None, give=True)
    end(source, 40)
    bench.until(lambda: isinstance(bench.live.shot().result, Detections))
    last = bench.live.shot()
    assert not last.still
    bench.use("faces")
    bench.until(lambda: isinstance(bench.live.shot().result, Faces))
    calls = bench.models.newest.calls
    for _ in range(20):
        bench.live.shot()
    time.sleep(0.05)
    assert bench.models.newest.calls == calls  # what is known is not asked again
    bench.live.adjust("faces", TabState(TABS["faces"].choice, 0.2))
    bench.until(lambda: bench.models.newest.calls > calls)
    assert bench.live.shot().frame is last.frame


def test_a_model_that_fails_on_the_last_picture_says_so(bench: Bench) -> None:
    source = bench.open()
    bench.use("detect")
    bench.models.newest.error = ZeroDivisionError("a mistake")
    source.give()
    end(source, 1)
    bench.until(lambda: "a mistake" in bench.live.model.error)
    assert bench.live.shot().result is None


def test_threshold_and_classes_reach_the_model_at_once(bench: Bench) -> None:
    bench.open()
    bench.use("detect")
    wanted = frozenset({"person", "no class of this model"})
    bench.live.adjust("detect", TabState(TABS["detect"].choice, 0.77, labels=wanted))
    options = bench.models.newest.options
    assert options.score_threshold == 0.77
    assert options.labels == frozenset({"person"})


def test_a_model_that_fails_on_a_picture_is_said_and_the_stream_goes_on(bench: Bench) -> None:
    bench.open()
    bench.use("detect")
    bench.models.newest.error = BackendError("out of memory")
    bench.until(lambda: bench.live.shot().trouble, give=True)
    assert "out of memory" in bench.live.shot().trouble
    bench.models.newest.error = None
    bench.until(lambda: not bench.live.shot().trouble, give=True)


def test_closing_in_the_middle_of_a_run_does_not_wait_for_it() -> None:
    bench = Bench()
    bench.open()
    bench.use("detect")
    task = bench.models.newest
    task.gate.clear()
    bench.sources[-1].give()
    start_s = time.monotonic()
    bench.live.close(0.5)
    assert time.monotonic() - start_s < 8
    assert bench.sources[-1].stopped
    task.gate.set()
    assert bench.live.close(10)


def test_nothing_of_it_stays_when_it_is_closed(bench: Bench) -> None:
    bench.open()
    bench.use("detect")
    bench.until(lambda: bench.live.shot().result is not None, give=True)
    assert bench.live.close(10)
    assert all(task.closed for _, task in bench.models.loaded)
    names = {thread.name for thread in threading.enumerate()}
    assert "edgecnn-answers" not in names


class Watchman:
    """Stands for the detector of faces: sees one in every picture, or cannot look."""

    def __init__(self) -> None:
        self.seen: list[Frame] = []
        self.gate = threading.Event()
        self.gate.set()
        self.problem = ""

    def __call__(self, frame: Frame) -> Faces:
        assert self.gate.wait(20)
        self.seen.append(frame)
        box = np.array([[10, 10, 30, 30]], np.float32)
        return Faces(box, np.ones(1, np.float32), np.zeros((1, 6, 2), np.float32))

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def watched() -> Iterator[tuple[Bench, Watchman]]:
    """A stream of the tab of objects whose faces are hidden in the view."""
    watchman = Watchman()
    bench = Bench(watchman)
    bench.live.veil.live = "everybody"
    bench.live.veil.saved = "nobody"
    bench.open()
    bench.use("detect")
    yield bench, watchman
    watchman.gate.set()
    assert bench.live.close()


def test_a_picture_whose_faces_are_hidden_waits_until_they_were_looked_for(watched) -> None:
    bench, watchman = watched
    bench.until(lambda: bench.live.shot().result is not None, give=True)
    shot = bench.live.shot()
    assert bench.live.veil.has_looked(shot.frame, shot.result)
    watchman.gate.clear()
    before = shot.frame.index
    for _ in range(5):
        bench.source.give()
        time.sleep(0.02)
    shown = bench.live.shot()
    assert shown.frame.index <= before + 1
    assert bench.live.veil.has_looked(shown.frame, shown.result)


def test_while_the_model_rests_pictures_go_on_without_faces(watched) -> None:
    bench, _ = watched
    bench.until(lambda: bench.live.shot().result is not None, give=True)
    bench.live.rest(True)
    bench.until(lambda: bench.live.shot().result is None, give=True)
    index = bench.live.shot().frame.index
    bench.until(lambda: bench.live.shot().frame.index > index + 3, give=True)
    shot = bench.live.shot()
    assert bench.live.veil.has_looked(shot.frame, shot.result)


def test_a_frozen_picture_is_looked_at_when_faces_are_to_be_hidden_then(watched) -> None:
    bench, watchman = watched
    bench.live.veil.live = "nobody"
    bench.until(lambda: bench.live.shot().result is not None, give=True)
    bench.live.freeze(True)
    time.sleep(0.05)
    frame = bench.live.shot().frame
    watchman.seen.clear()
    bench.live.veil.live = "unknown"
    bench.live.ask_again()
    bench.until(lambda: frame in watchman.seen)
    bench.until(lambda: bench.live.veil.has_looked(frame, bench.live.shot().result))
    assert bench.live.shot().frame is frame


def test_nobody_looks_for_faces_that_nobody_hides(watched) -> None:
    bench, watchman = watched
    bench.live.veil.live = "nobody"
    watchman.seen.clear()
    bench.until(lambda: bench.live.shot().frame is not None and bench.source.given > 20, give=True)
    assert len(watchman.seen) <= 1
