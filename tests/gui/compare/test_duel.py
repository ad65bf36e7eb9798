from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from edgecnn.errors import BackendError
from edgecnn.video.frame import Frame
from gui.compare.duel import Duel
from gui.compare.tally import SIDES
from gui.state import ModelChoice, TabState
from tests.helpers.app import FakeModels, boxes

PAIR = ModelChoice("detect_1", "float16"), ModelChoice("detect_1", "int8")
TAB = TabState(PAIR[1], 0.4)


def frame(index: int = 0) -> Frame:
    return Frame(np.full((48, 64, 3), 90, np.uint8), "bgr", index / 30, index, "hand")


def wait(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.002)


@pytest.fixture
def models() -> FakeModels:
    return FakeModels()


@pytest.fixture
def duel(models: FakeModels) -> Iterator[Duel]:
    made = Duel("detect", TAB, PAIR, load=models.load)
    yield made
    models.gate.set()
    assert made.close(10)


def give(duel: Duel, count: int = 1) -> None:
    for index in range(count):
        before = duel.look().serial
        duel.give(frame(index))
        wait(lambda before=before: duel.look().serial > before)


def test_both_answer_about_the_same_frame(duel: Duel, models: FakeModels) -> None:
    wait(lambda: duel.ready)
    give(duel, 5)
    bout = duel.look()
    assert set(bout.results) == set(SIDES)
    assert (bout.tally.frames, bout.tally.same) == (5, 5)
    assert [task.calls for _, task in models.loaded] == [5, 5]
    assert bout.frame is not None
    assert bout.frame.index == 4


def test_what_differs_is_counted(duel: Duel, models: FakeModels) -> None:
    wait(lambda: duel.ready)
    give(duel, 2)
    models.newest.result = boxes(("dog", 0.9))
    give(duel, 2)
    tally = duel.look().tally
    assert (tally.frames, tally.same) == (4, 2)
    assert tally.shares[-1] == 0.0
    duel.count_anew()
    assert duel.look().tally.frames == 0


def test_a_frame_is_asked_about_once_and_none_before_both_are_there(models: FakeModels) -> None:
    models.gate.clear()
    made = Duel("detect", TAB, PAIR, load=models.load)
    try:
        one = frame()
        made.give(one)
        models.gate.set()
        wait(lambda: made.ready)
        for _ in range(3):
            made.give(one)
        wait(lambda: made.look().tally.frames == 1)
        time.sleep(0.05)
        assert made.look().tally.frames == 1
    finally:
        made.close(10)


def test_another_variant_begins_a_new_count_and_the_old_one_is_closed(
    duel: Duel, models: FakeModels
) -> None:
    wait(lambda: duel.ready)
    give(duel, 3)
    old = models.loaded[1][1]
    duel.choose("second", ModelChoice("detect_2", "int8"))
    wait(lambda: duel.ready and len(models.loaded) == 3)
    assert duel.look().tally.frames == 0
    give(duel, 2)
    assert duel.look().tally.frames == 2
    wait(lambda: old.closed)
    assert not models.loaded[0][1].closed


def test_what_cannot_be_loaded_is_said_and_can_be_replaced(duel: Duel, models: FakeModels) -> None:
    wait(lambda: duel.ready)
    models.error = BackendError("The file is damaged.")
    duel.choose("first", ModelChoice("detect_2", "float16"))
    wait(lambda: duel.look().sides["first"].error == "The file is damaged.")
    assert not duel.ready
    models.error = None
    duel.choose("first", PAIR[0])
    wait(lambda: duel.ready)
    give(duel)
    assert duel.look().tally.frames == 1


def test_a_task_that_fails_on_a_frame_is_said_until_it_answers_again(
    duel: Duel, models: FakeModels
) -> None:
    wait(lambda: duel.ready)
    models.newest.error = BackendError("No memory.")
    give(duel)
    side = next(s for s, one in duel.look().sides.items() if one.error)
    assert duel.look().sides[side].error == "No memory."
    assert duel.look().tally.frames == 0
    models.newest.error = None
    give(duel)
    assert duel.look().sides[side].error == ""


def test_threshold_and_classes_of_the_tab_hold_for_both(duel: Duel, models: FakeModels) -> None:
    wait(lambda: duel.ready)
    assert [task.options.score_threshold for _, task in models.loaded] == [0.4, 0.4]


def test_closing_lets_go_of_every_model_also_of_one_that_is_being_loaded(
    models: FakeModels,
) -> None:
    models.gate.clear()
    made = Duel("detect", TAB, PAIR, load=models.load)
    time.sleep(0.02)
    assert not made.close(0.01)
    models.gate.set()
    assert made.close(10)
    assert all(task.closed for _, task in models.loaded)
