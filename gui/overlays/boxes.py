"""Boxes of objects and faces, points of faces."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from edgecnn.core.chips import Rectangle
from edgecnn.core.palette import INK_RGB, PAPER_RGB, Triple, class_color
from edgecnn.core.results import Detections, Faces, Ints
from edgecnn.faces.recognition import Recognition, RecognizedFace
from gui.overlays.chips import color_of, make_chip, paint_chips
from gui.overlays.fit import Fit, Floats
from gui.overlays.held import HeldNumbers

LINE_PX = 2
_READ_S = 1.0
_NAMED = {"unknown": "unknown", "undecided": "face"}
_INK = QColor(*INK_RGB)
_PAPER = QColor(*PAPER_RGB)


def paint_detections(
    painter: QPainter, found: Detections, threshold: float, area: Fit, numbers: HeldNumbers
) -> None:
    """A box a thing, in the colour of its class, with class and score."""
    keep = np.flatnonzero(found.scores >= threshold)
    names = [found.labels[index] for index in keep]
    colors = [class_color(int(class_id), "rgb") for class_id in found.class_ids[keep]]
    ids = None if found.track_ids is None else found.track_ids[keep]
    words = _with_tracks(names, ids)
    details = numbers.texts(found.scores[keep].tolist(), ids, time.monotonic())
    _paint(painter, area.boxes(found.boxes_xyxy[keep]), words, details, colors, area)


def paint_faces(
    painter: QPainter, faces: Faces, threshold: float, area: Fit, numbers: HeldNumbers
) -> None:
    """A box a face with its six points, and its score; or who it is, where faces are recognized."""
    keep = np.flatnonzero(faces.scores >= threshold)
    ids = None if faces.track_ids is None else faces.track_ids[keep]
    now_s = time.monotonic()
    if isinstance(faces, Recognition) and not faces.locked:
        known = [faces[int(index)] for index in keep]
        words = [_NAMED.get(face.state) or face.name or "face" for face in known]
        details = numbers.words([_advice(face) for face in known], ids, now_s, hold_s=_READ_S)
    else:
        words = _with_tracks(["face"] * len(keep), ids)
        details = numbers.texts(faces.scores[keep].tolist(), ids, now_s)
    colors = [class_color(faces[int(index)].tone, "rgb") for index in keep]
    boxes = area.boxes(faces.boxes_xyxy[keep])
    _paint(painter, boxes, words, details, colors, area)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for box, points in zip(boxes, area.points(faces.points_xy[keep]), strict=True):
        # Dots follow the face: six of them must leave a small face visible.
        radius = float(np.clip((box[2] - box[0]) / 45, 1.5, 4.0))
        painter.setPen(QPen(_INK, 1.5))
        painter.setBrush(_PAPER)
        for x, y in points.tolist():
            painter.drawEllipse(QPointF(x, y), radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _advice(face: RecognizedFace) -> str:
    """What would help to recognize somebody who is not: one thing at a time, and quietly."""
    if face.state == "known" or not face.reasons:
        return ""
    return face.reasons[0]


def _with_tracks(names: Sequence[str], ids: Ints | None) -> list[str]:
    """Names, with the number of the track where objects are followed."""
    if ids is None:
        return list(names)
    return [
        f"{name} #{number}" if number >= 0 else name
        for name, number in zip(names, ids.tolist(), strict=True)
    ]


def _paint(
    painter: QPainter,
    boxes: Floats,
    words: Sequence[str],
    details: Sequence[str],
    colors: Sequence[Triple],
    area: Fit,
) -> None:
    """Boxes, the best on top, then all chips above all boxes."""
    outlines = [_outline(box, area) for box in boxes.tolist()]
    for outline, color in reversed(list(zip(outlines, colors, strict=True))):
        # A dark rim on either side keeps a light line visible on a light ground.
        _paint_frame(painter, outline, LINE_PX + 2, _INK)
        _paint_frame(painter, outline, LINE_PX, color_of(color))
    chips = [
        make_chip(word, detail, color, area.width)
        for word, detail, color in zip(words, details, colors, strict=True)
    ]
    around = [(x0 - 2, y0 - 2, x1 + 2, y1 + 2) for x0, y0, x1, y1 in outlines]
    paint_chips(painter, chips, around, area)


def _paint_frame(painter: QPainter, outline: Rectangle, thick: int, color: QColor) -> None:
    """Four filled bars around a rectangle: several times faster than a pen of that width."""
    x0, y0, x1, y1 = outline
    half = thick // 2
    wide, high = x1 - x0 + thick, y1 - y0 + thick
    painter.fillRect(x0 - half, y0 - half, wide, thick, color)
    painter.fillRect(x0 - half, y1 - half, wide, thick, color)
    painter.fillRect(x0 - half, y0 + half, thick, high - 2 * thick, color)
    painter.fillRect(x1 - half, y0 + half, thick, high - 2 * thick, color)


def _outline(box: Sequence[float], area: Fit) -> Rectangle:
    """Whole pixels of a box, moved in where its line would leave the picture."""
    x0, x1 = (min(max(round(v), area.x + 1), max(area.right - 2, area.x + 1)) for v in box[0::2])
    y0, y1 = (min(max(round(v), area.y + 1), max(area.bottom - 2, area.y + 1)) for v in box[1::2])
    return x0, y0, x1, y1
