from __future__ import annotations

import numpy as np
import pytest

from edgecnn.errors import OptionError
from edgecnn.evaluation.detection import FoundBoxes, TrueBoxes, average_precision

LEFT, RIGHT, FAR = (0.0, 0.0, 10.0, 10.0), (20.0, 0.0, 30.0, 10.0), (80.0, 80.0, 90.0, 90.0)


def true(*boxes: tuple[float, ...], classes: int | list[int] = 0, crowd: int = 0) -> TrueBoxes:
    """Boxes of one class; the last ``crowd`` of them are crowds."""
    ids = np.full(len(boxes), classes) if isinstance(classes, int) else np.array(classes)
    flags = np.arange(len(boxes)) >= len(boxes) - crowd
    return TrueBoxes(np.array(boxes, float).reshape(-1, 4), ids, flags)


def found(*boxes: tuple[float, ...], scores: list[float], class_id: int = 0) -> FoundBoxes:
    array = np.array(boxes, float).reshape(-1, 4)
    return FoundBoxes(array, np.array(scores), np.full(len(boxes), class_id))


def test_everything_found_exactly_is_one() -> None:
    result = average_precision([true(LEFT, RIGHT)], [found(LEFT, RIGHT, scores=[0.9, 0.8])])
    assert result.mean == 1.0
    assert result.at(0.5) == 1.0


def test_half_of_the_objects_found_is_51_of_101_recalls() -> None:
    result = average_precision([true(LEFT, RIGHT)], [found(LEFT, scores=[0.9])])
    assert result.mean == pytest.approx(51 / 101)


def test_a_better_scored_mistake_halves_the_precision() -> None:
    result = average_precision([true(LEFT)], [found(FAR, LEFT, scores=[0.9, 0.8])])
    assert result.mean == pytest.approx(0.5)
    worse = average_precision([true(LEFT)], [found(LEFT, FAR, scores=[0.9, 0.8])])
    assert worse.mean == 1.0


def test_an_object_found_twice_counts_once() -> None:
    double = average_precision(
        [true(LEFT, RIGHT)], [found(LEFT, LEFT, RIGHT, scores=[0.9, 0.8, 0.7])]
    )
    # Recall 1/2 at precision 1, recall 1 at precision 2/3.
    assert double.mean == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_overlap_decides_up_to_which_threshold_an_object_is_found() -> None:
    shifted = (0.0, 0.0, 10.0, 7.2)  # IoU 0.72: found at 0.50 to 0.70
    result = average_precision([true(LEFT)], [found(shifted, scores=[0.9])])
    assert result.mean == pytest.approx(5 / 10)
    assert (result.at(0.5), result.at(0.75)) == (1.0, 0.0)
    with pytest.raises(OptionError, match=r"IoU 0\.42"):
        result.at(0.42)


def test_scores_order_detections_across_pictures() -> None:
    truth = [true(LEFT), true(LEFT)]
    result = average_precision(truth, [found(FAR, scores=[0.5]), found(LEFT, scores=[0.9])])
    assert result.mean == pytest.approx(51 / 101)
    result = average_precision(truth, [found(FAR, scores=[0.9]), found(LEFT, scores=[0.5])])
    assert result.mean == pytest.approx(51 / 101 / 2)


def test_classes_are_averaged_and_another_class_is_no_hit() -> None:
    truth = [true(LEFT, RIGHT, classes=[3, 5])]
    result = average_precision(truth, [found(LEFT, RIGHT, scores=[0.9, 0.8], class_id=3)])
    assert result.class_ids.tolist() == [3, 5]
    np.testing.assert_allclose(result.per_class, [1.0, 0.0])
    assert result.mean == 0.5


def test_a_class_without_true_objects_is_left_out() -> None:
    result = average_precision([true(LEFT)], [found(LEFT, FAR, scores=[0.9, 0.9], class_id=0)])
    other = average_precision([true(LEFT)], [found(LEFT, scores=[0.9])])
    assert result.class_ids.tolist() == other.class_ids.tolist() == [0]


def test_what_lies_in_a_crowd_is_neither_hit_nor_mistake() -> None:
    crowd = (50.0, 50.0, 100.0, 100.0)
    answers = [found(FAR, LEFT, scores=[0.9, 0.8])]
    assert average_precision([true(LEFT, crowd, crowd=1)], answers).mean == 1.0
    with pytest.raises(OptionError, match="No picture has a true object"):
        average_precision([true(crowd, crowd=1)], answers)


def test_only_the_best_hundred_of_a_picture_count() -> None:
    boxes = [FAR] * 100 + [LEFT]
    scores = list(np.linspace(0.9, 0.1, 101))
    assert average_precision([true(LEFT)], [found(*boxes, scores=scores)]).mean == 0.0


def test_nothing_found_is_zero_and_other_lengths_are_an_error() -> None:
    assert average_precision([true(LEFT)], [found(scores=[])]).mean == 0.0
    with pytest.raises(OptionError, match="1 pictures but answers about 0"):
        average_precision([true(LEFT)], [])
