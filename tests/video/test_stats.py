from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from edgecnn.video.answer import STAGES, Answer, StageTimes
from edgecnn.video.stats import WINDOW_S, StatsKeeper, rate
from tests.helpers.pipelines import numbered


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def answer(times: StageTimes, **changes: Any) -> Answer:
    fields: dict[str, Any] = {
        "frame": numbered(0),
        "results": {},
        "index": 0,
        "captured_s": 5.0,
        "answered_s": 5.0 + times.total_ms / 1e3,
        "times": times,
        "task_times": {},
    }
    return Answer(**(fields | changes))


def test_a_steady_stream_has_its_rate() -> None:
    assert rate([index / 30 for index in range(90)], 89 / 30) == pytest.approx(30)


def test_the_rate_falls_as_soon_as_a_frame_is_late() -> None:
    times_s = [index / 10 for index in range(11)]
    assert rate(times_s, 1.1) == pytest.approx(10)
    assert rate(times_s, 2.1) == pytest.approx(5)


@pytest.mark.parametrize("times_s", [[], [1.0], [1.0, 1.0]])
def test_too_few_frames_have_no_rate(times_s: list[float]) -> None:
    assert rate(times_s, 2.0) == 0.0


def test_times_are_those_of_the_last_seconds_and_counts_those_since_the_start() -> None:
    clock = Clock()
    keeper = StatsKeeper(clock)
    for infer_ms in [500.0] * 50 + [10.0] * 100 + [30.0] * 10:
        if infer_ms == 10.0 and clock.now_s < 1010:
            clock.now_s += WINDOW_S + 6
        keeper.frame_came()
        keeper.frame_answered(answer(StageTimes(1, 2, 3, infer_ms, 4)))
        clock.now_s += 0.02
    stats = keeper.snapshot(dropped=7, results_dropped=3)
    assert (stats.frames_in, stats.answered, stats.dropped, stats.results_dropped) == (
        160,
        160,
        7,
        3,
    )
    assert (stats.stages["infer"].p50_ms, stats.stages["infer"].p95_ms) == (10, 30)
    assert [stats.stages[stage].p50_ms for stage in STAGES] == [1, 2, 3, 10, 4]
    assert stats.age is not None
    assert stats.age.p50_ms == pytest.approx(20)
    assert stats.fps_in == pytest.approx(50)
    assert stats.fps_out == pytest.approx(50)


def test_before_the_first_answer_there_are_no_times() -> None:
    stats = StatsKeeper().snapshot(dropped=0, results_dropped=0)
    assert stats.age is None
    assert stats.stages == {}
    assert stats.to_dict()["fps_out"] == 0


def test_everything_can_be_written_as_json() -> None:
    keeper = StatsKeeper()
    keeper.frame_answered(answer(StageTimes(0.12345, 2, 3, 4, 5), errors={"task": "no"}))
    plain = keeper.snapshot(dropped=0, results_dropped=0).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["failed"] == 1
    assert plain["infer_p50_ms"] == 4
    assert plain["age_p95_ms"] == pytest.approx(14.12)


def test_what_is_kept_is_bounded_however_fast_frames_come() -> None:
    clock = Clock()
    keeper = StatsKeeper(clock)
    for _ in range(10_000):
        keeper.frame_came()
        clock.now_s += 1e-4
    stats = keeper.snapshot(dropped=0, results_dropped=0)
    assert stats.frames_in == 10_000
    assert stats.fps_in == pytest.approx(10_000)


def test_stage_times_add_up_stage_by_stage() -> None:
    both = StageTimes(1, 2, 3, 4, 5).plus(StageTimes(0, 10, 20, 30, 40))
    assert both.each() == (1, 12, 23, 34, 45)
    assert both.total_ms == np.sum(both.each())
    assert both.to_dict() == dict(zip(STAGES, both.each(), strict=True))
