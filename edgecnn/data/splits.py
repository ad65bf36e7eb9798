"""Parting a data set for training and proof: index arrays, seeded; scikit-learn does the work.

- `stratified`, `grouped`: one split in two parts; `some`: fewer pictures of all.
- `k_fold`, `leave_one_out`, `monte_carlo`: many splits, for cross-validation.

Every function keeps the shares of the classes (`leave_one_out` cannot), and with ``groups`` keeps
pictures of one group together: pictures of one person or recording on both sides make any accuracy
look better than it is. Indices are sorted, (n,) int64; the same seed gives the same split.

Reference: Kohavi 1995, "A Study of Cross-Validation and Bootstrap for Accuracy Estimation and
Model Selection", IJCAI; it finds ten stratified folds the best choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError
from edgecnn.optional import require
from edgecnn.wording import counted

Indices = NDArray[np.int64]


class Split(NamedTuple):
    """Two parts that share no picture.

    Attributes:
        train: (n,) int64, sorted.
        test: (m,) int64, sorted; the part that is held back, whether it validates or tests.
    """

    train: Indices
    test: Indices


def stratified(labels: Any, *, test: float = 0.2, seed: int = 0) -> Split:
    """Part once; each class has the same share on both sides.

    Args:
        labels: (N,) class of each picture.
        test: Share that is held back, between 0 and 1.
        seed: Of the shuffle.

    Raises:
        OptionError: A share out of range or too small for the classes, or a class of one picture.
    """
    return next(monte_carlo(labels, rounds=1, test=test, seed=seed))


def grouped(labels: Any, groups: Any, *, test: float = 0.2, seed: int = 0) -> Split:
    """Part once; each group is on one side, classes have about the same share on both.

    The share is met as well as whole groups allow: it is one of 1/``test`` folds, rounded, and of
    fewer where there are fewer groups.

    Args:
        labels: (N,) class of each picture.
        groups: (N,) group of each picture.
        test: Share that is held back, above 0 and at most a half.
        seed: Of the shuffle.

    Raises:
        OptionError: A share out of range, or a single group.
    """
    if not 0 < test <= 0.5:
        raise OptionError(f"test must be above 0 and at most 0.5, but got {test}.")
    count = len(np.unique(_groups(groups, len(_classes(labels)))))
    if count < 2:
        raise OptionError(
            "All pictures are of one group, so none can be held back without the others. Name "
            "finer groups, or hold nothing back (a share of 0)."
        )
    return next(k_fold(labels, folds=min(round(1 / test), count), groups=groups, seed=seed))


def k_fold(labels: Any, *, folds: int = 5, groups: Any = None, seed: int = 0) -> Iterator[Split]:
    """Part ``folds`` times, so that each picture is held back exactly once.

    Args:
        labels: (N,) class of each picture.
        folds: At least 2.
        groups: (N,) group of each picture, or None. A class that lives in a single group is missing
            from training whenever that group is held back.
        seed: Of the shuffle.

    Raises:
        OptionError: Fewer groups than folds, or a class with fewer pictures than folds.
    """
    classes = _classes(labels)
    if folds < 2:
        raise OptionError(f"folds must be 2 or more, but got {folds}.")
    selection = require("sklearn.model_selection", extra="train")
    if groups is None:
        _check_members(classes, folds, f"{folds} folds")
        folder = selection.StratifiedKFold(folds, shuffle=True, random_state=seed)
        return _splits(folder.split(classes, classes))
    members = _groups(groups, len(classes))
    count = len(np.unique(members))
    if count < folds:
        raise OptionError(
            f"There are {count} groups, too few for {folds} folds: each fold needs one. Ask for "
            f"{max(count, 2)} folds at most, or name finer groups."
        )
    _check_members(classes, folds, f"{folds} folds")
    folder = selection.StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    return _splits(folder.split(classes, classes, members))


def leave_one_out(labels: Any, *, groups: Any = None) -> Iterator[Split]:
    """Hold back one picture, or one group, at a time.

    For very small sets: the net is trained as often as there are pictures or groups.

    Args:
        labels: (N,) class of each picture; at least two pictures.
        groups: (N,) group of each picture, or None.

    Raises:
        OptionError: Fewer than two pictures or groups.
    """
    classes = _classes(labels)
    selection = require("sklearn.model_selection", extra="train")
    if groups is None:
        return _splits(selection.LeaveOneOut().split(classes))
    members = _groups(groups, len(classes))
    if len(np.unique(members)) < 2:
        raise OptionError("All pictures are of one group; leaving it out would leave nothing.")
    return _splits(selection.LeaveOneGroupOut().split(classes, classes, members))


def monte_carlo(
    labels: Any, *, rounds: int = 10, test: float = 0.2, groups: Any = None, seed: int = 0
) -> Iterator[Split]:
    """Part at random, again and again; a picture may be held back several times, or never.

    Also known as repeated random sub-sampling, or shuffle-split.

    Args:
        labels: (N,) class of each picture.
        rounds: Number of splits.
        test: Share that is held back, between 0 and 1; of the groups, where there are any.
        groups: (N,) group of each picture, or None. With groups the shares of the classes are left
            to chance.
        seed: Of all shuffles.

    Raises:
        OptionError: A share out of range or too small, a class of one picture, or one group.
    """
    classes = _classes(labels)
    if rounds < 1:
        raise OptionError(f"rounds must be 1 or more, but got {rounds}.")
    if not 0 < test < 1:
        raise OptionError(f"test must be a share between 0 and 1, but got {test}.")
    selection = require("sklearn.model_selection", extra="train")
    members = None if groups is None else _groups(groups, len(classes))
    units = classes if members is None else np.unique(members)
    held = int(np.ceil(test * len(units)))
    _check_share(test, held, len(units), None if members is not None else len(np.unique(classes)))
    options = {"n_splits": rounds, "test_size": held, "random_state": seed}
    if members is not None:
        return _splits(selection.GroupShuffleSplit(**options).split(classes, classes, members))
    _check_members(classes, 2, "a split in two")
    return _splits(selection.StratifiedShuffleSplit(**options).split(classes, classes))


def some(labels: Any, count: int, *, seed: int = 0) -> Indices:
    """So many pictures, of each class the same share.

    Args:
        labels: (N,) class of each picture.
        count: At least one a class, at most all.
        seed: Of the choice.

    Raises:
        OptionError: Fewer than there are classes, more than there are pictures, or a class of one
            picture.
    """
    classes = _classes(labels)
    least, whole = len(np.unique(classes)), len(classes)
    if not least <= count <= whole:
        raise OptionError(
            f"A limit of {count:,} pictures cannot be kept: there are {whole:,} of "
            f"{counted(least, 'class', 'classes')}. Give {least:,} (one a class) to {whole:,}."
        )
    if whole - count < least:
        return _all_but(classes, whole - count, seed)
    selection = require("sklearn.model_selection", extra="train")
    _check_members(classes, 2, "a choice of some")
    folder = selection.StratifiedShuffleSplit(1, test_size=count, random_state=seed)
    return next(_splits(folder.split(classes, classes))).test


def _all_but(classes: NDArray[Any], count: int, seed: int) -> Indices:
    """Leave out fewer pictures than there are classes, each from the largest class left."""
    kept, random = np.ones(len(classes), bool), np.random.default_rng(seed)
    for _ in range(count):
        names, counts = np.unique(classes[kept], return_counts=True)
        largest = np.flatnonzero(kept & (classes == names[counts.argmax()]))
        kept[random.choice(largest)] = False
    return np.flatnonzero(kept).astype(np.int64)


def part(name: str, split: str, labels: Any) -> Indices:
    """Indices of a split of a data set that its authors did not part: 80 to 20, for ever the same.

    Args:
        name: Of the data set, for the error.
        split: ``train``, ``test`` or ``all``.
        labels: (N,) of the whole set.

    Raises:
        OptionError: There is no such split.
    """
    if split == "all":
        return np.arange(len(labels), dtype=np.int64)
    if split not in ("test", "train"):
        raise OptionError(f"{name} has the splits all, test and train, but got {split!r}.")
    indices: Indices = getattr(stratified(labels, test=0.2, seed=0), split)
    return indices


def _splits(pairs: Any) -> Iterator[Split]:
    for train, test in pairs:
        yield Split(np.sort(train).astype(np.int64), np.sort(test).astype(np.int64))


def _classes(labels: Any) -> NDArray[Any]:
    classes = np.asarray(labels)
    if classes.ndim != 1 or len(classes) < 2:
        raise OptionError(
            f"Labels must be one class for each of at least two pictures, but got shape "
            f"{classes.shape}."
        )
    return classes


def _groups(groups: Any, count: int) -> NDArray[Any]:
    members = np.asarray(groups)
    if members.shape != (count,):
        raise OptionError(f"There are {count} labels, but groups of shape {members.shape}.")
    return members


def _check_share(share: float, held: int, count: int, classes: int | None) -> None:
    """Both parts hold what they have to: a picture of each class, or a group."""
    least = classes or 1
    if min(held, count - held) >= least:
        return
    what = "groups" if classes is None else f"pictures of {counted(least, 'class', 'classes')}"
    need = "one" if classes is None else f"at least {least:,}, one of each class"
    told = (
        f"A share of {share:g} of {count:,} {what} holds back {held:,} and leaves "
        f"{count - held:,}, but both parts need {need}."
    )
    if count < 2 * least:
        raise OptionError(f"{told} No share gives that: add {what.split()[0]}.")
    # Rounded inwards, so that what is said does work.
    low, high = np.ceil(1e4 * least / count) / 1e4, np.floor(1e4 * (1 - least / count)) / 1e4
    if low > high:
        low = high = 0.5
    raise OptionError(f"{told} Give a share from {low:g} to {high:g}.")


def _check_members(classes: NDArray[Any], least: int, purpose: str) -> None:
    names, counts = np.unique(classes, return_counts=True)
    if counts.min() < least:
        raise OptionError(
            f"Class {names[counts.argmin()]} has {counted(int(counts.min()), 'picture')}, too few "
            f"for {purpose}: each class needs {least}. Add pictures, or leave the class out."
        )
