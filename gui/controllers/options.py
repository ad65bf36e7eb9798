"""From what a tab remembers to the options of its task."""

from __future__ import annotations

from collections.abc import Sequence

from edgecnn.tasks.options import ClassifyOptions, DetectOptions, FaceOptions, TaskOptions
from gui.state import TabState

MOST_CLASSES = 10
"""The list shows fewer; the rest lets a class keep its place while it is overtaken."""


def task_options(task: str, tab: TabState, labels: Sequence[str]) -> TaskOptions | None:
    """Options for a task; None leaves it as it is.

    Args:
        task: Name of `edgecnn.registry.TASKS`.
        tab: Threshold and classes.
        labels: Classes that the model has; a wish for others is left out, because it may have been
            made for another model.
    """
    if task == "classify":
        return ClassifyOptions(top_k=MOST_CLASSES)
    if task == "detect":
        wanted = None if tab.labels is None else frozenset(tab.labels & set(labels))
        return DetectOptions(score_threshold=tab.threshold, labels=wanted or None)
    if task == "detect_faces":
        return FaceOptions(score_threshold=tab.threshold)
    return None
