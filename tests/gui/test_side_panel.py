"""The side panel in the smallest window: all of it fits, or is scrolled to, in both themes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea, QWidget

from gui.main_window import LEAST_WH
from gui.tabs import TABS
from gui.theme import THEMES
from gui.widgets.results_list import ROW_PX
from tests.gui.conftest import Stage

MakeStage = Callable[..., Stage]


def scroll_of(one: Stage) -> QScrollArea:
    found = one.window.side.findChild(QScrollArea)
    assert found is not None
    return found


def small(stage: MakeStage, theme: str, key: str) -> Stage:
    one = stage()
    one.window.apply_theme(theme)
    one.window.resize(*LEAST_WH)
    one.window.do(f"tab_{key}")
    one.window.store.update_tab(effect="replace")  # the tallest that the Segment tab can be
    one.until_loaded()
    one.give_until(lambda: one.window.side.results.rows)
    one.qtbot.wait(100)
    return one


def clipped(scroll: QScrollArea) -> list[str]:
    """Parts that have less room than they need, in words."""
    content, view = scroll.widget(), scroll.viewport()
    assert content is not None
    found = []
    if content.width() > view.width():
        found.append(f"the panel is {content.width()} wide, of which {view.width()} are seen")
    if scroll.verticalScrollBar().maximum() < content.height() - view.height():
        found.append("the end cannot be scrolled to")
    for part in content.findChildren(QWidget):
        if not part.isVisible():
            continue
        corner = part.mapTo(content, QPoint(part.width(), part.height()))
        words = f"{type(part).__name__} {part.accessibleName() or getattr(part, 'text', str)()!r}"
        if corner.x() > content.width() or corner.y() > content.height():
            found.append(f"{words} reaches beyond the panel")
        if part.layout() is None:  # of others, what they consist of is looked at
            least = part.minimumSizeHint().height()
            if part.hasHeightForWidth():
                least = part.heightForWidth(part.width())
            if part.height() < min(least, part.maximumHeight()):
                found.append(f"{words} is {part.height()} high and needs {least}")
    return found


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("key", TABS)
def test_nothing_is_clipped(stage: MakeStage, theme: str, key: str) -> None:
    scroll = scroll_of(small(stage, theme, key))
    for _ in range(100):  # a text that changes is laid out by and by
        if not clipped(scroll):
            break
        QTest.qWait(50)
    assert clipped(scroll) == []


@pytest.mark.parametrize("key", ["classify", "detect"])
def test_results_give_way_so_that_threshold_and_classes_are_seen(
    stage: MakeStage, key: str
) -> None:
    one = small(stage, "dark", key)
    assert scroll_of(one).verticalScrollBar().maximum() == 0
    low = one.window.side.results.height()
    assert low >= 3 * ROW_PX
    one.window.resize(1280, 800)
    one.qtbot.wait(100)
    assert one.window.side.results.height() > low
