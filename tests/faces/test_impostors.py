"""Tables of impostor scores: made, read, and refused when they do not add up."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from edgecnn.errors import GalleryError, OptionError
from edgecnn.faces.impostors import find_table, make_table
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


def test_this_version_brings_no_table():
    assert find_table(SPACE) is None
