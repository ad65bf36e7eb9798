from __future__ import annotations

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.evaluation.classification import (
    accuracy,
    class_recall,
    confusion_matrix,
    top_k_accuracy,
)

TRUTH = np.array([0, 1, 2, 2])
RANKED = np.array([[0, 1], [2, 1], [2, 0], [0, 1]])


def test_accuracy_counts_first_answers() -> None:
    assert accuracy(TRUTH, RANKED[:, 0]) == 0.5


def test_top_k_counts_what_is_among_the_first() -> None:
    assert top_k_accuracy(TRUTH, RANKED, 1) == 0.5
    assert top_k_accuracy(TRUTH, RANKED, 2) == 0.75


def test_confusion_has_truth_in_rows() -> None:
    confusion = confusion_matrix(TRUTH, RANKED[:, 0], 4)
    assert confusion.tolist() == [[1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(class_recall(confusion), [1.0, 0.0, 0.5, np.nan])


def test_metrics_are_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    scores = rng.random((500, 7))
    truth = rng.integers(0, 7, 500)
    ranked = np.argsort(-scores, axis=1)
    assert accuracy(truth, ranked[:, 0]) == metrics.accuracy_score(truth, ranked[:, 0])
    assert top_k_accuracy(truth, ranked, 3) == metrics.top_k_accuracy_score(truth, scores, k=3)
    confusion = confusion_matrix(truth, ranked[:, 0], 7)
    np.testing.assert_array_equal(confusion, metrics.confusion_matrix(truth, ranked[:, 0]))
    np.testing.assert_allclose(
        class_recall(confusion), metrics.recall_score(truth, ranked[:, 0], average=None)
    )


def test_what_does_not_belong_together_is_an_error() -> None:
    with pytest.raises(OptionError, match="one answer for each"):
        accuracy(TRUTH, TRUTH[:3])
    with pytest.raises(OptionError, match="at least one"):
        accuracy(np.empty(0, int), np.empty(0, int))
    with pytest.raises(OptionError, match="k must be 1 to 2"):
        top_k_accuracy(TRUTH, RANKED, 3)
    with pytest.raises(OptionError, match="predicted runs from 0 to 2"):
        confusion_matrix(np.zeros(4, int), TRUTH, 2)
