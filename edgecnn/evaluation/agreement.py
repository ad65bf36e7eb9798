"""How far an answer lies from the answer that was expected, in figures of which 0 is "the same".

Both answers are the `to_dict()` of a task's result. `edgecnn verify` compares a device's answer
with the golden one in a bundle, the converters compare a variant with its float reference; both
then hold the figures against limits with `failures`. The figures of each task:

- ``classify``: ``score`` (largest difference of a class's score, over the classes that either
  answer names), ``top1`` (1 when the first classes differ although the expected one leads by more
  than `CLEAR_LEAD`, else 0).
- ``detect``: ``missed`` (share of the expected objects without a partner: same class, IoU at least
  0.5), ``extra`` (objects without a partner over the number expected), ``score`` (largest
  difference over partners); ``missed_clear`` and ``extra_clear``: the same two, counting only
  objects that score at least `CLEAR_SCORE`. An object near the detector's threshold comes and goes
  with the last bit of an int8 kernel, which differs from processor to processor; a clear one does
  not.
- ``detect_faces``: ``count`` (difference of the numbers of faces), ``missed`` (share without a
  partner, IoU at least 0.5), ``points_percent`` (largest distance of a point from where it was
  expected, in percent of the distance between the eyes).
- ``embed``: ``distance`` in the embedding's own metric.
- ``segment``: ``grid`` (mean absolute difference of the 16 x 16 grids), ``coverage`` (largest
  difference of a class's share of the picture).
- ``tensors``: ``relative`` (largest difference of a value over the output's largest expected value)
  and ``cosine_distance`` (1 less the cosine of an output with the expected one), both of the worst
  output.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.errors import OptionError, UnknownNameError
from edgecnn.evaluation.matching import match_boxes

Floats = NDArray[np.float64]
Answer = Mapping[str, Any]

CLEAR_LEAD = 0.1
"""A first class that leads by less is a toss-up, which rounding may decide either way."""

CLEAR_SCORE = 0.5
"""An object that scores as much is no matter of rounding: usual thresholds are 0.3 to 0.4."""

PARTNER_IOU = 0.5


def compare(task: str, expected: Answer, actual: Answer) -> dict[str, float]:
    """Figures by which an answer differs from the expected one.

    Args:
        task: Name of a task, as in `edgecnn.registry.TASKS`.
        expected: `to_dict()` of the reference's result.
        actual: `to_dict()` of the result under test.

    Returns:
        Check name -> figure, 0 for equal answers, larger for worse; ``inf`` or ``nan`` when the
        answers cannot be compared at all or hold such numbers.

    Raises:
        UnknownNameError: No such task.
        OptionError: An answer lacks a key: it is not a result of that task.
    """
    if task not in _COMPARISONS:
        known = ", ".join(sorted(_COMPARISONS))
        raise UnknownNameError(f"No comparison for task {task!r}. Known: {known}.")
    try:
        return _COMPARISONS[task](expected, actual)
    except KeyError as error:
        raise OptionError(
            f"An answer of task {task!r} lacks {error}: pass the to_dict() of its result."
        ) from error


def failures(figures: Mapping[str, float], limits: Mapping[str, float]) -> list[str]:
    """The limits that are not kept, one line each; an empty list means that all are.

    A limit for which there is no figure is not kept, and neither is one whose figure is not a
    number: silence is no proof.

    Args:
        figures: As `compare` gives them.
        limits: Check name -> largest figure allowed.
    """
    lines = []
    for check, limit in limits.items():
        if check not in figures:
            measured = ", ".join(sorted(figures))
            lines.append(f"{check}: not measured (measured: {measured})")
        elif not figures[check] <= limit:
            lines.append(f"{check}: {figures[check]:.4g} is above the limit {limit:.4g}")
    return lines


def _classify(expected: Answer, actual: Answer) -> dict[str, float]:
    scores_e = dict(zip(expected["class_ids"], expected["scores"], strict=True))
    scores_a = dict(zip(actual["class_ids"], actual["scores"], strict=True))
    # A top-k list leaves classes out. What is left out scores at most the last of the list.
    floor_e, floor_a = _last(expected["scores"]), _last(actual["scores"])
    errors = [_score_error(s, scores_a.get(c), floor_a) for c, s in scores_e.items()]
    errors += [_score_error(s, None, floor_e) for c, s in scores_a.items() if c not in scores_e]
    first_e, first_a = expected["class_ids"][:1], actual["class_ids"][:1]
    lead = scores_e[first_e[0]] - scores_e.get(first_a[0], floor_e) if first_e and first_a else 1.0
    return {
        "score": _largest(errors),
        "top1": float(first_e != first_a and lead > CLEAR_LEAD),
    }


def _score_error(score: float, other: float | None, floor: float) -> float:
    return abs(score - other) if other is not None else max(0.0, score - floor)


def _detect(expected: Answer, actual: Answer) -> dict[str, float]:
    pairs = match_boxes(
        _array(expected["boxes_xyxy"], (-1, 4)),
        _array(actual["boxes_xyxy"], (-1, 4)),
        np.asarray(expected["class_ids"], np.int64),
        np.asarray(actual["class_ids"], np.int64),
        iou_threshold=PARTNER_IOU,
    )
    count_e, count_a = len(expected["scores"]), len(actual["scores"])
    scores_e, scores_a = _array(expected["scores"], (-1,)), _array(actual["scores"], (-1,))
    alone_e = np.delete(scores_e, pairs[:, 0])
    alone_a = np.delete(scores_a, pairs[:, 1])
    clear = max(int((scores_e >= CLEAR_SCORE).sum()), 1)
    return {
        "missed": (count_e - len(pairs)) / max(count_e, 1),
        "extra": (count_a - len(pairs)) / max(count_e, 1),
        "missed_clear": float((alone_e >= CLEAR_SCORE).sum()) / clear,
        "extra_clear": float((alone_a >= CLEAR_SCORE).sum()) / clear,
        "score": _largest(np.abs(scores_e[pairs[:, 0]] - scores_a[pairs[:, 1]])),
    }


def _detect_faces(expected: Answer, actual: Answer) -> dict[str, float]:
    pairs = match_boxes(
        _array(expected["boxes_xyxy"], (-1, 4)),
        _array(actual["boxes_xyxy"], (-1, 4)),
        iou_threshold=PARTNER_IOU,
    )
    points_e = _array(expected["points_xy"], (-1, 6, 2))[pairs[:, 0]]
    points_a = _array(actual["points_xy"], (-1, 6, 2))[pairs[:, 1]]
    eyes = np.linalg.norm(points_e[:, 0] - points_e[:, 1], axis=1)
    errors = np.linalg.norm(points_e - points_a, axis=2) / np.maximum(eyes, 1e-6)[:, None]
    count_e, count_a = len(expected["scores"]), len(actual["scores"])
    return {
        "count": float(abs(count_e - count_a)),
        "missed": (count_e - len(pairs)) / max(count_e, 1),
        "points_percent": 100.0 * _largest(errors),
    }


def _embed(expected: Answer, actual: Answer) -> dict[str, float]:
    one, other = _array(expected["vector"], (-1,)), _array(actual["vector"], (-1,))
    if expected["space"] != actual["space"] or one.shape != other.shape:
        return {"distance": math.inf}
    if expected["metric"] == "cosine":
        norms = float(np.linalg.norm(one) * np.linalg.norm(other))
        return {"distance": 1.0 - float(one @ other) / norms if norms else math.inf}
    return {"distance": float(np.linalg.norm(one - other))}


def _segment(expected: Answer, actual: Answer) -> dict[str, float]:
    if list(expected["labels"]) != list(actual["labels"]):
        return {"grid": math.inf, "coverage": math.inf}
    grids = _array(expected["grid"], (-1,)) - _array(actual["grid"], (-1,))
    coverage = _array(expected["coverage"], (-1,)) - _array(actual["coverage"], (-1,))
    return {"grid": float(np.abs(grids).mean()), "coverage": _largest(np.abs(coverage))}


def _tensors(expected: Answer, actual: Answer) -> dict[str, float]:
    outputs_e, outputs_a = expected["outputs"], actual["outputs"]
    shapes_e = {name: list(output["shape"]) for name, output in outputs_e.items()}
    if shapes_e != {name: list(output["shape"]) for name, output in outputs_a.items()}:
        return {"relative": math.inf, "cosine_distance": math.inf}
    relative, distance = [], []
    for name, output in outputs_e.items():
        one = _array(output["values"], (-1,))
        other = _array(outputs_a[name]["values"], (-1,))[:: output.get("step", 1)]
        relative.append(relative_difference(one, other))
        distance.append(cosine_distance(one, other))
    return {"relative": _largest(relative), "cosine_distance": _largest(distance)}


def relative_difference(expected: NDArray[Any], actual: NDArray[Any]) -> float:
    """Largest absolute difference over the largest absolute expected value.

    0 for equal arrays, ``inf`` where nothing but zeros was expected and something else came.
    """
    difference = _largest(np.abs(expected.astype(np.float64) - actual))
    largest = _largest(np.abs(expected))
    if largest == 0.0 and difference > 0.0:
        return math.inf
    return difference / largest if difference else difference


def cosine_distance(expected: NDArray[Any], actual: NDArray[Any]) -> float:
    """1 less the cosine between two arrays taken as vectors; exactly 0 for equal ones.

    ``inf`` when one of them is all zeros and the other is not: that has no direction.
    """
    one, other = expected.astype(np.float64).ravel(), actual.astype(np.float64).ravel()
    norm_one, norm_other = float(np.linalg.norm(one)), float(np.linalg.norm(other))
    if norm_one == 0.0 or norm_other == 0.0:
        return 0.0 if norm_one == norm_other else math.inf
    # Half the squared distance of the unit vectors: no cancellation where they are close.
    return 0.5 * float(np.sum((one / norm_one - other / norm_other) ** 2))


def thin_tensors(answer: Answer, limit: int = 4096) -> dict[str, Any]:
    """An answer of the task ``tensors`` with every ``step``-th value of large outputs only.

    A golden answer has to fit into ``bundle.json``. The step is odd, so that no channel of a
    power of two goes unseen; `compare` takes the same values of the other answer.

    Args:
        answer: `to_dict()` of a `edgecnn.core.results.Tensors`.
        limit: Values of an output that are kept, about.

    Raises:
        OptionError: A value is infinite or not a number: JSON has no word for it.
    """
    outputs = {}
    for name, output in answer["outputs"].items():
        values = output["values"]
        if not np.isfinite(_array(values, (-1,))).all():
            raise OptionError(f"The output {name!r} holds values that are not finite.")
        step = -(-len(values) // limit) | 1
        thinned = {"step": step, "values": values[::step]} if step > 1 else {}
        outputs[name] = {**output, **thinned}
    return {"outputs": outputs}


def _array(values: Any, shape: tuple[int, ...]) -> Floats:
    return np.asarray(values, np.float64).reshape(shape)


def _last(scores: Any) -> float:
    return float(scores[-1]) if len(scores) else 0.0


def _largest(values: Any) -> float:
    """Largest value, 0 of none; NaN stays NaN, so that no limit is kept."""
    return float(np.max(np.asarray(values, np.float64), initial=0.0))


_COMPARISONS: dict[str, Callable[[Answer, Answer], dict[str, float]]] = {
    "classify": _classify,
    "detect": _detect,
    "detect_faces": _detect_faces,
    "embed": _embed,
    "segment": _segment,
    "tensors": _tensors,
}
