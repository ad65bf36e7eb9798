"""The whole of it: real models on the demo clip, in the real window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from edgecnn.core.results import Classification, Detections, Faces, Segmentation
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.state import ModelChoice
from gui.tabs import TABS

KINDS = {
    "classify": Classification,
    "detect": Detections,
    "faces": Faces,
    "segment": Segmentation,
}


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    settings = Settings(None)
    made = MainWindow(settings, Live(), Desk(), source="demo")
    for key, tab in TABS.items():  # LiteRT opens at once, also on a busy machine
        made.store.update_tab(key, choice=ModelChoice(tab.model, backend="litert", threads=1))
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_every_tab_answers_about_the_demo_clip(window: MainWindow, qtbot: QtBot) -> None:
    assert set(KINDS) == set(TABS)
    for key, kind in KINDS.items():
        window.do(f"tab_{key}")
        qtbot.waitUntil(
            lambda kind=kind: isinstance(window.view.result, kind) and len(window.view.result) > 0,
            timeout=60_000,
        )
        qtbot.waitUntil(lambda: bool(window.side.results.rows), timeout=60_000)
    info = window.live.model.info
    assert info is not None
    assert info.name == TABS["segment"].model


def test_switching_the_variant_keeps_stream_and_overlay(window: MainWindow, qtbot: QtBot) -> None:
    window.do("tab_detect")
    qtbot.waitUntil(lambda: isinstance(window.view.result, Detections), timeout=60_000)
    stats = window.live.stats
    assert stats is not None
    bare: list[int] = []
    for precision in ("float16", "int8"):
        choice = replace(window.store.state.current.choice, precision=precision)
        window.store.update_tab(choice=choice)

        def arrived(precision: str = precision) -> bool:
            if window.view.result is None and window.view.frame is not None:
                bare.append(window.view.frame.index)
            info = window.live.model.info
            return info is not None and info.precision == precision

        qtbot.waitUntil(arrived, timeout=60_000)
    after = window.live.stats
    assert after is not None
    assert after.answered >= stats.answered
    assert len(set(bare)) <= 3
