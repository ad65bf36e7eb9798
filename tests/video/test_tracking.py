from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edgecnn.core.results import FACE_POINTS, Detections, Faces
from edgecnn.errors import OptionError
from edgecnn.video.synthetic import Scene
from edgecnn.video.tracking import Tracker, TrackOptions

STEP_S = 1 / 30
LABELS = ("person", "bicycle")


def objects(
    *boxes: tuple[float, float, float, float],
    scores: Sequence[float] = (),
    classes: Sequence[int] = (),
) -> Detections:
    count = len(boxes)
    ids = np.array(classes or [0] * count, np.int64)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores or [0.9] * count, np.float32),
        ids,
        tuple(LABELS[class_id] for class_id in ids),
    )


def square(x: float, y: float = 100, size: float = 40) -> tuple[float, float, float, float]:
    return x, y, x + size, y + size


def numbers(found: Detections | Faces) -> list[int]:
    assert found.track_ids is not None
    return [int(number) for number in found.track_ids]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_object_among_new_ones_is_followed_wherever_it_stands_in_the_list(place: int) -> None:
    tracker = Tracker()
    for frame in range(5):
        tracker.update(objects(square(50 + 10 * frame)), frame * STEP_S)
    others = [square(400), square(600)]
    boxes = [*others[:place], square(100), *others[place:]]
    assert numbers(tracker.update(objects(*boxes), 5 * STEP_S)) == [1]
    # Its motion goes on from where it was, and not from where the others are.
    tracker.update(objects(), 6 * STEP_S)
    ids, believed, _ = tracker.lost
    assert ids.tolist() == [1]
    assert believed[0, 0] == pytest.approx(110, abs=6)


def test_objects_keep_their_numbers_while_they_move_and_change_places_in_the_list() -> None:
    tracker = Tracker()
    generator = np.random.default_rng(0)
    seen = set()
    for frame in range(60):
        left, right = square(50 + 3 * frame), square(400 - 3 * frame, y=250)
        jitter = generator.normal(0, 1, 4)
        boxes = [tuple(np.array(left) + jitter), right]
        order = generator.permutation(2)
        found = tracker.update(objects(*(boxes[place] for place in order)), frame * STEP_S)
        seen.add(tuple(numbers(found)[place] for place in np.argsort(order)))
    assert seen == {(1, 2)}


def test_two_that_cross_are_not_mixed_up() -> None:
    tracker = Tracker()
    for frame in range(60):
        here, there = square(50 + 5 * frame), square(350 - 5 * frame, y=110)
        found = tracker.update(objects(here, there), frame * STEP_S)
        assert numbers(found) == [1, 2], frame


def test_an_object_that_was_hidden_for_a_moment_gets_its_number_back_where_it_went() -> None:
    tracker = Tracker()
    for frame in range(40):
        visible = not 20 <= frame < 30
        boxes = [square(50 + 4 * frame)] if visible else []
        found = tracker.update(objects(*boxes), frame * STEP_S)
        assert numbers(found) == ([1] if visible else []), frame


def test_an_object_that_was_away_for_long_is_a_new_one() -> None:
    tracker = Tracker(TrackOptions(lost_s=0.5, confirm_after=1))
    assert numbers(tracker.update(objects(square(50)), 0.0)) == [1]
    assert numbers(tracker.update(objects(), 0.1)) == []
    assert numbers(tracker.update(objects(square(50)), 0.7)) == [2]


def test_one_frame_in_two_seconds_is_enough_for_what_rests() -> None:
    tracker = Tracker()
    for frame in range(5):
        assert numbers(tracker.update(objects(square(50)), 2.0 * frame)) == [1]


def test_dropped_frames_do_not_lose_what_moves() -> None:
    generator = np.random.default_rng(1)
    tracker = Tracker()
    kept = [0, 1, *sorted(generator.choice(np.arange(2, 90), 30, replace=False).tolist())]
    for frame in kept:
        found = tracker.update(objects(square(20 + 6 * frame)), frame * STEP_S)
        assert numbers(found) == [1], frame


def test_what_appears_later_counts_from_its_second_frame_and_no_number_is_skipped() -> None:
    tracker = Tracker()
    tracker.update(objects(square(0)), 0.0)
    assert numbers(tracker.update(objects(square(0), square(300)), 0.03)) == [1]
    assert numbers(tracker.update(objects(square(0)), 0.07)) == [1]
    for time_s, expected in ((0.1, [1]), (0.13, [1, 2])):
        assert numbers(tracker.update(objects(square(0), square(200)), time_s)) == expected


