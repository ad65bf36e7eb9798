"""Naming what a whole picture shows."""

from __future__ import annotations

from typing import Any

from edgecnn.core.results import Classification
from edgecnn.tasks.base import Task
from edgecnn.tasks.options import ClassifyOptions


class ImageClassifier(Task[Classification, ClassifyOptions]):
    """Gives the classes of a picture, best first."""

    options_type = ClassifyOptions

    def _decoder_options(self, options: ClassifyOptions) -> dict[str, Any]:
        return {"top_k": options.top_k}
