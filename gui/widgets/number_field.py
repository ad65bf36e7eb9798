"""Fields for numbers as the other fields look."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtWidgets import QAbstractSpinBox

Box = TypeVar("Box", bound=QAbstractSpinBox)

_PAD_PX = 8


def padded(box: Box) -> Box:
    """The same field, its number as far from the edge as the words of other fields.

    The stylesheet cannot do it: Qt leaves padding out of account in fields with arrows.
    """
    box.lineEdit().setTextMargins(_PAD_PX, 0, 0, 0)
    return box
