from __future__ import annotations

import math
from typing import Any

import pytest

from edgecnn.errors import OptionError, UnknownNameError
from edgecnn.evaluation.agreement import compare, failures, thin_tensors
from edgecnn.registry import TASKS


def classes(**scores: float) -> dict[str, Any]:
    names = {"cat": 0, "dog": 1, "cup": 2}
    return {
        "class_ids": [names[name] for name in scores],
        "labels": list(scores),
        "scores": list(scores.values()),
    }


def objects(*found: tuple[int, float, float]) -> dict[str, Any]:
    """Objects of 10 x 10 pixels: (class, x, score)."""
    return {
        "boxes_xyxy": [[x, 0.0, x + 10.0, 10.0] for _, x, _ in found],
        "scores": [score for *_, score in found],
        "class_ids": [class_id for class_id, *_ in found],
        "labels": ["thing"] * len(found),
    }


def face(shift: float = 0.0) -> dict[str, Any]:
    points = [[30.0, 40.0], [70.0, 40.0], [50, 60], [50, 80], [20, 45], [80, 45]]
    return {
        "boxes_xyxy": [[10.0, 10.0, 90.0, 90.0]],
        "scores": [0.9],
        "points_xy": [[[x + shift, y] for x, y in points]],
    }


ANSWERS: dict[str, dict[str, Any]] = {
    "classify": classes(cat=0.7, dog=0.2),
    "detect": objects((1, 0, 0.9), (2, 50, 0.6)),
    "detect_faces": face(),
    "embed": {"space": "s", "metric": "euclidean", "vector": [0.1, 0.2]},
    "segment": {
        "labels": ["person"],
        "size_wh": [4, 4],
        "coverage": [0.5],
        "grid": [[[0.5] * 16] * 16],
    },
    "tensors": {
        "outputs": {
            "a": {"shape": [1, 3], "dtype": "float32", "values": [0.1, -2.5, 1.0]},
            "b": {"shape": [1, 1], "dtype": "float32", "values": [0.0]},
        }
    },
}


@pytest.mark.parametrize("task", sorted(TASKS))
def test_an_answer_agrees_with_itself_in_every_figure_of_every_task(task: str) -> None:
    figures = compare(task, ANSWERS[task], ANSWERS[task])
    assert figures
    assert set(figures.values()) == {0.0}


def test_a_clear_first_class_has_to_stay_first() -> None:
    figures = compare("classify", classes(cat=0.7, dog=0.2), classes(dog=0.5, cat=0.4))
    assert figures["top1"] == 1.0
    assert figures["score"] == pytest.approx(0.3)


def test_a_toss_up_for_the_first_class_may_fall_either_way() -> None:
    figures = compare("classify", classes(cat=0.45, dog=0.44), classes(dog=0.46, cat=0.43))
    assert figures["top1"] == 0.0


def test_a_class_that_left_the_list_counts_as_the_last_score_at_most() -> None:
    figures = compare("classify", classes(cat=0.7, cup=0.15), classes(cat=0.7, dog=0.1))
    assert figures["score"] == pytest.approx(0.05)


def test_missed_and_extra_objects_are_shares_of_the_expected_ones() -> None:
    figures = compare("detect", ANSWERS["detect"], objects((1, 0, 0.8), (1, 50, 0.6)))
    assert figures["missed"] == 0.5
    assert figures["extra"] == 0.5
    assert figures["score"] == pytest.approx(0.1)


def test_only_clear_objects_count_as_clearly_missed_or_extra() -> None:
    near, clear = (5, 0, 0.36), (1, 0, 0.8)
    figures = compare("detect", objects(clear, near), objects(clear))
    assert (figures["missed"], figures["missed_clear"]) == (0.5, 0.0)
    figures = compare("detect", objects(clear), objects(clear, near))
    assert (figures["extra"], figures["extra_clear"]) == (1.0, 0.0)
    figures = compare("detect", objects(clear), objects((5, 0, 0.9)))
    assert (figures["missed_clear"], figures["extra_clear"]) == (1.0, 1.0)
    # A clear object that scores less in the other answer is still found.
    assert compare("detect", objects((1, 0, 0.55)), objects((1, 0, 0.4)))["missed_clear"] == 0.0


def test_objects_where_none_are_expected_are_extra() -> None:
    assert compare("detect", objects(), objects((1, 0, 0.8)))["extra"] == 1.0


def test_face_points_are_measured_in_percent_of_the_distance_between_the_eyes() -> None:
    figures = compare("detect_faces", face(), face(shift=2.0))
    assert figures["points_percent"] == pytest.approx(5.0)


def test_a_lost_face_counts() -> None:
    nothing = {"boxes_xyxy": [], "scores": [], "points_xy": []}
    figures = compare("detect_faces", face(), nothing)
    assert figures["count"] == 1.0
    assert figures["missed"] == 1.0


