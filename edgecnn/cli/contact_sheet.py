"""A picture of what several tasks said about some frames: a column a task, a row a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from edgecnn.core.chips import Style, paint_text, shortened, text_width
from edgecnn.core.image import Pixels

BACKGROUND_BGR = (29, 24, 22)
TEXT_BGR = (236, 232, 230)
MUTED_BGR = (173, 161, 154)
MARGIN, GAP, CELL_W, TITLE_H, HEAD_H = 32, 16, 480, 72, 56
_TITLE, _HEAD, _SMALL = Style(2, 17, 6), Style(2, 12, 6), Style(2, 9, 6)


@dataclass(frozen=True, slots=True)
class Column:
    """A task in the sheet: its name, what answered, and an annotated BGR picture for each row."""

    heading: str
    detail: str
    pictures: Sequence[Pixels]


def contact_sheet(title: str, detail: str, columns: Sequence[Column]) -> Pixels:
    """Lay out annotated frames.

    Args:
        title: Large, at the top left.
        detail: Smaller, at the top right.
        columns: With as many pictures each. Pictures of other proportions than the tallest are
            set into the middle of their cell.

    Returns:
        (H, W, 3) uint8, BGR.
    """
    shapes = [picture.shape for column in columns for picture in column.pictures]
    # At most square, or one tall picture would make the sheet endless.
    cell_h = round(CELL_W * min(max(shape[0] / shape[1] for shape in shapes), 1.0))
    rows = len(columns[0].pictures)
    sheet_w = 2 * MARGIN + len(columns) * CELL_W + (len(columns) - 1) * GAP
    sheet_h = 2 * MARGIN + TITLE_H + HEAD_H + rows * cell_h + (rows - 1) * GAP
    sheet = np.full((sheet_h, sheet_w, 3), BACKGROUND_BGR, np.uint8)
    base = MARGIN + 24
    paint_text(sheet, title, (MARGIN, base), _TITLE, TEXT_BGR, bold=True)
    right = sheet_w - MARGIN - text_width(detail, _SMALL)
    paint_text(sheet, detail, (right, base), _SMALL, MUTED_BGR, bold=False)
    for index, column in enumerate(columns):
        x = MARGIN + index * (CELL_W + GAP)
        y = MARGIN + TITLE_H
        paint_text(sheet, column.heading, (x, y + 8), _HEAD, TEXT_BGR, bold=True)
        words = shortened(column.detail, CELL_W, _SMALL)
        paint_text(sheet, words, (x, y + 32), _SMALL, MUTED_BGR, bold=False)
        y += HEAD_H
        for picture in column.pictures:
            _set_into(sheet[y : y + cell_h, x : x + CELL_W], picture)
            y += cell_h + GAP
    return sheet


def _set_into(cell: Pixels, picture: Pixels) -> None:
    """Fill the middle of a cell with a picture, as large as it fits."""
    (rows, columns), (height, width) = cell.shape[:2], picture.shape[:2]
    scale = min(rows / height, columns / width)
    fitted_wh = (max(round(width * scale), 1), max(round(height * scale), 1))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    left, top = (columns - fitted_wh[0]) // 2, (rows - fitted_wh[1]) // 2
    cell[top : top + fitted_wh[1], left : left + fitted_wh[0]] = cv2.resize(
        picture, fitted_wh, interpolation=method
    )
