from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecnn.data import splits
from edgecnn.data.splits import Split
from edgecnn.errors import OptionError

LABELS = np.repeat([0, 1, 2], [60, 30, 10])
GROUPS = np.arange(100) % 20
WAYS: dict[str, Callable[[int], Iterator[Split]]] = {
    "stratified": lambda seed: iter([splits.stratified(LABELS, seed=seed)]),
    "grouped": lambda seed: iter([splits.grouped(LABELS, GROUPS, seed=seed)]),
    "k_fold": lambda seed: splits.k_fold(LABELS, seed=seed),
    "grouped k_fold": lambda seed: splits.k_fold(LABELS, groups=GROUPS, seed=seed),
    "monte_carlo": lambda seed: splits.monte_carlo(LABELS, seed=seed),
    "grouped monte_carlo": lambda seed: splits.monte_carlo(LABELS, groups=GROUPS, seed=seed),
}


@pytest.mark.parametrize("way", WAYS)
def test_parts_are_sorted_and_make_up_the_whole(way: str) -> None:
    for train, test in WAYS[way](0):
        assert train.dtype == test.dtype == np.int64
        assert np.all(np.diff(train) > 0)
        assert np.all(np.diff(test) > 0)
        assert sorted([*train, *test]) == list(range(100))


@pytest.mark.parametrize("way", WAYS)
def test_the_seed_decides(way: str) -> None:
    first, again, other = ([part.test.tolist() for part in WAYS[way](seed)] for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("way", [way for way in WAYS if "grouped" in way])
def test_no_group_is_parted(way: str) -> None:
    for train, test in WAYS[way](0):
        assert not set(GROUPS[train]) & set(GROUPS[test])


@pytest.mark.parametrize("way", ["stratified", "k_fold", "monte_carlo"])
def test_classes_keep_their_shares(way: str) -> None:
    for _, test in WAYS[way](0):
        assert np.bincount(LABELS[test]).tolist() == [12, 6, 2]


@pytest.mark.parametrize("groups", [None, GROUPS])
def test_each_picture_is_held_back_once_by_k_fold(groups: np.ndarray | None) -> None:
    held = [index for _, test in splits.k_fold(LABELS, folds=4, groups=groups) for index in test]
    assert sorted(held) == list(range(100))


def test_leave_one_out_holds_back_each_picture_or_group() -> None:
    assert [test.tolist() for _, test in splits.leave_one_out([0, 1, 1])] == [[0], [1], [2]]
    parts = list(splits.leave_one_out([0, 1, 0, 1], groups=[7, 7, 3, 3]))
    assert sorted(test.tolist() for _, test in parts) == [[0, 1], [2, 3]]
    assert all(len(train) == 2 for train, _ in parts)


def test_monte_carlo_rounds_differ() -> None:
    held = [tuple(test) for _, test in splits.monte_carlo(LABELS, rounds=5)]
    assert len(set(held)) == 5


@given(
    counts=st.lists(st.integers(2, 30), min_size=2, max_size=5),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 9),
)
def test_a_stratified_split_is_fair_or_refused(counts: list[int], share: float, seed: int) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    try:
        test = splits.stratified(labels, test=share, seed=seed).test
    except OptionError:
        assert min(share, 1 - share) * len(labels) < len(counts) + 1
        return
    assert len(test) == np.ceil(share * len(labels))
    got = np.bincount(labels[test], minlength=len(counts))
    np.testing.assert_allclose(got, np.asarray(counts) * len(test) / len(labels), atol=1.01)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: splits.stratified(LABELS, test=1.0), "between 0 and 1"),
        (lambda: splits.stratified(LABELS, test=0.01), "from 0.03 to 0.97"),
        (lambda: splits.stratified([0, 1, 2, 2], test=0.5), "No share gives that: add pictures"),
        (lambda: splits.stratified([0, 0, 0, 1], test=0.5), "Class 1 has 1 picture, too few"),
        (lambda: splits.some(LABELS, 2), r"2 pictures .* 100 of 3 classes. Give 3 \(one a class"),
        (lambda: splits.some(LABELS, 101), "to 100"),
        (lambda: splits.stratified([0]), "at least two pictures"),
        (lambda: splits.grouped(LABELS, GROUPS, test=0.6), "at most 0.5"),
        (lambda: splits.grouped(LABELS, [7] * 100), "one group"),
        (lambda: splits.grouped(LABELS, [1, 2]), r"100 labels, but groups of shape \(2,\)"),
        (lambda: splits.k_fold(LABELS, folds=1), "2 or more"),
        (lambda: splits.k_fold(LABELS, folds=11), "Class 2 has 10 pictures, too few for 11"),
        (lambda: splits.k_fold(LABELS, groups=LABELS), "3 groups, too few for 5 folds"),
        (lambda: splits.leave_one_out([0, 1], groups=[1, 1]), "one group"),
        (lambda: splits.monte_carlo(LABELS, rounds=0), "1 or more"),
        (
            lambda: splits.monte_carlo(LABELS, groups=LABELS, test=0.9),
            "0.9 of 3 groups.*0.3334 to 0.6666",
        ),
    ],
)
def test_what_cannot_be_parted_is_refused(attempt: Callable[[], object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        attempt()


def test_few_groups_hold_back_one_of_them() -> None:
    groups = np.arange(100) % 3
    split = splits.grouped(LABELS, groups, test=0.1)
    assert len(set(groups[split.test])) == 1
    assert not set(groups[split.test]) & set(groups[split.train])


def test_the_message_about_a_share_says_everything() -> None:
    with pytest.raises(OptionError) as caught:
        splits.stratified(np.repeat(np.arange(10), 200), test=0.002)
    assert str(caught.value) == (
        "A share of 0.002 of 2,000 pictures of 10 classes holds back 4 and leaves 1,996, but both "
        "parts need at least 10, one of each class. Give a share from 0.005 to 0.995."
    )


@given(
    counts=st.lists(st.integers(2, 40), min_size=2, max_size=5),
    share=st.sampled_from([0.0001, 0.9999]),
)
def test_the_shares_that_a_refusal_names_do_work(counts: list[int], share: float) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    with pytest.raises(OptionError) as caught:
        splits.stratified(labels, test=share)
    words = str(caught.value).rstrip(".").split()
    for named in (float(words[-3]), float(words[-1])):
        train, test = splits.stratified(labels, test=named)
        assert min(len(train), len(test)) >= len(counts)


@given(counts=st.lists(st.integers(2, 20), min_size=1, max_size=5), data=st.data())
def test_some_are_exactly_so_many_of_each_class_the_same_share(
    counts: list[int], data: st.DataObject
) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    wanted = data.draw(st.integers(len(counts), len(labels)))
    indices = splits.some(labels, wanted)
    assert len(set(indices.tolist())) == len(indices) == wanted
    assert np.all(np.diff(indices) > 0)
    got = np.bincount(labels[indices], minlength=len(counts))
    np.testing.assert_allclose(got, np.asarray(counts) * wanted / len(labels), atol=1.51)
    assert splits.some(labels, wanted).tolist() == indices.tolist()