@pytest.mark.parametrize(("metric", "distance"), [("euclidean", 5.0), ("cosine", 0.0)])
def test_embeddings_differ_by_their_own_metric(metric: str, distance: float) -> None:
    one = {"space": "s", "metric": metric, "vector": [3.0, 4.0]}
    other = {"space": "s", "metric": metric, "vector": [6.0, 8.0]}
    assert compare("embed", one, other)["distance"] == pytest.approx(distance)


def test_embeddings_of_different_spaces_are_infinitely_far() -> None:
    other = ANSWERS["embed"] | {"space": "t"}
    assert compare("embed", ANSWERS["embed"], other)["distance"] == math.inf


def test_masks_are_compared_by_grid_and_coverage() -> None:
    other = ANSWERS["segment"] | {"coverage": [0.25], "grid": [[[0.25] * 16] * 16]}
    figures = compare("segment", ANSWERS["segment"], other)
    assert figures == {"grid": pytest.approx(0.25), "coverage": pytest.approx(0.25)}


def test_limits_that_are_not_kept_are_named() -> None:
    assert failures({"score": 0.1}, {"score": 0.1}) == []
    assert failures({"score": 0.2}, {"score": 0.1}) == ["score: 0.2 is above the limit 0.1"]


def test_a_limit_without_a_figure_is_not_kept() -> None:
    assert failures({"score": 0.0}, {"top1": 0.0}) == ["top1: not measured (measured: score)"]


def test_nan_keeps_no_limit() -> None:
    figures = compare("classify", classes(cat=0.7), classes(cat=math.nan))
    assert failures(figures, {"score": 1e9})


def test_an_unknown_task_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="classify, detect, detect_faces, embed, segment"):
        compare("draw", {}, {})


def test_something_that_is_no_answer_is_refused() -> None:
    with pytest.raises(OptionError, match="to_dict"):
        compare("detect", ANSWERS["detect"], {"scores": []})


def outputs(*values: float, step: int | None = None, size: int | None = None) -> dict[str, Any]:
    """An answer of the task tensors with one output."""
    output: dict[str, Any] = {"shape": [1, size or len(values)], "values": list(values)}
    return {"outputs": {"y": output | ({} if step is None else {"step": step})}}


def test_arrays_differ_relative_to_their_largest_value() -> None:
    figures = compare("tensors", outputs(0.0, -4.0, 1.0), outputs(0.1, -4.0, 1.0))
    assert figures["relative"] == pytest.approx(0.025)
    assert 0 < figures["cosine_distance"] < 1e-3
    opposite = compare("tensors", outputs(1.0, 2.0), outputs(-1.0, -2.0))
    assert opposite["relative"] == pytest.approx(2.0)
    assert opposite["cosine_distance"] == pytest.approx(2.0)


def test_a_larger_scale_changes_values_but_no_direction() -> None:
    figures = compare("tensors", outputs(1.0, 2.0), outputs(2.0, 4.0))
    assert figures["relative"] == pytest.approx(1.0)
    assert figures["cosine_distance"] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    "other",
    [
        outputs(1.0, 2.0, 3.0),
        {"outputs": {"z": outputs(1.0, 2.0)["outputs"]["y"]}},
        {"outputs": {}},
        outputs(0.0, 0.0),
    ],
)
def test_arrays_that_cannot_be_compared_are_infinitely_far_apart(other: dict[str, Any]) -> None:
    assert compare("tensors", outputs(1.0, 2.0), other)["cosine_distance"] == math.inf


def test_nothing_but_zeros_has_to_stay_so() -> None:
    zeros = outputs(0.0, 0.0)
    assert set(compare("tensors", zeros, zeros).values()) == {0.0}
    figures = compare("tensors", zeros, outputs(0.0, 1e-6))
    assert set(figures.values()) == {math.inf}


def test_values_that_are_no_numbers_keep_no_limit() -> None:
    figures = compare("tensors", outputs(1.0, 2.0), outputs(1.0, math.nan))
    assert failures(figures, {"relative": 1e9, "cosine_distance": 1e9})


def test_the_worst_output_counts() -> None:
    expected = {"outputs": outputs(1.0)["outputs"] | {"z": outputs(1.0)["outputs"]["y"]}}
    actual = {"outputs": outputs(1.0)["outputs"] | {"z": outputs(1.5)["outputs"]["y"]}}
    assert compare("tensors", expected, actual)["relative"] == pytest.approx(0.5)


def test_a_thinned_answer_is_compared_on_the_values_that_it_kept() -> None:
    values = [float(value) for value in range(1000)]
    thin = thin_tensors(outputs(*values), limit=100)
    kept = thin["outputs"]["y"]
    assert kept["step"] == 11
    assert kept["values"] == values[::11]
    assert compare("tensors", thin, outputs(*values)) == {"relative": 0.0, "cosine_distance": 0.0}
    wrong = [*values]
    wrong[22] += 990.0
    assert compare("tensors", thin, outputs(*wrong))["relative"] == pytest.approx(1.0)
    short = outputs(1.0, 2.0)
    assert thin_tensors(short) == short
    with pytest.raises(OptionError, match="'y' holds values that are not finite"):
        thin_tensors(outputs(1.0, math.inf))
