from __future__ import annotations

import numpy as np
import pytest

from benchmarks.interop_compare import Tally, judge
from benchmarks.interop_tools import Found, Ranked

OURS = Ranked(("a", "b", "c", "d", "e", "f"), np.float32([0.5, 0.2, 0.1, 0.1, 0.05, 0.0]))
BOX = np.float32([[10, 10, 50, 50]])


def _theirs(labels: str, scores: list[float]) -> Ranked:
    return Ranked(tuple(labels), np.array(scores, np.float32))


@pytest.mark.parametrize(
    ("labels", "scores", "same"),
    [
        ("abcde", [0.5, 0.2, 0.1, 0.1, 0.05], True),
        ("abdce", [0.5, 0.2, 0.1, 0.1, 0.05], True),  # equal scores
        ("bacde", [0.5, 0.2, 0.1, 0.1, 0.05], False),
        ("abcde", [0.6, 0.2, 0.1, 0.1, 0.05], False),
        ("abcdx", [0.5, 0.2, 0.1, 0.1, 0.05], False),
    ],
)
def test_a_top_five_is_the_same_but_for_equal_scores(
    labels: str, scores: list[float], same: bool
) -> None:
    tally = Tally()
    assert judge(OURS, _theirs(labels, scores), "float16", tally) is same
    assert (tally.asked, tally.agreed) == (1, int(same))


@pytest.mark.parametrize(
    ("label", "score", "shift", "same"),
    [
        ("cup", 0.9, 0.0, True),
        ("cup", 0.9, 1.9, True),
        ("cup", 0.9, 3.0, False),
        ("cup", 0.8, 0.0, False),
        ("mug", 0.9, 0.0, False),
    ],
)
def test_boxes_may_be_rounded_and_no_more(
    label: str, score: float, shift: float, same: bool
) -> None:
    ours = Found(("cup",), np.float32([0.9]), BOX)
    theirs = Found((label,), np.float32([score]), BOX + np.float32(shift))
    assert judge(ours, theirs, "float16", Tally()) is same


def test_a_box_too_many_or_too_few_is_a_difference() -> None:
    one = Found(("cup",), np.float32([0.9]), BOX)
    none = Found((), np.empty(0, np.float32), np.empty((0, 4), np.float32))
    assert not judge(one, none, "int8", Tally())
    assert not judge(none, one, "int8", Tally())
    assert judge(none, none, "int8", Tally())


def test_vectors_and_masks_are_told_apart_by_their_axes() -> None:
    vector = np.float32([1, 2, 3])
    assert judge(vector, vector.copy(), "float16", Tally())
    assert not judge(vector, -vector, "float16", Tally())
    mask = np.zeros((8, 8), np.float32)
    mask[:4] = 1
    assert judge(mask, mask.copy(), "float16", Tally())
    assert not judge(mask, mask[::-1], "float16", Tally())
    assert not judge(mask, mask[:4], "float16", Tally())
    with pytest.raises(TypeError, match="not comparable"):
        judge(mask, OURS, "float16", Tally())


def test_the_table_gives_the_worst_case() -> None:
    tally = Tally()
    for shift in (0.0, 1.0):
        judge(
            Found(("cup",), np.float32([0.9]), BOX),
            Found(("cup",), np.float32([0.9 - shift / 1000]), BOX + np.float32(shift)),
            "float16",
            tally,
        )
    words = tally.words()
    assert "2 objects" in words
    assert "score difference 0.00100" in words
    assert "corner px 1.00000" in words
