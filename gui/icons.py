"""The app's icons: strokes on a grid of 20, drawn in the colour of the text around them."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from edgecnn.errors import UnknownNameError

STROKES: dict[str, str] = {
    "camera": (
        '<rect x="2.5" y="5.5" width="10" height="9" rx="2"/><path d="M12.5 9l5-2.5v7l-5-2.5"/>'
    ),
    "film": '<rect x="3" y="4" width="14" height="12" rx="2"/><path d="M8.5 7.5v5l4-2.5z"/>',
    "folder": '<path d="M2.5 15.5v-11h5l2 2h8v9z"/>',
    "network": (
        '<circle cx="10" cy="10" r="7"/><path d="M3 10h14M10 3c4 4 4 10 0 14M10 3c-4 4-4 10 0 14"/>'
    ),
    "spark": (
        '<path d="M10 3v4M10 13v4M3 10h4M13 10h4M5.5 5.5l2 2M12.5 12.5l2 2M14.5 5.5l-2 2'
        'M7.5 12.5l-2 2"/>'
    ),
    "snapshot": '<path d="M2.5 6.5h3l1.5-2h6l1.5 2h3v9h-15z"/><circle cx="10" cy="11" r="2.8"/>',
    "record": (
        '<circle cx="10" cy="10" r="6.5"/><circle cx="10" cy="10" r="2.6" fill="currentColor"/>'
    ),
    "stop": '<rect x="5" y="5" width="10" height="10" rx="1.5" fill="currentColor"/>',
    "freeze": '<path d="M7 4.5v11M13 4.5v11"/>',
    "play": '<path d="M6.5 4.5v11l9-5.5z"/>',
    "full_screen": '<path d="M3.5 7.5v-4h4M12.5 3.5h4v4M16.5 12.5v4h-4M7.5 16.5h-4v-4"/>',
    "panel": '<rect x="3" y="4" width="14" height="12" rx="2"/><path d="M12 4v12"/>',
    "compare": '<rect x="2.5" y="5" width="6" height="10" rx="1.5"/>'
    '<rect x="11.5" y="5" width="6" height="10" rx="1.5"/>',
    "models": '<path d="M10 2.8l7 3.6-7 3.6-7-3.6zM3 10l7 3.6 7-3.6M3 13.6l7 3.6 7-3.6"/>',
    "menu": '<path d="M3.5 6h13M3.5 10h13M3.5 14h13"/>',
    "settings": (
        '<path d="M3 6h7M14 6h3M3 14h3M10 14h7"/>'
        '<circle cx="12" cy="6" r="2"/>'
        '<circle cx="8" cy="14" r="2"/>'
    ),
    "help": (
        '<circle cx="10" cy="10" r="7"/>'
        '<path d="M7.8 8a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6M10 14v.2"/>'
    ),
    "about": '<circle cx="10" cy="10" r="7"/><path d="M10 9.2v4.3M10 6.5v.2"/>',
    "lock": (
        '<rect x="4.5" y="9" width="11" height="8" rx="1.5"/><path d="M7 9V6.5a3 3 0 0 1 6 0V9"/>'
    ),
    "chevron": '<path d="M5.5 8l4.5 4.5L14.5 8"/>',
    "chevron_up": '<path d="M5.5 12L10 7.5l4.5 4.5"/>',
    "tick": '<path d="M4.5 10.5l3.5 3.5 7.5-8"/>',
    "retry": '<path d="M15.5 8A6 6 0 1 0 16 11M16 4.5V8.3h-3.8"/>',
    "warning": '<path d="M10 3.5l7.5 13h-15zM10 8.5v4M10 14.4v.2"/>',
    "sun": (
        '<circle cx="10" cy="10" r="3.2"/>'
        '<path d="M10 2.5v2M10 15.5v2M2.5 10h2M15.5 10h2M4.7 4.7l1.4 1.4'
        'M13.9 13.9l1.4 1.4M15.3 4.7l-1.4 1.4M6.1 13.9l-1.4 1.4"/>'
    ),
    "close": '<path d="M5 5l10 10M15 5L5 15"/>',
}
"""Name -> the inside of an SVG of 20 x 20."""

_FRAME = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20" fill="none" stroke="{color}" '
    'stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">{strokes}</svg>'
)


def svg(name: str, color: str) -> bytes:
    """An icon as SVG in one colour.

    Raises:
        UnknownNameError: No such icon; lists those there are.
    """
    if name not in STROKES:
        raise UnknownNameError(f"There is no icon {name!r}. Icons: {', '.join(sorted(STROKES))}.")
    strokes = STROKES[name].replace("currentColor", color)
    return _FRAME.format(color=color, strokes=strokes).encode()


@lru_cache(maxsize=256)
def icon(name: str, color: str) -> QIcon:
    """An icon in the colour of its text, sharp at one, two and three device pixels a pixel."""
    made = QIcon()
    renderer = QSvgRenderer(QByteArray(svg(name, color)))
    for ratio in (1, 2, 3):
        picture = QPixmap(20 * ratio, 20 * ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        renderer.render(painter, QRectF(0, 0, 20 * ratio, 20 * ratio))
        painter.end()
        picture.setDevicePixelRatio(ratio)
        made.addPixmap(picture)
    return made


class IconFiles:
    """Icons as files, which is the only form in which a stylesheet takes them.

    The folder goes away with the object.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="edgecnn-icons-")

    def path(self, name: str, color: str) -> str:
        """Path of an icon in a colour, with forward slashes."""
        file = Path(self._folder.name) / f"{name}-{color.lstrip('#')}.svg"
        if not file.exists():
            file.write_bytes(svg(name, color))
        return file.as_posix()

    def close(self) -> None:
        """Remove the files."""
        self._folder.cleanup()
