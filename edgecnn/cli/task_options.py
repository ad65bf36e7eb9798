"""The options of ``run`` in the hands of the tasks that have them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edgecnn.tasks.options import ClassifyOptions, DetectOptions, FaceOptions
from edgecnn.video.tracking import TrackOptions


def set_options(
    tasks: dict[str, Any],
    *,
    top_k: int | None,
    score_threshold: float | None,
    follow: bool,
) -> TrackOptions | None:
    """Hand the options to those tasks that have them.

    An object that is followed may fall to half the least score before it is lost: of a single task
    more is asked than is shown. With several, their scores differ too much for one measure.

    Args:
        tasks: Loaded models by name; their options are replaced.
        top_k: How many classes.
        score_threshold: Least score of an object that is shown.
        follow: Whether objects are followed.

    Returns:
        How to follow; None does not.
    """
    start_score = 0.0
    for task in tasks.values():
        if isinstance(task.options, ClassifyOptions) and top_k is not None:
            task.options = ClassifyOptions(top_k=top_k)
        if isinstance(task.options, DetectOptions | FaceOptions):
            if score_threshold is not None:
                task.options = replace(task.options, score_threshold=score_threshold)
            least = _least_score(task)
            if follow and least is not None and len(tasks) == 1:
                task.options = replace(task.options, score_threshold=least / 2)
                start_score = least
    return TrackOptions(start_score=start_score or None) if follow else None


def _least_score(task: Any) -> float | None:
    """The least score of a result: as asked for, else as the bundle says."""
    if task.options.score_threshold is not None:
        return float(task.options.score_threshold)
    bundle = getattr(task, "bundle", None)
    given = None if bundle is None else bundle.manifest.decoder.parameters.get("score_threshold")
    return given if isinstance(given, float) else None
