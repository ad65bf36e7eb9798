"""What a change of the theme costs, in work and not in time, and that nothing of the old stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from gui.main_window import MainWindow
from gui.theme import THEMES
from tests.gui.conftest import Stage

MakeStage = Callable[..., Stage]
MOST_POLISHES = 3.0
"""Of a widget in one change, on average: the sheet is taken off and put on, and some have a sheet
of their own. One that replaces another polishes each as often as it has parents, six on average."""
DIALOGS = ("settings", "models", "compare", "shortcuts", "about", "verify_photos")


class Polishes(QObject):
    """Counts how often each widget is given a style."""

    def __init__(self) -> None:
        super().__init__()
        self.of: Counter[QWidget] = Counter()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt)
        if event.type() is QEvent.Type.StyleChange and isinstance(watched, QWidget):
            self.of[watched] += 1
        return False


@contextmanager
def polishes(app: QApplication) -> Iterator[Counter[QWidget]]:
    made = Polishes()
    app.installEventFilter(made)
    try:
        yield made.of
    finally:
        app.removeEventFilter(made)


def settle() -> None:
    QCoreApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()


def ready(stage: Stage) -> MainWindow:
    """A window that has all it asks for, so that every dialog can be opened."""
    stage.until(lambda: stage.desk.models("classify"))
    settle()
    return stage.window


def open_all(window: MainWindow) -> int:
    """Open every dialog; returns how many there are."""
    for name in DIALOGS:
        window.do(name)
    settle()
    return len(window.open_dialogs)


def test_a_change_polishes_no_widget_again_and_again(stage: MakeStage, qapp: QApplication) -> None:
    window = ready(stage())
    assert open_all(window) == len(DIALOGS)
    with polishes(qapp) as counted:
        window.toggle_theme()
    assert len(counted) >= 200
    assert counted.total() <= MOST_POLISHES * len(counted)


def test_the_theme_that_is_worn_costs_nothing(stage: MakeStage, qapp: QApplication) -> None:
    window = stage().window
    with polishes(qapp) as counted:
        window.apply_theme(str(window.settings["theme"]))
    assert not counted


def test_dialogs_that_were_closed_are_gone(stage: MakeStage, qapp: QApplication) -> None:
    window = ready(stage())
    before = len(qapp.allWidgets())
    for _ in range(3):
        assert open_all(window) == len(DIALOGS)
        assert len(qapp.allWidgets()) > before
        for dialog in window.open_dialogs:
            dialog.close()
        settle()
    assert len(qapp.allWidgets()) <= before


@pytest.mark.parametrize("name", THEMES)
def test_nothing_of_the_other_theme_stays(stage: MakeStage, qtbot: QtBot, name: str) -> None:
    """Windows, also with a sheet of their own, look as if they had never been dark, or light."""
    one = stage()
    window = one.window
    window.apply_theme(name)
    for timer in (window._looking, window._counting):
        timer.stop()
    with_sheet = QLineEdit("words")
    with_sheet.setStyleSheet("QLineEdit { padding: 9px; }")
    qtbot.addWidget(with_sheet)
    for still in ("settings", "shortcuts", "about"):
        window.do(still)
    shown = (window, with_sheet, *window.open_dialogs)

    def look() -> list[QImage]:
        settle()
        return [widget.grab().toImage() for widget in shown]

    before = look()
    window.apply_theme(next(theme for theme in THEMES if theme != name))
    assert all(a != b for a, b in zip(before, look(), strict=True))
    window.apply_theme(name)
    assert [a == b for a, b in zip(before, look(), strict=True)] == [True] * len(shown)
