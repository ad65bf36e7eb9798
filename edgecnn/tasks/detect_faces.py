"""Finding faces and the six points on each."""

from __future__ import annotations

from typing import Any

from edgecnn.core.results import Faces
from edgecnn.tasks.base import Task
from edgecnn.tasks.options import FaceOptions


class FaceDetector(Task[Faces, FaceOptions]):
    """Gives faces with their eyes, nose tip, mouth centre and ears, best first."""

    options_type = FaceOptions

    def _decoder_options(self, options: FaceOptions) -> dict[str, Any]:
        return {
            "score_threshold": options.score_threshold,
            "iou_threshold": options.iou_threshold,
            "max_results": options.max_results,
        }
