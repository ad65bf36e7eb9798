from __future__ import annotations

import json

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.evaluation.identification import Trials, ask, enrol_first, judge_identification


def euclidean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.norm(a[:, None] - b[None], axis=2)


def test_the_first_pictures_of_each_person_are_enrolled() -> None:
    people = np.array([1, 0, 1, 1, 0, 2])
    assert enrol_first(people).tolist() == [True, True, False, False, False, True]
    assert enrol_first(people, 2).tolist() == [True, True, True, False, True, True]


def test_distances_and_ranks_by_hand() -> None:
    # On a line: people at 0, 10 and 20; a probe of each, the last one nearer to the others.
    vectors = np.array([[0.0], [10.0], [20.0], [1.0], [12.0], [4.0]])
    people = np.array([0, 1, 2, 0, 1, 2])
    trials = ask(vectors, people, enrol_first(people), euclidean)
    assert trials.own.tolist() == [1.0, 2.0, 16.0]
    assert trials.other.tolist() == [9.0, 8.0, 4.0]
    assert trials.rank.tolist() == [1, 1, 3]
    assert trials.gallery == 3


def test_the_nearest_of_several_templates_counts() -> None:
    vectors = np.array([[0.0], [9.0], [5.0], [8.0], [0.0]])
    people = np.array([7, 7, 4, 7, 4])
    enrolled = np.array([True, True, True, False, False])
    trials = ask(vectors, people, enrolled, euclidean)
    assert trials.own.tolist() == [1.0, 5.0]
    assert trials.other.tolist() == [3.0, 0.0]


def test_a_tie_counts_against_us() -> None:
    vectors = np.array([[0.0], [2.0], [1.0]])
    people = np.array([0, 1, 0])
    assert ask(vectors, people, enrol_first(people), euclidean).rank.tolist() == [2]


def test_a_table_in_parts_is_the_same() -> None:
    rng = np.random.default_rng(0)
    people = rng.integers(0, 30, 900)
    vectors = rng.normal(size=(900, 4)) + people[:, None]
    enrolled = enrol_first(people)
    trials = ask(vectors, people, enrolled, euclidean)
    gallery = np.flatnonzero(enrolled)
    table = euclidean(vectors[~enrolled], vectors[gallery])
    mine = people[~enrolled][:, None] == people[gallery][None]
    np.testing.assert_allclose(trials.own, table[mine])
    np.testing.assert_allclose(trials.other, np.where(mine, np.inf, table).min(axis=1))


def test_open_set_by_hand() -> None:
    own = np.array([0.1] * 30 + [0.5] * 10)
    other = np.linspace(0.3, 0.9, 40)
    rank = (own >= other).astype(np.int64) + 1
    trials = Trials(own, other, rank, np.arange(40), 40)
    report = judge_identification(trials, [0.1], replicates=100)
    # Four of forty strangers may be named: everything below the fifth.
    limit = other[4]
    (point,) = report.points
    assert point.threshold == limit
    assert point.dir == ((own < limit) & (rank == 1)).mean() == 0.75
    assert point.dir_interval is not None
    assert point.dir_interval[0] < 0.75 < point.dir_interval[1]
    assert report.ranks[1][0] == (rank == 1).mean()
    assert report.ranks[5][0] == 1.0
    json.dumps(report.to_dict())


def test_strict_rates_need_many_strangers() -> None:
    trials = Trials(np.zeros(40), np.ones(40), np.ones(40, np.int64), np.arange(40), 40)
    report = judge_identification(trials, replicates=20)
    assert [point.far for point in report.points] == [0.1]
    assert report.refused[0].people_pairs_needed == 299
    # All are found, of 40 people: not certain for others.
    rate, interval = report.ranks[1]
    assert rate == 1.0
    assert interval is not None
    assert interval[0] < 0.92


def test_ranks_that_cover_the_gallery_are_left_out() -> None:
    trials = Trials(np.zeros(4), np.ones(4), np.ones(4, np.int64), np.arange(4), 4)
    assert list(judge_identification(trials, replicates=5).ranks) == [1]


def test_too_few_people_are_an_error() -> None:
    with pytest.raises(OptionError, match="2 people enrolled and 0 other pictures"):
        ask(np.zeros((2, 1)), np.array([0, 1]), np.array([True, True]), euclidean)
    with pytest.raises(OptionError, match="1 people enrolled"):
        ask(np.zeros((2, 1)), np.array([0, 0]), np.array([True, False]), euclidean)
