from __future__ import annotations

import numpy as np
import pytest

from edgecnn.core.results import Classification, Detections, Faces, Segmentation
from gui.compare.agreement import agreement
from tests.helpers.app import boxes, classes


def test_classes_agree_when_the_first_has_the_same_name() -> None:
    same = agreement(classes(person=0.7, cup=0.2), classes(person=0.4, dog=0.3))
    other = agreement(classes(person=0.7, cup=0.2), classes(cup=0.5, person=0.4))
    assert same is not None
    assert other is not None
    assert (same.share, same.same) == (1.0, True)
    assert (other.share, other.same, other.words) == (0.0, False, "person or cup")


def test_classes_of_two_models_are_compared_by_name_not_by_number() -> None:
    first = Classification(np.array([0]), ("cup",), np.array([0.9], np.float32))
    second = Classification(np.array([41]), ("cup",), np.array([0.8], np.float32))
    found = agreement(first, second)
    assert found is not None
    assert found.same


def test_boxes_agree_by_the_f1_of_partners() -> None:
    two, one = boxes(("person", 0.8), ("cup", 0.6)), boxes(("person", 0.7))
    found = agreement(two, one)
    assert found is not None
    assert found.share == pytest.approx(2 / 3)
    assert not found.same
    assert found.words == "1 of 2 boxes the same, IoU 1.00"
    again = agreement(two, boxes(("person", 0.5), ("cup", 0.5)))
    assert again is not None
    assert again.same


def test_boxes_of_another_class_are_no_partners() -> None:
    found = agreement(boxes(("person", 0.8)), boxes(("dog", 0.8)))
    assert found is not None
    assert found.share == 0.0


def test_nothing_in_either_is_the_same_and_something_in_one_is_not() -> None:
    empty = boxes(("cup", 0.9)).where(np.zeros(1, np.bool_))
    nothing = agreement(empty, empty)
    one_sided = agreement(empty, boxes(("cup", 0.9)))
    assert nothing is not None
    assert one_sided is not None
    assert (nothing.empty, one_sided.empty) == (True, False)
    assert (nothing.same, one_sided.same, one_sided.share) == (True, False, 0.0)


def test_faces_are_matched_without_classes() -> None:
    def face(left: float) -> Faces:
        box = np.array([[left, 0, left + 20, 20]], np.float32)
        return Faces(box, np.array([0.9], np.float32), np.zeros((1, 6, 2), np.float32))

    close, far = agreement(face(0), face(5)), agreement(face(0), face(50))
    assert close is not None
    assert far is not None
    assert close.same
    assert "IoU 0.60" in close.words
    assert far.share == 0.0


def test_regions_agree_by_iou_at_the_threshold_also_at_different_sizes() -> None:
    def half(width: int, edge: float, level: float = 1.0) -> Segmentation:
        plane = np.zeros((1, 8, width), np.float32)
        plane[:, :, : round(width * edge)] = level
        return Segmentation(plane, ("person",), (64, 48))

    same = agreement(half(16, 0.5), half(16, 0.5))
    less = agreement(half(16, 0.5), half(16, 0.25))
    larger = agreement(half(16, 0.5), half(32, 0.5))
    weak = agreement(half(16, 0.5), half(16, 0.5, level=0.4), threshold=0.5)
    assert same is not None
    assert same.share == 1.0
    assert less is not None
    assert less.share == pytest.approx(0.5)
    assert not less.same
    assert larger is not None
    assert larger.share > 0.9
    assert weak is not None
    assert weak.share == 0.0


def test_answers_of_two_kinds_are_not_compared() -> None:
    assert agreement(boxes(("cup", 0.9)), classes(cup=0.9)) is None


def test_no_answer_is_changed() -> None:
    first = boxes(("person", 0.8), ("cup", 0.6))
    before = Detections(
        first.boxes_xyxy.copy(), first.scores.copy(), first.class_ids.copy(), first.labels
    )
    agreement(first, boxes(("cup", 0.6)))
    assert first.to_dict() == before.to_dict()
