from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from edgecnn.errors import UnknownNameError
from gui.icons import STROKES, IconFiles, icon


@pytest.mark.parametrize("name", STROKES)
def test_every_icon_draws_strokes_in_its_colour(name: str, qtbot: QtBot) -> None:
    picture = icon(name, "#ff8800").pixmap(20, 20).toImage()
    colors = [
        picture.pixelColor(x, y)
        for x in range(picture.width())
        for y in range(picture.height())
        if picture.pixelColor(x, y).alpha() > 120
    ]
    assert len(colors) > 8
    wanted = QColor("#ff8800")
    assert all(abs(color.green() - wanted.green()) < 30 for color in colors)


def test_unknown_icon_lists_those_there_are(qtbot: QtBot) -> None:
    with pytest.raises(UnknownNameError, match="snapshot"):
        icon("no such icon", "#000000")


def test_files_of_icons_go_away() -> None:
    files = IconFiles()
    path = Path(files.path("tick", "#123456"))
    assert b"#123456" in path.read_bytes()
    files.close()
    assert not path.exists()
