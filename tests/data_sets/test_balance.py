from __future__ import annotations

import numpy as np
import pytest

from edgecnn.data import balance
from edgecnn.errors import OptionError

LABELS = np.repeat([0, 1, 2], [80, 15, 5])


def test_weights_make_classes_count_alike_and_keep_the_mean_loss() -> None:
    weights = balance.class_weights(LABELS, 3)
    np.testing.assert_allclose(weights * [80, 15, 5], [100 / 3] * 3)
    assert weights[LABELS].mean() == pytest.approx(1.0)


def test_weights_by_effective_number_lie_between_equal_and_inverse() -> None:
    inverse = balance.class_weights(LABELS, 3)
    gentle = balance.class_weights(LABELS, 3, beta=0.95)
    np.testing.assert_allclose(balance.class_weights(LABELS, 3, beta=0.0), [1, 1, 1])
    assert gentle[LABELS].mean() == pytest.approx(1.0)
    assert 1 < gentle[2] / gentle[0] < inverse[2] / inverse[0]
    # E(n) = (1 - b ** n) / (1 - b), by hand for two of the classes.
    assert gentle[2] / gentle[1] == pytest.approx((1 - 0.95**15) / (1 - 0.95**5))


def test_oversampling_shows_every_picture_and_every_class_alike() -> None:
    indices = balance.oversample(LABELS, 3, seed=1)
    assert np.bincount(LABELS[indices]).tolist() == [80, 80, 80]
    times = np.bincount(indices, minlength=100)
    assert times[:80].tolist() == [1] * 80
    assert set(times[80:95]) == {5, 6}
    assert set(times[95:]) == {16}


def test_undersampling_takes_no_picture_twice() -> None:
    indices = balance.undersample(LABELS, 4, seed=1)
    assert np.bincount(LABELS[indices]).tolist() == [5, 5, 5]
    assert len(np.unique(indices)) == 15


@pytest.mark.parametrize("way", [balance.oversample, balance.undersample])
def test_the_seed_decides_what_is_drawn(way: object) -> None:
    first, again, other = (way(LABELS, 3, seed=seed).tolist() for seed in (1, 1, 2))  # type: ignore[operator]
    assert first == again != other


@pytest.mark.parametrize(
    ("labels", "classes", "beta", "message"),
    [
        ([0, 2], 3, None, r"\[1\] have no picture"),
        ([0, 1], 2, 1.0, "beta"),
        ([0, 3], 3, None, "from 0 to 3"),
        ([], 3, None, "list of integers"),
        ([0.0, 1.0], 2, None, "list of integers"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    labels: list[float], classes: int, beta: float | None, message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        balance.class_weights(labels, classes, beta=beta)
