from __future__ import annotations

import itertools
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
    Tensors,
)
from edgecnn.errors import OptionError
from edgecnn.video.smoothing import Smoother, SmoothOptions

STEP_S = 1 / 30
NAMES = ("cat", "dog", "lynx")


def scored(*scores: float) -> Classification:
    """Scores of cat, dog and lynx."""
    order = np.argsort(-np.array(scores), kind="stable")
    return Classification(
        order, tuple(NAMES[place] for place in order), np.array(scores, np.float32)[order]
    )


def followed(box: Any, class_id: int = 0, score: float = 0.8, track_id: int = 1) -> Detections:
    return Detections(
        np.array([box], np.float32),
        np.array([score], np.float32),
        np.array([class_id]),
        (NAMES[class_id],),
        np.array([track_id]),
    )


def over_time(smoother: Smoother, results: list[Any]) -> list[Any]:
    return [smoother.update(result, index * STEP_S) for index, result in enumerate(results)]


def test_the_first_answer_is_passed_on_as_it_is() -> None:
    assert (
        Smoother().update(scored(0.2, 0.7, 0.1), 0.0).to_dict() == scored(0.2, 0.7, 0.1).to_dict()
    )


def test_two_classes_that_take_turns_do_not_flicker() -> None:
    generator = np.random.default_rng(0)
    shaky = [
        scored(*(np.array([0.45, 0.45, 0.1]) + generator.normal(0, 0.1, 3))) for _ in range(90)
    ]
    raw = sum(a.labels[0] != b.labels[0] for a, b in itertools.pairwise(shaky))
    calm = over_time(Smoother(), shaky)
    changes = sum(a.labels[0] != b.labels[0] for a, b in itertools.pairwise(calm))
    assert raw > 20
    assert changes <= 1


def test_a_real_change_shows_within_half_a_second() -> None:
    calm = over_time(Smoother(), [scored(0.9, 0.05, 0.05)] * 30 + [scored(0.05, 0.9, 0.05)] * 15)
    assert calm[29].labels[0] == "cat"
    assert calm[-1].labels[0] == "dog"


def test_a_challenger_is_level_with_the_leader_until_it_is_ahead_by_the_margin() -> None:
    smoother = Smoother(SmoothOptions(score_s=0.0, margin=0.2))
    smoother.update(scored(0.5, 0.4, 0.1), 0.0)
    held = smoother.update(scored(0.4, 0.5, 0.1), STEP_S)
    assert held.labels == ("cat", "dog", "lynx")
    np.testing.assert_allclose(held.scores, [0.4, 0.4, 0.1])
    assert smoother.update(scored(0.3, 0.6, 0.1), 2 * STEP_S).labels[0] == "dog"


def test_a_class_that_is_not_among_the_best_any_more_fades() -> None:
    smoother = Smoother()
    only_cat = Classification(np.array([0]), ("cat",), np.array([0.9], np.float32))
    only_dog = Classification(np.array([1]), ("dog",), np.array([0.9], np.float32))
    labels = [answer.labels for answer in over_time(smoother, [only_cat] * 5 + [only_dog] * 20)]
    assert labels[5] == ("cat",)
    assert labels[-1] == ("dog",)


def test_a_resting_box_loses_its_jitter_and_a_moving_one_is_followed() -> None:
    generator = np.random.default_rng(1)
    rest = np.array([100, 100, 180, 220])
    shaky = [rest + generator.normal(0, 2, 4) for _ in range(90)]
    calm = over_time(Smoother(), [followed(box) for box in shaky])
    still = np.array([found.boxes_xyxy[0] for found in calm])[30:]
    assert (still.std(axis=0) < 0.5 * np.array(shaky)[30:].std(axis=0)).all()
    moving = [followed(rest + 6.0 * frame) for frame in range(30)]
    late = moving[-1].boxes_xyxy - over_time(Smoother(), moving)[-1].boxes_xyxy
    assert 0 <= late.max() < 8  # 6 pixels a frame: little more than a frame behind


