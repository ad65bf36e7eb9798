from __future__ import annotations

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.evaluation.segmentation import class_iou, mean_iou, pixel_confusion

TRUTH = np.array([[0, 0, 1, 1], [0, 0, 1, 255]], np.uint8)
ANSWER = np.array([[0, 1, 1, 1], [0, 0, 0, 0]])


def test_overlap_of_each_class_without_ignored_pixels() -> None:
    confusion = pixel_confusion(TRUTH, ANSWER, 3)
    assert confusion.tolist() == [[3, 1, 0], [1, 2, 0], [0, 0, 0]]
    np.testing.assert_allclose(class_iou(confusion), [3 / 5, 2 / 4, np.nan])
    assert mean_iou(confusion) == pytest.approx(0.55)


def test_pixels_of_all_pictures_are_counted_together() -> None:
    confusion = pixel_confusion(TRUTH, ANSWER, 2) + pixel_confusion(TRUTH, TRUTH % 255, 2)
    np.testing.assert_allclose(class_iou(confusion), [7 / 9, 5 / 7])


def test_overlap_is_the_jaccard_score_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    truth, answer = rng.integers(0, 4, (2, 30, 40))
    expected = metrics.jaccard_score(truth.ravel(), answer.ravel(), average=None)
    np.testing.assert_allclose(class_iou(pixel_confusion(truth, answer, 4)), expected)


def test_wrong_masks_are_errors() -> None:
    with pytest.raises(OptionError, match=r"shape \(2, 4\), but the answer \(2, 3\)"):
        pixel_confusion(TRUTH, ANSWER[:, :3], 2)
    with pytest.raises(OptionError, match="true mask holds values from 0 to 7"):
        pixel_confusion(TRUTH + 7 * (TRUTH == 1) - (TRUTH == 1), ANSWER, 3)
    with pytest.raises(OptionError, match="Not one pixel"):
        mean_iou(pixel_confusion(np.full((2, 2), 255), np.zeros((2, 2), int), 2))
