"""The options of ``run`` in the hands of the tasks that have them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edgecnn.errors import OptionError
from edgecnn.tasks.options import ClassifyOptions, DetectOptions, FaceOptions
from edgecnn.video.lane import StreamTask
from edgecnn.video.tracking import TrackOptions


def set_options(
    tasks: dict[str, Any],
    *,
    top_k: int | None,
    score_threshold: float | None,
    follow: bool,
) -> dict[str, TrackOptions] | None:
    """Hand the options to those tasks that have them.

    An object that is followed may fall to half the least score before it is lost, so more is asked
    of a task than is shown. Each has its own measure: scores of two models do not compare.

    Args:
        tasks: Loaded models by name; their options are replaced.
        top_k: How many classes.
        score_threshold: Least score of an object that is shown.
        follow: Whether objects are followed.

    Returns:
        How to follow what each task finds that finds objects or faces; None does not.

    Raises:
        OptionError: No task has what was asked for.
    """
    _refuse_unused(tasks, "--top-k", top_k, (ClassifyOptions,))
    _refuse_unused(tasks, "--score-threshold", score_threshold, (DetectOptions, FaceOptions))
    follows: dict[str, TrackOptions] = {}
    for name, task in tasks.items():
        if isinstance(task.options, ClassifyOptions) and top_k is not None:
            task.options = ClassifyOptions(top_k=top_k)
        if isinstance(task.options, DetectOptions | FaceOptions):
            if score_threshold is not None:
                task.options = replace(task.options, score_threshold=score_threshold)
            if isinstance(task, StreamTask):
                continue  # it follows by itself
            least = _least_score(task) or None
            if follow and least is not None:
                task.options = replace(task.options, score_threshold=least / 2)
            follows[name] = TrackOptions(start_score=least)
    return follows if follow else None


def _refuse_unused(
    tasks: dict[str, Any], option: str, value: object, kinds: tuple[type, ...]
) -> None:
    if value is None or any(isinstance(task.options, kinds) for task in tasks.values()):
        return
    meant = "models that classify" if ClassifyOptions in kinds else "models that find objects"
    raise OptionError(f"{option} is for {meant}; here is only {', '.join(tasks)}. Leave it out.")


def _least_score(task: Any) -> float | None:
    """The least score of a result: as asked for, else as the bundle says."""
    if task.options.score_threshold is not None:
        return float(task.options.score_threshold)
    bundle = getattr(task, "bundle", None)
    given = None if bundle is None else bundle.manifest.decoder.parameters.get("score_threshold")
    return given if isinstance(given, float) else None
