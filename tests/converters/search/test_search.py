from __future__ import annotations

from typing import Any

import pytest

from converters.search.search import Candidate, Limits, asked_for, mark, nearest_misses, pick


def candidate(latency_ms: float, megabytes: float, drop: float = 0.0, **changes: Any) -> Candidate:
    fields: dict[str, Any] = {
        "file": f"{latency_ms}.tflite",
        "precision": "int8",
        "backend": "litert",
        "compute": "f32",
        "threads": 1,
        "bytes": int(megabytes * 1e6),
        "accuracy": 0.9 - drop,
        "drop": drop,
        "latency_ms": latency_ms,
        "p95_ms": 1.1 * latency_ms,
    }
    return Candidate(**(fields | changes))


NO_LIMITS = Limits()


def winner(candidates: list[Candidate], limits: Limits = NO_LIMITS) -> tuple[Candidate, str]:
    marked = mark(candidates, limits)
    picked = pick(marked)
    assert picked is not None
    return marked[picked[0]], picked[1]


def test_the_fastest_wins_and_it_is_said_why() -> None:
    one, why = winner([candidate(5, 1), candidate(2, 4, 0.0034), candidate(3, 2)])
    assert one.latency_ms == 2
    assert why == (
        "2.tflite on litert, 1 thread: the fastest of 3 that keep every limit "
        "(2.00 ms, 4.00 MB, 0.34 points of accuracy lost)"
    )


def test_of_those_as_fast_the_smallest_wins() -> None:
    one, why = winner([candidate(2.0, 4), candidate(2.05, 1), candidate(2.2, 0.5)])
    assert one.latency_ms == 2.05
    assert "as fast as 2.0.tflite on litert, 1 thread within 3%, and smaller" in why


def test_of_those_as_fast_and_small_the_most_accurate_wins_then_fewer_threads() -> None:
    assert winner([candidate(2.0, 4, 0.02), candidate(2.01, 4, 0.01)])[0].drop == 0.01
    one, why = winner([candidate(2.0, 4, threads=4), candidate(2.01, 4)])
    assert one.threads == 1
    assert why.count("on fewer threads") == 1


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        (Limits(), [1, 2, 3]),
        (Limits(max_latency_ms=2), [1, 2]),
        (Limits(max_size_mb=4), [2, 3]),
        (Limits(max_drop=0.01), [1, 3]),
        (Limits(max_drop=0.01, max_size_mb=4), [3]),
    ],
)
def test_limits_exclude_what_breaks_them_and_nothing_else(limits: Limits, kept: list[int]) -> None:
    marked = mark([candidate(1, 5), candidate(2, 4, 0.02), candidate(3, 3, 0.01)], limits)
    assert [one.latency_ms for one in marked if not one.excluded] == kept


def test_a_limit_that_is_just_reached_is_kept() -> None:
    drop = 0.912 - 0.902  # 0.010000000000000009 in floating point
    (one,) = mark([candidate(5, 4, drop)], Limits(max_drop=0.01, max_latency_ms=5, max_size_mb=4))
    assert one.excluded == ()


def test_every_broken_limit_is_named_with_what_came_and_what_was_allowed() -> None:
    limits = Limits(max_drop=0.01, max_latency_ms=2, max_size_mb=3)
    (one,) = mark([candidate(6, 4, 0.034)], limits)
    assert one.excluded == (
        "3.4 points lost, 1 allowed",
        "6 ms, 2 allowed",
        "4 MB, 3 allowed",
    )


def test_nothing_wins_when_nothing_fits_and_the_nearest_misses_come_first() -> None:
    limits = Limits(max_latency_ms=1)
    marked = mark([candidate(5, 1), candidate(1.5, 1), candidate(9, 1), candidate(2, 1)], limits)
    assert pick(marked) is None
    assert nearest_misses(marked, limits, 2) == [
        "1.5.tflite on litert, 1 thread: 1.5 ms, 1 allowed",
        "2.tflite on litert, 1 thread: 2 ms, 1 allowed",
    ]


def test_a_drop_that_must_be_zero_is_missed_by_little_when_it_is_little() -> None:
    limits = Limits(max_drop=0.0, max_latency_ms=1)
    marked = mark([candidate(1, 1, 0.0001), candidate(40, 1, 0.0)], limits)
    assert nearest_misses(marked, limits, 1)[0].startswith("1.tflite")


def test_the_front_holds_what_nothing_beats_in_everything() -> None:
    marked = mark([candidate(1, 5, 0.02), candidate(2, 5, 0.03), candidate(2, 4, 0.0)], Limits())
    assert [one.on_front for one in marked] == [True, False, True]


def test_without_candidates_there_is_no_winner() -> None:
    assert mark([], Limits()) == []
    assert pick([]) is None


def test_limits_are_said_in_words() -> None:
    assert asked_for(Limits(max_drop=0.007, max_latency_ms=5, max_size_mb=0.5)) == (
        "at most 0.7 points lost, at most 5 ms, at most 0.5 MB"
    )
    assert asked_for(Limits()) == ""
