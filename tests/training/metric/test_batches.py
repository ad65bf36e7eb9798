from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from edgecnn.errors import OptionError
from edgecnn.training.batches import Samples
from edgecnn.training.metric.batches import ClassBatches, class_rows, steps_of

LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(7), [30, 22, 14, 9, 40, 3, 12]))


@pytest.mark.parametrize("classes", [2, 3, 5, 7])
def test_each_batch_has_so_many_classes_with_so_many_pictures(classes: int) -> None:
    for row in class_rows(LABELS, classes, 4, seed=1, epoch=0):
        names, counts = np.unique(LABELS[row], return_counts=True)
        assert len(names) == classes
        assert set(counts) == {4}


def test_classes_come_equally_often_and_pictures_in_turns() -> None:
    rows = class_rows(LABELS, 3, 2, seed=1, epoch=0)
    assert len(rows) == len(LABELS) // 6
    shown = np.bincount(LABELS[rows.ravel()])
    assert shown.max() - shown.min() <= 4
    for name in range(7):
        often = np.unique(rows[LABELS[rows] == name], return_counts=True)[1]
        assert often.max() - often.min() <= 1 or often.sum() < (name == LABELS).sum()


def test_an_epoch_depends_on_seed_and_number_alone() -> None:
    first = class_rows(LABELS, 4, 3, seed=5, epoch=2)
    np.testing.assert_array_equal(first, class_rows(LABELS, 4, 3, seed=5, epoch=2))
    assert not np.array_equal(first, class_rows(LABELS, 4, 3, seed=5, epoch=3))
    assert not np.array_equal(first, class_rows(LABELS, 4, 3, seed=6, epoch=2))


def test_more_classes_than_there_are_means_all() -> None:
    assert class_rows(LABELS, 50, 2, seed=0, epoch=0).shape == (len(LABELS) // 14, 14)


def test_small_classes_give_pictures_twice() -> None:
    labels = np.array([0, 0, 1, 1, 1, 1, 1, 1])
    (row,) = class_rows(labels, 2, 4, seed=0, epoch=0)
    assert np.bincount(row, minlength=2)[:2].tolist() == [2, 2]


def test_batches_are_pixels_and_classes() -> None:
    images = np.arange(len(LABELS), dtype=np.uint8)[:, None, None, None] * np.ones(
        (1, 2, 2, 1), np.uint8
    )
    samples = Samples(images, LABELS, tuple("abcdefg"))
    batches = ClassBatches(samples, 3, 4, seed=0, epoch=0, augment=lambda x, y, seed: (x + 0.5, y))
    assert len(batches) == steps_of(samples, 3, 4) == len(LABELS) // 12
    pixels, wanted = batches[1]
    assert pixels.shape == (12, 2, 2, 1)
    assert pixels.dtype == np.float32
    rows = (pixels[:, 0, 0, 0] - 0.5).astype(int)
    np.testing.assert_array_equal(LABELS[rows], wanted.argmax(axis=1))


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 0, 1], []])
def test_what_has_no_pairs_of_both_kinds_is_refused(labels: list[int]) -> None:
    if not labels:
        labels = [0, 1]
    with pytest.raises(OptionError, match="two classes with two pictures"):
        class_rows(np.array(labels), 2, 2, seed=0, epoch=0)
