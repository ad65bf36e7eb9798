"""The graph finds whom an exact search finds, and only who may be found."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from edgecnn.errors import GalleryError, MissingExtraError
from edgecnn.faces.match import Matcher
from tests.faces.people import SECRET, embeddings_of, make_gallery


def crowd(people: int = 300, dimension: int = 16):
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 5, people)
    return rng.normal(size=(int(counts.sum()), dimension)).astype(np.float32), counts


@pytest.fixture
def indexed():
    pytest.importorskip("usearch")
    from edgecnn.faces.match_index import IndexedMatcher

    return IndexedMatcher


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_the_two_nearest_are_those_of_an_exact_search(indexed, metric):
    vectors, counts = crowd()
    active = np.random.default_rng(1).random(len(counts)) < 0.7
    queries = np.random.default_rng(2).normal(size=(200, 16)).astype(np.float32)
    exact = Matcher(vectors, counts, metric, active).nearest(queries)
    found = indexed(vectors, counts, metric, active).nearest(queries)
    assert [one.person for one in found] == [one.person for one in exact]
    assert [one.second for one in found] == [one.second for one in exact]
    np.testing.assert_allclose(
        [(one.distance, one.second_distance) for one in found],
        [(one.distance, one.second_distance) for one in exact],
        atol=1e-6,
    )


def test_no_template_is_lost_while_the_graph_is_made(indexed):
    vectors = np.random.default_rng(4).normal(size=(5_000, 16)).astype(np.float32)
    found = indexed(vectors, np.ones(len(vectors), np.int64), "euclidean").nearest(vectors)
    assert [one.person for one in found] == list(range(len(vectors)))


def test_the_second_person_is_found_behind_many_templates_of_the_first(indexed):
    rng = np.random.default_rng(3)
    near = rng.normal(0, 0.01, (300, 8))
    vectors = np.concatenate([near, np.full((1, 8), 5.0)]).astype(np.float32)
    (found,) = indexed(vectors, [300, 1], "euclidean").nearest(np.zeros((1, 8), np.float32))
    assert (found.person, found.second) == (0, 1)
    (alone,) = indexed(vectors[:300], [300], "euclidean").nearest(np.zeros((1, 8), np.float32))
    assert (alone.person, alone.second) == (0, -1)


def test_empty_foreign_and_broken_faces(indexed):
    empty = indexed(np.empty((0, 4), np.float32), [], "euclidean")
    assert empty.nearest(np.ones((1, 4), np.float32))[0].person == -1
    matcher = indexed(np.eye(4, dtype=np.float32), [2, 2], "euclidean")
    with pytest.raises(GalleryError, match="another embedder"):
        matcher.nearest(np.ones((1, 5), np.float32))
    with pytest.raises(GalleryError, match="not finite"):
        matcher.nearest(np.full((1, 4), np.nan, np.float32))


def test_a_gallery_searches_by_graph_when_told_to_and_sees_changes(indexed, tmp_path):
    gallery = make_gallery(tmp_path, *(f"Person {number}" for number in range(12)))
    exact = gallery.match([embeddings_of(7)[0]])
    gallery.search = "index"
    found = gallery.match([embeddings_of(7)[0]])
    assert (found[0].name, found[0].margin) == ("Person 7", pytest.approx(exact[0].margin))
    assert type(gallery.matcher) is indexed
    gallery.rename("Person 7", "Ada")
    assert gallery.match([embeddings_of(7)[0]])[0].name == "Ada"
    written = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert written == {"gallery.faces", ".gallery.faces.lock"}


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    gallery = make_gallery(tmp_path, "Ada")
    gallery.search = "index"
    monkeypatch.setitem(sys.modules, "usearch", None)
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(MissingExtraError, match=r"edgecnn\[index\]"):
        gallery.match([embeddings_of(0)[0]])
    assert SECRET.text not in str(gallery.store)
