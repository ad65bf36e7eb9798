from __future__ import annotations

import pytest

from edgecnn.video.answer import StageTimes
from gui.compare.agreement import Agreement
from gui.compare.tally import ENOUGH, RECENT, Contender, Tally, verdict

FLOAT = Contender("float16 · LiteRT", 8.0)
INT8 = Contender("int8 · LiteRT", 2.0)


def tally_of(same: int, differing: int, first_ms: float = 21.0, second_ms: float = 10.0) -> Tally:
    made = Tally()
    times = StageTimes(infer_ms=first_ms), StageTimes(infer_ms=second_ms)
    for _ in range(same):
        made.add(Agreement(1.0, True, "same"), times)
    for _ in range(differing):
        made.add(Agreement(0.5, False, "other"), times)
    return made


def test_the_verdict_says_speed_size_and_agreement() -> None:
    assert verdict(FLOAT, INT8, tally_of(98, 2)) == (
        "int8 · LiteRT is 2.1 times as fast as float16 · LiteRT, 4.0 times smaller, "
        "and agreed on 98 of 100 frames."
    )


def test_the_verdict_says_what_is_slower_and_larger() -> None:
    words = verdict(INT8, FLOAT, tally_of(20, 0, 10.0, 21.0))
    assert words.startswith("float16 · LiteRT is 2.1 times slower than int8 · LiteRT, 4.0 times l")


def test_agreeing_that_there_is_nothing_is_told_apart() -> None:
    made = tally_of(20, 0)
    for _ in range(5):
        made.add(Agreement(1.0, True, "nothing in either", empty=True), (StageTimes(),) * 2)
    words = verdict(FLOAT, INT8, made)
    assert words.endswith("agreed on 25 of 25 frames (on 5 of them neither found anything).")


def test_small_differences_are_called_none() -> None:
    words = verdict(FLOAT, Contender("float16 · OpenVINO", 8.0), tally_of(20, 0, 10.0, 10.2))
    assert "as fast as float16 · LiteRT, of the same size, and agreed on 20 of 20" in words


def test_nothing_is_said_of_speed_before_there_is_enough_to_go_by() -> None:
    words = verdict(FLOAT, INT8, tally_of(ENOUGH - 1, 0))
    assert "fast" not in words
    assert "agreed on 9 of 9" in words
    assert verdict(FLOAT, INT8, Tally()) == "No frame was answered by both yet."


def test_the_first_runs_of_a_model_do_not_count_as_its_speed() -> None:
    made = tally_of(1, 0, 500.0, 500.0)
    assert made.medians_ms("first") == {}
    for _ in range(20):
        made.add(Agreement(1.0, True, ""), (StageTimes(1, 0, 2, 9, 3), StageTimes()))
    assert made.medians_ms("first") == {"pre": 2.0, "infer": 9.0, "post": 3.0, "total": 14.0}


def test_the_strip_holds_the_last_frames_and_the_count_all() -> None:
    made = tally_of(RECENT + 30, 20)
    assert (made.frames, made.same, len(made.shares)) == (RECENT + 50, RECENT + 30, RECENT)
    assert made.mean_share == pytest.approx((RECENT + 40) / (RECENT + 50))
