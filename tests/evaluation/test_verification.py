from __future__ import annotations

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.evaluation.verification import pair_distances, roc

GENUINE = np.array([0.1, 0.2, 0.3, 0.6])
IMPOSTOR = np.array([0.25, 0.5, 0.7, 0.8, 0.9])


def test_rates_by_hand() -> None:
    rates = roc(GENUINE, IMPOSTOR)
    assert rates.thresholds[0] == 0.1
    assert (rates.far[0], rates.tar[0]) == (0.0, 0.0)
    assert (rates.far[-1], rates.tar[-1]) == (1.0, 1.0)
    at = {t: (f, a) for t, f, a in zip(rates.thresholds, rates.far, rates.tar, strict=True)}
    assert at[0.3] == (0.2, 0.5)  # what lies at the threshold is not accepted
    assert at[0.5] == (0.2, 0.75)


@pytest.mark.parametrize(
    ("far", "expected"),
    [(0.0, (0.5, 0.25)), (0.2, (0.75, 0.5)), (0.39, (0.75, 0.5)), (1.0, (1, 0.9))],
)
def test_most_genuine_pairs_at_a_false_accept_rate(
    far: float, expected: tuple[float, float]
) -> None:
    assert roc(GENUINE, IMPOSTOR).tar_at_far(far) == pytest.approx(expected)


def test_equal_error_rate_by_hand() -> None:
    # At 0.3 FAR 0.2 < FRR 0.25, at 0.5 FAR 0.4 > FRR 0.25: they meet at 0.25.
    assert roc(GENUINE, IMPOSTOR).equal_error_rate == pytest.approx(0.25)
    assert roc(np.array([0.1, 0.2]), np.array([0.7])).equal_error_rate == 0.0
    assert roc(np.array([0.9]), np.array([0.1])).equal_error_rate == 1.0


def test_curve_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(2)
    genuine, impostor = rng.normal(0.4, 0.1, 300), rng.normal(0.7, 0.15, 900)
    truth = np.r_[np.ones(300), np.zeros(900)]
    far, tar, _ = metrics.roc_curve(truth, -np.r_[genuine, impostor], drop_intermediate=False)
    ours = roc(genuine, impostor)
    np.testing.assert_allclose(ours.far, far)
    np.testing.assert_allclose(ours.tar, tar)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_each_pair_counts_once(metric: str) -> None:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(700, 5))
    people = rng.integers(0, 9, 700)
    genuine, impostor = pair_distances(vectors, people, metric)  # type: ignore[arg-type]
    a, b = np.triu_indices(700, 1)
    if metric == "euclidean":
        expected = np.linalg.norm(vectors[a] - vectors[b], axis=1)
    else:
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        expected = 1 - (unit[a] * unit[b]).sum(axis=1)
    same = people[a] == people[b]
    np.testing.assert_allclose(np.sort(genuine), np.sort(expected[same]), atol=1e-5)
    np.testing.assert_allclose(np.sort(impostor), np.sort(expected[~same]), atol=1e-5)


def test_what_cannot_be_judged_is_an_error() -> None:
    with pytest.raises(OptionError, match="0 impostor pairs"):
        roc(GENUINE, np.empty(0))
    with pytest.raises(OptionError, match="NaN"):
        roc(GENUINE, np.array([np.nan]))
    with pytest.raises(OptionError, match="between 0 and 1"):
        roc(GENUINE, IMPOSTOR).tar_at_far(1.5)
    with pytest.raises(OptionError, match="zero vector"):
        pair_distances(np.zeros((2, 3)), np.array([0, 0]), "cosine")
    with pytest.raises(OptionError, match="2 vectors but 1"):
        pair_distances(np.zeros((2, 3)), np.array([0]), "euclidean")
