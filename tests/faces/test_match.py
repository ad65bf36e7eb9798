"""The two nearest people, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from edgecnn.errors import GalleryError, OptionError
from edgecnn.faces.match import Matcher, closest_pairs, distances, own_distances

METRICS = ("euclidean", "cosine")


def plain_distance(a, b, metric) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    if metric == "cosine":
        return float(1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    return float(np.linalg.norm(a - b))


def crowd(seed: int = 0):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, 30)
    counts[:2] = 1, 3
    return rng.normal(size=(int(counts.sum()), 16)).astype(np.float32), counts


def by_person(vectors, counts):
    ends = np.cumsum(counts)
    return [vectors[end - count : end] for end, count in zip(ends, counts, strict=True)]


@pytest.mark.parametrize("metric", METRICS)
def test_two_nearest_are_those_of_a_plain_search(metric):
    vectors, counts = crowd()
    active = np.random.default_rng(1).random(len(counts)) < 0.7
    queries = np.random.default_rng(2).normal(size=(150, 16)).astype(np.float32)
    people = by_person(vectors, counts)
    for query, found in zip(
        queries, Matcher(vectors, counts, metric, active).nearest(queries), strict=True
    ):
        expected = sorted(
            (min(plain_distance(query, template, metric) for template in templates), index)
            for index, templates in enumerate(people)
            if active[index] and len(templates)
        )
        assert (found.person, found.second) == (expected[0][1], expected[1][1])
        assert found.distance == pytest.approx(expected[0][0], abs=1e-6)
        assert found.second_distance == pytest.approx(expected[1][0], abs=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_an_enrolled_face_is_at_distance_nought(metric):
    vectors, counts = crowd()
    for found in Matcher(vectors, counts, metric).nearest(vectors * np.float32(1.0)):
        assert found.distance == pytest.approx(0, abs=1e-6)


def test_empty_gallery_and_a_single_person():
    empty = Matcher(np.empty((0, 4), np.float32), [], "euclidean").nearest(np.ones((1, 4)))
    assert empty[0].person == -1
    assert empty[0].distance == np.inf
    alone = Matcher(np.ones((2, 4), np.float32), [2], "euclidean").nearest(np.ones((1, 4)))
    assert (alone[0].person, alone[0].second, alone[0].second_distance) == (0, -1, np.inf)


def test_one_to_one_is_the_nearest_template_of_that_person():
    vectors, counts = crowd()
    query = np.random.default_rng(5).normal(size=(3, 16)).astype(np.float32)
    expected = distances(query, by_person(vectors, counts)[1], "euclidean").min(axis=1)
    np.testing.assert_allclose(
        Matcher(vectors, counts, "euclidean").to_person(query, 1), expected, atol=1e-6
    )
    with pytest.raises(GalleryError, match="no templates"):
        Matcher(vectors, counts, "euclidean", np.arange(len(counts)) != 1).to_person(query, 1)


@pytest.mark.parametrize("metric", METRICS)
def test_pairs_of_people_and_own_distances_against_loops(metric):
    vectors, counts = crowd(3)
    people = [item for item in by_person(vectors, counts) if len(item)]
    expected = [
        min(plain_distance(a, b, metric) for a in people[i] for b in people[j])
        for i in range(len(people))
        for j in range(i + 1, len(people))
    ]
    np.testing.assert_allclose(closest_pairs(vectors, counts, metric), expected, atol=1e-6)
    own = [
        min(plain_distance(a, b, metric) for b in templates if b is not a)
        for templates in map(list, people)
        if len(templates) > 1
        for a in templates
    ]
    np.testing.assert_allclose(own_distances(vectors, counts, metric), own, atol=1e-6)


def test_what_cannot_be_compared_is_refused():
    matcher = Matcher(np.ones((2, 4), np.float32), [1, 1], "euclidean")
    with pytest.raises(GalleryError, match="another embedder"):
        matcher.nearest(np.ones((1, 5), np.float32))
    with pytest.raises(GalleryError, match="not finite"):
        matcher.nearest(np.full((1, 4), np.nan, np.float32))
    with pytest.raises(GalleryError, match="no direction"):
        Matcher(np.zeros((1, 4), np.float32), [1], "cosine")
    with pytest.raises(OptionError):
        Matcher(np.ones((2, 4), np.float32), [1], "euclidean")


def test_templates_and_queries_are_not_changed():
    vectors, counts = crowd()
    before = vectors.copy()
    Matcher(vectors, counts, "cosine").nearest(vectors)
    np.testing.assert_array_equal(vectors, before)
