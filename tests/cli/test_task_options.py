"""Options of ``run`` in the hands of several tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from edgecnn.cli.task_options import set_options
from edgecnn.core.results import Detections, Faces
from edgecnn.errors import OptionError
from edgecnn.tasks.options import ClassifyOptions, DetectOptions, FaceOptions
from edgecnn.video.frame import Frame
from edgecnn.video.lane import Lanes
from edgecnn.video.tracking import TrackOptions


@dataclass
class Task:
    options: Any
    bundle: Any = None


class Answering(Task):
    """One box in one place; the score is what the test says, if it is asked for."""

    timing = None

    def __init__(self, name: str) -> None:
        options = {"objects": DetectOptions, "faces": FaceOptions}[name]
        super().__init__(options(score_threshold=0.5))
        self.score = 0.0

    def __call__(self, picture: Frame) -> Any:
        count = int(self.score >= self.options.score_threshold)
        boxes = np.array([[4, 4, 24, 24]] * count, np.float32).reshape(-1, 4)
        scores = np.full(count, self.score, np.float32)
        if isinstance(self.options, FaceOptions):
            return Faces(boxes, scores, np.zeros((count, 6, 2), np.float32))
        return Detections(boxes, scores, np.zeros(count, np.int64), ("cup",) * count)

    def close(self) -> None:
        pass


def frame(index: int) -> Frame:
    return Frame(np.full((32, 32, 3), 90, np.uint8), "bgr", index / 30, index, "still")


def two() -> dict[str, Any]:
    return {
        "objects": Task(DetectOptions(score_threshold=0.4)),
        "faces": Task(FaceOptions(score_threshold=0.7)),
    }


def test_every_detector_is_asked_for_low_scores_when_objects_are_followed() -> None:
    tasks = two()
    follow = set_options(tasks, top_k=None, score_threshold=None, follow=True)
    assert [task.options.score_threshold for task in tasks.values()] == [0.2, 0.35]
    assert follow == {
        "objects": TrackOptions(start_score=0.4),
        "faces": TrackOptions(start_score=0.7),
    }


def test_the_least_score_that_is_asked_for_starts_tracks_of_all() -> None:
    tasks = two()
    follow = set_options(tasks, top_k=None, score_threshold=0.6, follow=True)
    assert [task.options.score_threshold for task in tasks.values()] == [0.3, 0.3]
    assert follow is not None
    assert {one.start_score for one in follow.values()} == {0.6}


def test_without_following_nothing_more_is_asked_for() -> None:
    tasks = two()
    assert set_options(tasks, top_k=None, score_threshold=None, follow=False) is None
    assert [task.options.score_threshold for task in tasks.values()] == [0.4, 0.7]


def test_what_has_no_boxes_is_left_alone() -> None:
    tasks = {**two(), "whole": Task(ClassifyOptions(top_k=5))}
    follow = set_options(tasks, top_k=3, score_threshold=None, follow=True)
    assert tasks["whole"].options == ClassifyOptions(top_k=3)
    assert follow is not None
    assert "whole" not in follow


def test_a_score_that_nobody_knows_lets_every_object_start_a_track() -> None:
    tasks = {"objects": Task(DetectOptions())}
    follow = set_options(tasks, top_k=None, score_threshold=None, follow=True)
    assert follow == {"objects": TrackOptions(start_score=None)}
    assert tasks["objects"].options.score_threshold is None


@pytest.mark.parametrize("count", [1, 2])
def test_faint_objects_prolong_tracks_of_every_task(count: int) -> None:
    names = ["objects", "faces"][:count]
    tasks = {name: Answering(name) for name in names}
    follow = set_options(tasks, top_k=None, score_threshold=None, follow=True)
    lanes = Lanes(tasks, follow, None)
    for index, score in enumerate((0.8, 0.3)):
        for task in tasks.values():
            task.score = score
        for name in names:
            result, _ = lanes.now[name].answer(frame(index))
            assert result.to_dict()["track_ids"] == [1]


def test_an_option_that_no_model_takes_is_refused() -> None:
    with pytest.raises(OptionError, match=r"--top-k is for models that classify.*objects, faces"):
        set_options(two(), top_k=3, score_threshold=None, follow=False)
    whole = {"whole": Task(ClassifyOptions(top_k=5))}
    with pytest.raises(OptionError, match=r"--score-threshold.*find objects.*whole"):
        set_options(whole, top_k=None, score_threshold=0.5, follow=False)