def test_a_stream_that_begins_with_nothing_numbers_what_comes_from_its_second_frame_on() -> None:
    tracker = Tracker()
    empty = tracker.update(objects(), 0.0)
    assert (len(empty), numbers(empty)) == (0, [])
    assert numbers(tracker.update(objects(square(100)), STEP_S)) == []
    assert numbers(tracker.update(objects(square(100)), 2 * STEP_S)) == [1]
    assert numbers(tracker.update(objects(), 3 * STEP_S)) == []
    assert numbers(tracker.update(objects(square(100)), 4 * STEP_S)) == [1]


def test_an_unsure_object_prolongs_its_track_but_starts_none() -> None:
    tracker = Tracker(TrackOptions(start_score=0.5, confirm_after=1))
    scores = [0.9, 0.9, 0.2, 0.2, 0.9]
    for frame, score in enumerate(scores):
        found = tracker.update(
            objects(square(50 + 2 * frame), square(300), scores=[score, 0.2]), frame * STEP_S
        )
        assert numbers(found) == [1]
        np.testing.assert_allclose(found.scores, [score])


def test_the_rider_and_the_bicycle_keep_their_own_numbers_when_one_is_missed() -> None:
    tracker = Tracker()
    rider, bicycle = (100, 50, 150, 160), (90, 90, 160, 170)
    both = objects(rider, bicycle, classes=[0, 1])
    tracker.update(both, 0.0)
    assert numbers(tracker.update(objects(bicycle, classes=[1]), 0.03)) == [2]
    assert numbers(tracker.update(both, 0.07)) == [1, 2]


def test_a_label_that_flickers_does_not_end_a_track() -> None:
    tracker = Tracker()
    for frame in range(10):
        found = tracker.update(objects(square(50), classes=[frame % 2]), frame * STEP_S)
        assert numbers(found) == [1]


def test_faces_are_followed_with_their_points() -> None:
    tracker = Tracker()
    for frame in range(5):
        box = np.array([square(50 + frame)], np.float32)
        points = np.full((1, len(FACE_POINTS), 2), 60 + frame, np.float32)
        found = tracker.update(Faces(box, np.array([0.8], np.float32), points), 0.0)
        assert numbers(found) == [1]
        np.testing.assert_array_equal(found.points_xy, points)


def test_what_was_found_is_not_changed() -> None:
    found = objects(square(50), square(200))
    before = found.to_dict()
    Tracker().update(found, 0.0)
    assert found.to_dict() == before
    assert found.track_ids is None


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_shapes_that_bounce_and_cross_keep_their_numbers_through_noise_and_misses(
    seed: int,
) -> None:
    scene, tracker = Scene(shapes=6, seed=seed), Tracker(TrackOptions(start_score=0.5))
    generator = np.random.default_rng(seed)
    numbers_of: dict[int, set[int]] = {shape: set() for shape in range(6)}
    classes = scene.class_ids()
    for frame in range(300):
        truth = scene.boxes_xyxy(frame)
        scores = np.where(generator.random(6) < 0.1, generator.choice([0.0, 0.2], 6), 0.8)
        seen = np.flatnonzero(scores > 0.1)
        boxes = truth[seen] + generator.normal(0, 2, (len(seen), 4))
        found = tracker.update(
            objects(*boxes.tolist(), scores=scores[seen].tolist(), classes=classes[seen].tolist()),
            frame * STEP_S,
        )
        for item in found:
            shape = int(np.argmin(np.abs(truth - item.box_xyxy).sum(axis=1)))
            numbers_of[shape].add(item.track_id or 0)
    assert sorted(len(numbers) for numbers in numbers_of.values()) == [1] * 6
    assert set.union(*numbers_of.values()) == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize("field", ["start_score", "iou", "class_penalty"])
def test_shares_outside_of_0_to_1_are_refused(field: str) -> None:
    with pytest.raises(OptionError, match=field):
        TrackOptions(**{field: 1.5})


def test_a_track_needs_at_least_one_frame() -> None:
    with pytest.raises(OptionError, match="confirm_after"):
        TrackOptions(confirm_after=0)
