"""Connected components, against a search by hand."""

from __future__ import annotations

import numpy as np
import pytest

from edgecnn.core.components import connected


def by_hand(count: int, pairs: list[tuple[int, int]]) -> list[int]:
    found = list(range(count))
    for _ in range(count):
        for one, other in pairs:
            found[one] = found[other] = min(found[one], found[other])
    return found


def test_nodes_without_edges_are_alone() -> None:
    np.testing.assert_array_equal(connected(3, []), [0, 1, 2])


def test_a_chain_ends_at_its_smallest_member() -> None:
    chain = np.arange(20)[::-1]
    np.testing.assert_array_equal(connected(20, [(chain[:-1], chain[1:])]), np.zeros(20))


@pytest.mark.parametrize("seed", range(5))
def test_random_edges_give_the_components_found_by_hand(seed: int) -> None:
    ends = np.random.default_rng(seed).integers(0, 60, (3, 2, 15))
    pairs = [(int(a), int(b)) for one, other in ends for a, b in zip(one, other, strict=True)]
    found = connected(60, [(one, other) for one, other in ends])
    assert found.tolist() == by_hand(60, pairs)
