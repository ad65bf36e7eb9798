from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QSpinBox
from pytestqt.qtbot import QtBot

from gui.icons import IconFiles
from gui.theme import THEMES, Theme, style_sheet
from gui.widgets.number_field import padded


@pytest.fixture(params=THEMES.values(), ids=lambda theme: theme.name)
def themed(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[Theme]:
    files = IconFiles()
    before = qapp.styleSheet()
    qapp.setStyleSheet(style_sheet(request.param, files.path))
    yield request.param
    qapp.setStyleSheet(before)
    files.close()


def test_a_number_stands_apart_from_the_edge_and_its_arrows_work(
    themed: Theme, qtbot: QtBot
) -> None:
    field = padded(QSpinBox())
    qtbot.addWidget(field)
    field.setValue(5)
    field.show()
    qtbot.waitExposed(field)
    picture = field.grab().toImage()
    middle = [picture.pixelColor(x, field.height() // 2).name() for x in range(1, 8)]
    assert set(middle) == {themed.control}
    for y, wanted in ((6, 6), (field.height() - 6, 5)):
        place = QPoint(field.width() - 10, y)
        qtbot.mouseClick(field, Qt.MouseButton.LeftButton, pos=place)
        assert field.value() == wanted
    shown = {
        picture.pixelColor(x, y).name()
        for x in range(field.width() - 20, field.width() - 2)
        for y in range(2, field.height() - 2)
    }
    assert len(shown) > 3  # the arrows are drawn
