from __future__ import annotations

import json

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.evaluation.probabilities import (
    calibration_error,
    class_calibration_error,
    cohen_kappa,
    report_classes,
)

metrics = pytest.importorskip("sklearn.metrics")
NAMES = ("a", "b", "c", "d")


def answers(seed: int, *, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probabilities of 200 pictures, right more often than not."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, 200)
    scores = rng.random((200, 4)) + 0.6 * np.eye(4)[truth]
    if ties:
        scores = np.round(scores, 1) + 0.05
    return truth, scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ties", [False, True])
def test_figures_are_those_of_scikit_learn(seed: int, ties: bool) -> None:
    truth, scores = answers(seed, ties=ties)
    named = scores.argmax(axis=1)
    report = report_classes(truth, scores, NAMES)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(truth, named)
    np.testing.assert_allclose(report.per_class["precision"], precision)
    np.testing.assert_allclose(report.per_class["recall"], recall)
    np.testing.assert_allclose(report.per_class["f1"], f1)
    expected = {
        "accuracy": metrics.accuracy_score(truth, named),
        "precision": precision.mean(),
        "recall": recall.mean(),
        "f1": f1.mean(),
        "kappa": metrics.cohen_kappa_score(truth, named),
        "roc_auc": metrics.roc_auc_score(truth, scores, multi_class="ovr"),
        "top_4": 1.0,
    }
    for name, value in expected.items():
        assert report.figures[name] == pytest.approx(value), name
    low, high = report.interval
    assert low < report.figures["accuracy"] < high
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_class_without_pictures_has_no_figures_and_does_not_disturb_the_others() -> None:
    truth, scores = answers(1)
    there = truth != 3
    report = report_classes(truth[there], scores[there], NAMES)
    assert np.isnan(report.per_class["recall"][3])
    assert np.isnan(report.per_class["roc_auc"][3])
    assert np.isfinite(list(report.figures.values())).all()
    assert "d" not in report.to_dict()["per_class"]["recall"]


def test_calibration_error_by_hand() -> None:
    # Two bins: three at 0.6, of which one is right; one at 0.9, right.
    scores = np.array([[0.6, 0.4], [0.6, 0.4], [0.6, 0.4], [0.9, 0.1]])
    truth = np.array([0, 1, 1, 0])
    expected = (3 * abs(0.6 - 1 / 3) + abs(1 - 0.9)) / 4
    assert calibration_error(truth, scores) == pytest.approx(expected)


def test_calibration_error_of_a_class_by_hand() -> None:
    scores = np.array([[0.6, 0.4], [0.6, 0.4], [0.6, 0.4], [0.9, 0.1]])
    truth = np.array([0, 1, 1, 0])
    # The second class: three at 0.4, of which two are of it; one at 0.1, which is not.
    expected = [
        (3 * abs(0.6 - 1 / 3) + abs(1 - 0.9)) / 4,
        (3 * abs(0.4 - 2 / 3) + abs(0 - 0.1)) / 4,
    ]
    np.testing.assert_allclose(class_calibration_error(truth, scores), expected)
    report = report_classes(truth, scores, ("a", "b"))
    np.testing.assert_allclose(report.per_class["ece"], expected)


def test_a_class_that_is_always_expected_too_often_shows_though_answers_are_calibrated() -> None:
    # Two thirds are a, one third b; c never comes, but gets a tenth of b's share throughout.
    truth = np.array([0, 0, 1] * 100)
    scores = np.tile([2 / 3, 0.3, 1 / 3 - 0.3], (300, 1))
    assert calibration_error(truth, scores) == pytest.approx(0.0, abs=1e-9)
    assert class_calibration_error(truth, scores)[2] == pytest.approx(1 / 3 - 0.3)


@pytest.mark.parametrize(("top_k", "name"), [(1, "top_1"), (2, "top_2"), (3, "top_3")])
def test_any_number_of_answers_may_count(top_k: int, name: str) -> None:
    truth, scores = answers(2)
    report = report_classes(truth, scores, NAMES, top_k=top_k)
    expected = metrics.top_k_accuracy_score(truth, scores, k=top_k, labels=range(4))
    assert report.figures[name] == pytest.approx(expected)


def test_no_answer_at_all_cannot_count() -> None:
    truth, scores = answers(2)
    with pytest.raises(OptionError, match="top_k"):
        report_classes(truth, scores, NAMES, top_k=0)


def test_kappa_of_guessing_is_zero_and_of_one_class_is_one() -> None:
    assert cohen_kappa(np.array([[5, 5], [5, 5]])) == pytest.approx(0.0)
    assert cohen_kappa(np.array([[7, 0], [0, 0]])) == 1.0


@pytest.mark.parametrize(
    ("truth", "scores", "said"),
    [
        ([0], [[0.5, 0.5], [0.5, 0.5]], "1 labels"),
        ([], np.zeros((0, 2)), "at least one"),
        ([0], [[3.0, -1.0]], "no probabilities"),
        ([0], [[np.nan, 0.5]], "no probabilities"),
        ([0], [[0.2, 0.3, 0.5]], "3 classes"),
        ([2], [[0.5, 0.5]], "class ids"),
    ],
)
def test_answers_that_cannot_be_judged_are_refused(truth: list, scores: list, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        report_classes(np.array(truth, np.int64), np.array(scores), ("a", "b"))
