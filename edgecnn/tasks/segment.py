"""Telling which part of a picture is what."""

from __future__ import annotations

from typing import Any

from edgecnn.core.results import Segmentation
from edgecnn.tasks.base import Task
from edgecnn.tasks.options import SegmentOptions


class ImageSegmenter(Task[Segmentation, SegmentOptions]):
    """Gives the probability of each class at each place of a picture."""

    options_type = SegmentOptions

    def _decoder_options(self, options: SegmentOptions) -> dict[str, Any]:
        return {}