def test_objects_are_smoothed_each_by_its_own_number() -> None:
    smoother = Smoother()
    here, there = [0, 0, 40, 40], [200, 200, 240, 240]
    pair = Detections(
        np.array([here, there], np.float32),
        np.array([0.9, 0.9], np.float32),
        np.array([0, 1]),
        ("cat", "dog"),
        np.array([1, 2]),
    )
    smoother.update(pair, 0.0)
    again = smoother.update(pair.where(np.array([1, 0])), STEP_S)
    assert again.track_ids.tolist() == [2, 1]
    np.testing.assert_allclose(again.boxes_xyxy, [there, here])


def test_the_label_of_an_object_is_that_which_it_had_most() -> None:
    box = [0, 0, 40, 40]
    shaky = [followed(box, class_id=1 if frame % 4 == 3 else 0) for frame in range(40)]
    calm = over_time(Smoother(), shaky)
    assert {found.labels for found in calm} == {("cat",)}
    assert {int(found.class_ids[0]) for found in calm} == {0}


def test_an_object_that_was_away_for_long_begins_anew() -> None:
    smoother = Smoother(SmoothOptions(forget_s=0.5))
    nothing = followed([0, 0, 1, 1]).where(np.array([], np.int64))
    smoother.update(followed([0, 0, 40, 40]), 0.0)
    for time_s in (0.3, 0.6, 0.9):
        smoother.update(nothing, time_s)
    found = smoother.update(followed([300, 0, 340, 40], class_id=1), 1.0)
    np.testing.assert_allclose(found.boxes_xyxy[0], [300, 0, 340, 40])
    assert found.labels == ("dog",)


def test_points_of_faces_are_calmed_with_their_boxes() -> None:
    generator = np.random.default_rng(2)
    shaky = [
        Faces(
            np.array([[100, 100, 200, 200]], np.float32),
            np.array([0.9], np.float32),
            (150 + generator.normal(0, 2, (1, len(FACE_POINTS), 2))).astype(np.float32),
            track_ids=np.array([1]),
        )
        for _ in range(60)
    ]
    calm = over_time(Smoother(), shaky)
    stds = [np.array([f.points_xy for f in run])[20:].std(axis=0).mean() for run in (shaky, calm)]
    assert stds[1] < 0.5 * stds[0]


def test_a_picture_without_a_followed_face_stays_without_one() -> None:
    nobody = Faces(
        np.zeros((0, 4), np.float32),
        np.zeros(0, np.float32),
        np.zeros((0, 6, 2), np.float32),
        track_ids=np.zeros(0, np.int64),
    )
    calm = over_time(Smoother(SmoothOptions()), [nobody, nobody])[-1]
    assert len(calm) == 0
    assert calm.points_xy.shape == (0, 6, 2)


def test_edges_of_a_mask_hold_still_where_the_model_is_undecided_and_nowhere_else() -> None:
    def mask(edge: float, place: float) -> Segmentation:
        return Segmentation(np.array([[[edge, place]]], np.float32), ("person",), (2, 1))

    smoother = Smoother()
    smoother.update(mask(0.4, 0.0), 0.0)
    found = smoother.update(mask(0.6, 1.0), STEP_S)
    assert found.probabilities[0, 0, 0] < 0.5
    assert found.probabilities[0, 0, 1] == 1.0
    other = smoother.update(Segmentation(np.ones((1, 3, 3), np.float32), ("person",), (9, 9)), 0.1)
    assert other.probabilities.shape == (1, 3, 3)


@pytest.mark.parametrize(
    "result",
    [
        Embedding(np.ones(3, np.float32), "space", "cosine"),
        Tensors({"out": np.ones(3, np.float32)}),
        replace(followed([0, 0, 9, 9]), track_ids=None),
    ],
)
def test_what_cannot_be_smoothed_is_left_alone(result: Any) -> None:
    smoother = Smoother()
    smoother.update(result, 0.0)
    answer = smoother.update(result, STEP_S)
    assert answer.to_dict() == result.to_dict()


def test_what_came_in_is_not_changed() -> None:
    smoother = Smoother()
    smoother.update(followed([0, 0, 40, 40]), 0.0)
    found = followed([9, 9, 49, 49], class_id=1)
    before = found.to_dict()
    smoother.update(found, STEP_S)
    assert found.to_dict() == before


@pytest.mark.parametrize("field", ["score_s", "rest_hz", "forget_s"])
def test_negative_times_are_refused(field: str) -> None:
    with pytest.raises(OptionError, match=field):
        SmoothOptions(**{field: -1.0})
