"""Where the window was the last time."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

_KEY = "place"
_MOST_PX = 16_000


def remember_place(window: QWidget, memory: dict[str, Any]) -> None:
    """Note place and size, those of the plain window while it is full screen."""
    place = window.normalGeometry()
    memory[_KEY] = [place.x(), place.y(), place.width(), place.height()]


def restore_place(window: QWidget, memory: dict[str, Any]) -> None:
    """The size of the last time; the place as well, if a screen is still there."""
    place = memory.get(_KEY)
    if not (isinstance(place, list) and len(place) == 4 and all(map(_is_whole, place))):
        return
    x, y, width, height = place
    window.resize(min(width, _MOST_PX), min(height, _MOST_PX))
    corner = QPoint(x, y)
    if QGuiApplication.screenAt(corner) is not None:
        window.move(corner)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
