"""Finding objects."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgecnn.core.placement import Placement
from edgecnn.core.results import Detections
from edgecnn.errors import OptionError
from edgecnn.runtime.session import Inference
from edgecnn.tasks.base import Task
from edgecnn.tasks.options import DetectOptions


class ObjectDetector(Task[Detections, DetectOptions]):
    """Gives boxes with a class and a score, best first."""

    options_type = DetectOptions

    def _decoder_options(self, options: DetectOptions) -> dict[str, Any]:
        return {
            "score_threshold": options.score_threshold,
            "iou_threshold": options.iou_threshold,
            "max_results": options.max_results,
        }

    def decode(
        self, inference: Inference, placement: Placement, options: DetectOptions
    ) -> Detections:
        """From raw outputs to detections, of the wanted classes only."""
        found = super().decode(inference, placement, options)
        if options.labels is None:
            return found
        unknown = options.labels - set(self.labels)
        if unknown:
            raise OptionError(
                f"{self.bundle.manifest.name} has no class {', '.join(sorted(unknown))}. "
                f"It has: {', '.join(self.labels)}."
            )
        return found.where(np.array([label in options.labels for label in found.labels], np.bool_))
