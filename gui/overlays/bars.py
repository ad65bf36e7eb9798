"""Classes of the whole picture as bars, at its lower left."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from edgecnn.core.palette import MUTED_RGB, PAPER_RGB, class_color
from gui.overlays.chips import color_of, paint_backing, shortened, text_width
from gui.overlays.fit import Fit
from gui.rows import Row
from gui.theme import body_font

ROW_PX = 28
BAR_PX = 4
PAD_PX = 12
_WIDTH_PX = 300
_TRACK = QColor(255, 255, 255, 46)
_SECOND = QColor(158, 166, 178)


def paint_bars(painter: QPainter, rows: Sequence[Row], area: Fit) -> None:
    """The best classes in a panel, each with a bar as long as its score."""
    rows = [row for row in rows if not row.faded]
    margin = min(16, area.width // 20)
    count = min(len(rows), 5, (area.height - 2 * margin) // 2 // ROW_PX)
    if count < 1:
        return
    width = min(_WIDTH_PX, area.width - 2 * margin)
    height = count * ROW_PX + PAD_PX
    x, y = area.x + margin, area.bottom - margin - height
    paint_backing(painter, QRectF(x, y, width, height))
    left, right = x + PAD_PX, x + width - PAD_PX
    best = max(range(count), key=lambda index: rows[index].score)
    for index, row in enumerate(rows[:count]):
        strong = index == best
        top = y + PAD_PX / 2 + index * ROW_PX
        reading = row.reading
        room = right - left - text_width("0.00", strong=strong) - PAD_PX
        painter.setFont(body_font(strong=strong))
        painter.setPen(QColor(*(PAPER_RGB if strong else MUTED_RGB)))
        painter.drawText(QPointF(left, top + 16), shortened(row.label, room, strong=strong))
        painter.drawText(
            QRectF(left, top, right - left, 20),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            reading,
        )
        track = top + 21
        painter.fillRect(QRectF(left, track, right - left, BAR_PX), _TRACK)
        share = min(max(row.score, 0.0), 1.0)
        fill = color_of(class_color(0, "rgb")) if strong else _SECOND
        painter.fillRect(QRectF(left, track, (right - left) * share, BAR_PX), fill)
