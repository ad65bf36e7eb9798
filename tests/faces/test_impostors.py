"""Tables of impostor scores: made, read, and refused when they do not add up."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from edgecnn.errors import GalleryError, OptionError
from edgecnn.faces.calibrate import threshold_for
from edgecnn.faces.impostors import bounds_by_people, find_table, make_table
from edgecnn.faces.match import closest_pairs
from edgecnn.faces.policy import rule_for
from tests.faces.people import SPACE, make_table_of, vectors_of

WORDS = {"photographs": "Test set", "licence": "CC0-1.0", "source": "here"}


def made():
    vectors = np.concatenate([vectors_of(number, 2) for number in range(5)])
    return vectors, make_table(vectors, [2] * 5, space=SPACE, metric="euclidean", **WORDS)


def test_table_has_one_rising_score_for_each_pair_of_people():
    vectors, table = made()
    assert (table.identities, table.images, len(table.distances)) == (5, 10, 10)
    assert list(table.distances) == sorted(table.distances)
    nearest = min(
        np.linalg.norm(vectors[a] - vectors[b])
        for a in range(10)
        for b in range(10)
        if a // 2 != b // 2
    )
    assert table.distances[0] == pytest.approx(nearest, abs=1e-4)
    assert table.words == "Test set (CC0-1.0): 5 people, 10 pairs"


def test_table_on_disk_is_found_by_its_space_and_holds_no_vector(tmp_path):
    vectors, table = made()
    content = msgspec.json.encode(table)
    (tmp_path / f"{SPACE}.json").write_bytes(content)
    assert find_table(SPACE, tmp_path) == table
    assert find_table("another", tmp_path) is None
    assert find_table("../" + SPACE, tmp_path) is None
    assert len(content) < 500
    assert vectors.tobytes()[:8] not in content


def test_damaged_or_foreign_table_is_refused(tmp_path):
    _, table = made()
    file = tmp_path / f"{SPACE}.json"
    file.write_bytes(msgspec.json.encode(table)[:-9])
    with pytest.raises(GalleryError, match="damaged"):
        find_table(SPACE, tmp_path)
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(table, space="other")))
    with pytest.raises(GalleryError, match="'other'"):
        find_table(SPACE, tmp_path)


@pytest.mark.parametrize(
    ("distances", "identities"), [([0.5], 3), ([], 1), ([-0.1], 2), ([float("inf")], 2)]
)
def test_numbers_that_cannot_be_are_refused(distances, identities):
    with pytest.raises(OptionError):
        make_table_of(np.array(distances), identities)


def test_a_large_table_keeps_the_smallest_and_is_no_less_strict_for_it():
    """150 people, 11,175 pairs: 1.5 % of them stay."""
    rng = np.random.default_rng(6)
    vectors = rng.normal(size=(150, 24)).astype(np.float32)
    table = make_table(vectors, [1] * 150, space=SPACE, metric="euclidean", **WORDS)
    every = closest_pairs(vectors, [1] * 150, "euclidean")
    assert (table.pairs, len(table.distances)) == (11_175, 168)
    whole = threshold_for(0.01, every)
    assert threshold_for(0.01, table.scores(), table.pairs).threshold == pytest.approx(
        whole.threshold, abs=1e-4
    )
    own = np.array([0.1, 99.0])
    assert threshold_for(0.01, table.scores(own), table.pairs + 2).threshold <= whole.threshold
    with pytest.raises(OptionError, match="168"):
        msgspec.structs.replace(table, distances=table.distances[:100])


def test_bounds_by_people_are_never_looser_than_those_of_as_many_pairs():
    """A few people who resemble everybody: their pairs are not independent."""
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(120, 24))
    vectors[:6] *= 0.3
    distances = closest_pairs(vectors.astype(np.float32), [1] * 120, "euclidean")
    bounds = bounds_by_people(distances, 120)
    assert [bound.target for bound in bounds] == [0.01, 0.001]
    for bound in bounds:
        plain = threshold_for(bound.target, distances)
        assert bound.threshold <= plain.threshold
        assert (distances < bound.threshold).mean() <= bound.upper_bound <= bound.target
    assert bounds[0].threshold < 0.95 * threshold_for(0.01, distances).threshold
    assert bounds_by_people(distances[:36], 9) == ()


def test_the_table_that_comes_along_supports_the_strictest_rate_and_names_its_photographs():
    table = find_table(SPACE)
    assert (table.identities, table.images, table.pairs) == (813, 813, 330_078)
    assert [bound.target for bound in table.bounds] == [0.01, 0.001, 0.0001]
    assert "public domain" in table.words
    rule = rule_for(SPACE, table)
    assert rule.target == 0.0001
    assert rule.upper_bound <= 0.0001
    assert 0.40 < rule.threshold < rule_for(SPACE, table, None, 0.001).threshold < 0.52
    # Between two rates the stricter one's threshold decides.
    assert rule_for(SPACE, table, None, 0.005).threshold == table.bounds[1].threshold
    with pytest.raises(GalleryError, match="pairs"):
        rule_for(SPACE, table, None, 1e-6)
