"""Everything that is painted over a picture, by the kind of result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtGui import QPainter

from edgecnn.core.results import Classification, Detections, Faces, Result
from gui.backdrop import Backdrop
from gui.overlays.bars import paint_bars
from gui.overlays.boxes import paint_detections, paint_faces
from gui.overlays.fit import Fit
from gui.overlays.held import HeldNumbers
from gui.rows import Row


@dataclass(frozen=True, slots=True)
class Look:
    """How a result is shown.

    Attributes:
        effect: What the Segment tab does with the picture.
        threshold: Least score, 0..1.
        rows: The steady rows of the list, which the bars of classes share.
        backdrop: What replaces the background; None for a plain wall.
    """

    effect: str = "tint"
    threshold: float = 0.5
    rows: Sequence[Row] = ()
    backdrop: Backdrop | None = None


def paint_result(
    painter: QPainter, result: Result, look: Look, area: Fit, numbers: HeldNumbers
) -> None:
    """Paint a result over the picture; regions are part of the picture and painted before."""
    if isinstance(result, Detections):
        paint_detections(painter, result, look.threshold, area, numbers)
    elif isinstance(result, Faces):
        paint_faces(painter, result, look.threshold, area, numbers)
    elif isinstance(result, Classification):
        paint_bars(painter, look.rows, area)
