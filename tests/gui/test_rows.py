from __future__ import annotations

import itertools

import pytest

from gui.rows import Rows
from tests.helpers.app import boxes, classes, result_for


def test_a_class_keeps_its_place_while_it_stays() -> None:
    rows = Rows(smooth=False)
    rows.feed(classes(person=0.6, cup=0.3), 0.1, 0.0)
    rows.feed(classes(person=0.2, cup=0.7), 0.1, 1.0)
    assert [row.label for row in rows.rows] == ["person", "cup"]
    assert [row.reading for row in rows.rows] == ["0.20", "0.70"]


def test_scores_follow_slowly_and_arrive() -> None:
    rows = Rows(smooth=True)
    rows.feed(classes(person=1.0), 0.1, 0.0)
    rows.feed(classes(person=0.5), 0.1, 0.05)
    assert 0.85 < rows.rows[0].score < 0.95
    for step in range(2, 60):
        rows.feed(classes(person=0.5), 0.1, step * 0.05)
    assert rows.rows[0].score == pytest.approx(0.5, abs=0.01)


def test_numbers_change_at_most_four_times_a_second() -> None:
    rows = Rows(smooth=True)
    readings = []
    for step in range(61):
        rows.feed(classes(person=1 - step / 100), 0.1, step / 30)
        readings.append(rows.rows[0].reading)
    changes = sum(a != b for a, b in itertools.pairwise(readings))
    assert 4 <= changes <= 8


def test_a_row_stays_for_a_moment_after_its_class_has_gone_and_then_goes() -> None:
    rows = Rows(smooth=True)
    rows.feed(classes(person=0.9), 0.1, 0.0)
    rows.feed(classes(cup=0.9), 0.1, 0.3)
    assert [(row.label, row.faded) for row in rows.rows] == [("person", True), ("cup", False)]
    rows.feed(classes(cup=0.9), 0.1, 1.2)
    assert [row.label for row in rows.rows] == ["cup"]


def test_objects_are_counted_by_class_with_the_best_score() -> None:
    rows = Rows(smooth=False)
    rows.feed(boxes(("person", 0.8), ("cup", 0.7), ("person", 0.6), ("dog", 0.2)), 0.5, 0.0)
    assert [(row.label, row.count, row.reading) for row in rows.rows] == [
        ("person", 2, "0.80"),
        ("cup", 1, "0.70"),
    ]


def test_faces_are_counted_and_regions_give_their_share() -> None:
    rows = Rows(smooth=False)
    rows.feed(result_for("face"), 0.5, 0.0)
    assert [(row.label, row.count) for row in rows.rows] == [("face", 1)]
    rows.clear()
    rows.feed(result_for("segment"), 0.5, 0.0)
    assert rows.rows[0].score == pytest.approx(0.5)


def test_nothing_said_gives_no_rows() -> None:
    rows = Rows(smooth=False)
    rows.feed(None, 0.5, 0.0)
    assert rows.rows == ()
