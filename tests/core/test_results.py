from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgecnn.core.results import (
    FACE_POINTS,
    Classification,
    Detections,
    Embedding,
    Faces,
    Segmentation,
)
from edgecnn.errors import OptionError


def detections() -> Detections:
    return Detections(
        np.array([[0, 0, 10, 10], [5, 5, 20.123, 30]], np.float32),
        np.array([0.9, 0.4], np.float32),
        np.array([2, 0]),
        ("cat", "person"),
    )


def faces(**changes: Any) -> Faces:
    fields: dict[str, Any] = {
        "boxes_xyxy": np.array([[0, 0, 10, 10]], np.float32),
        "scores": np.array([0.9], np.float32),
        "points_xy": np.zeros((1, len(FACE_POINTS), 2), np.float32),
    }
    return Faces(**(fields | changes))


def embedding(*values: float, space: str = "s", metric: str = "euclidean") -> Embedding:
    return Embedding(np.array(values, np.float32), space, metric)


RESULTS = [
    Classification(np.array([3, 1]), ("a", "b"), np.array([0.6, 0.3], np.float32)),
    detections(),
    faces(),
    faces(embeddings=(embedding(1, 2),)),
    replace(detections(), track_ids=np.array([7, 3])),
    faces(track_ids=np.array([1])),
    embedding(1, 2, 3),
    Segmentation(np.full((2, 4, 6), 0.7, np.float32), ("sky", "cat"), (12, 8)),
]


@pytest.mark.parametrize("result", RESULTS)
def test_results_are_sequences_that_can_be_written_as_json(result: Any) -> None:
    assert len(list(result)) == len(result)
    plain = result.to_dict()
    assert json.loads(json.dumps(plain)) == plain


@pytest.mark.parametrize("result", RESULTS)
def test_results_cannot_be_changed(result: Any) -> None:
    with pytest.raises((AttributeError, TypeError)):
        result.scores = None


def test_items_carry_label_and_score() -> None:
    first = RESULTS[0][0]
    assert (first.class_id, first.label) == (3, "a")
    assert first.score == pytest.approx(0.6)
    last = detections()[-1]
    assert (last.class_id, last.label) == (0, "person")
    np.testing.assert_allclose(last.box_xyxy, [5, 5, 20.123, 30])
    with pytest.raises(IndexError):
        detections()[2]


def test_to_dict_rounds_pixels_and_scores() -> None:
    plain = detections().to_dict()
    assert plain["boxes_xyxy"][1] == [5.0, 5.0, 20.12, 30.0]
    assert plain["scores"] == [0.9, 0.4]


def test_classification_must_be_sorted() -> None:
    with pytest.raises(ValueError, match="must fall"):
        Classification(np.array([0, 1]), ("a", "b"), np.array([0.3, 0.6], np.float32))


@pytest.mark.parametrize("keep", [np.array([False, True]), np.array([1])])
def test_detections_can_be_chosen_by_mask_and_by_index(keep: Any) -> None:
    (only,) = detections().where(keep)
    assert only.label == "person"


@pytest.mark.parametrize("keep", [np.array([False, True]), np.array([1])])
def test_faces_can_be_chosen_with_all_that_belongs_to_them(keep: Any) -> None:
    pair = faces(
        boxes_xyxy=np.array([[0, 0, 10, 10], [5, 5, 9, 9]], np.float32),
        scores=np.array([0.9, 0.8], np.float32),
        points_xy=np.zeros((2, len(FACE_POINTS), 2), np.float32),
        embeddings=(embedding(1), embedding(2)),
        track_ids=np.array([4, 6]),
    )
    (only,) = pair.where(keep)
    assert only.score == pytest.approx(0.8)
    assert only.embedding is not None
    assert only.embedding[0] == 2
    assert only.track_id == 6
    (plain,) = faces().where(np.array([0]))
    assert (plain.embedding, plain.track_id) == (None, None)


def test_a_followed_object_keeps_its_number_when_it_is_chosen_and_written() -> None:
    followed = replace(detections(), track_ids=np.array([7, 3]))
    assert followed[1].track_id == 3
    assert followed.where(np.array([1])).to_dict()["track_ids"] == [3]
    assert "track_ids" not in detections().to_dict()
    assert detections()[0].track_id is None


def test_arrays_that_do_not_fit_one_another_are_refused() -> None:
    boxes, scores = np.zeros((2, 4), np.float32), np.zeros(1, np.float32)
    with pytest.raises(ValueError, match=r"scores must be an array of shape \(2,\)"):
        Detections(boxes, scores, np.zeros(2, np.int64), ("a", "b"))
    with pytest.raises(ValueError, match="points_xy"):
        faces(points_xy=np.zeros((1, 5, 2), np.float32))
    with pytest.raises(ValueError, match="embeddings must have 1 entries"):
        faces(embeddings=())
    for result in (detections(), faces()):
        with pytest.raises(ValueError, match="track_ids"):
            replace(result, track_ids=np.zeros(5, np.int64))
    with pytest.raises(ValueError, match="labels must have 2 entries"):
        Detections(boxes, np.zeros(2, np.float32), np.zeros(2, np.int64), ("a",))


def test_distances_follow_the_metric() -> None:
    assert embedding(0, 3).distance(embedding(4, 0)) == pytest.approx(5)
    one, other = embedding(2, 0, metric="cosine"), embedding(0, 7, metric="cosine")
    assert one.distance(other) == pytest.approx(1)
    assert one.distance(embedding(9, 0, metric="cosine")) == pytest.approx(0)


def test_embeddings_of_different_spaces_have_no_distance() -> None:
    with pytest.raises(OptionError, match=r"'s'.*'t'"):
        embedding(1, 2).distance(embedding(1, 2, space="t"))


def test_cosine_distance_of_a_zero_vector_is_refused() -> None:
    with pytest.raises(OptionError, match="no direction"):
        embedding(0, 0, metric="cosine").distance(embedding(1, 0, metric="cosine"))


def test_segmentation_enlarges_to_the_picture() -> None:
    planes = np.zeros((2, 4, 6), np.float32)
    planes[1, :, 3:] = 1
    result = Segmentation(planes, ("sky", "cat"), (12, 8))
    mask = result.mask("cat")
    assert mask.shape == (8, 12)
    assert mask.dtype == np.bool_
    np.testing.assert_array_equal(mask[4], np.arange(12) >= 6)
    assert result[1].coverage == pytest.approx(0.5)
    assert not result.mask("sky").any()
    with pytest.raises(OptionError, match=r"'dog'.*sky, cat"):
        result.mask("dog")
