"""What every test of the app needs: a screen in memory, and windows that are really gone after."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("PySide6.QtWidgets")

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from edgecnn.video.status import State, Status
from gui.app import application
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.shortcuts import SHORTCUTS
from tests.gui.case import Case
from tests.helpers.app import FakeModels, HandSource, cards, no_hurry


@pytest.fixture(scope="session")
def qapp() -> object:
    return application()


class Stage:
    """The window with a source and models in the test's hand."""

    def __init__(self, qtbot: QtBot, settings: Settings, source: str | None) -> None:
        self.qtbot = qtbot
        self.models = FakeModels()
        self.sources: list[HandSource] = []
        self.words: list[tuple[str, bool]] = []
        self.next_status = Status(State.RUNNING)
        self.live = Live(
            open_source=self._open,
            load=self.models.load,
            load_quickly=no_hurry,
            smooth=bool(settings["smooth"]),
        )
        self.desk = Desk(models_of=cards, cameras_of=list)
        self.window = MainWindow(settings, self.live, self.desk, source=source)

    def _open(self, word: str, mirror: bool) -> HandSource:
        self.words.append((word, mirror))
        self.sources.append(HandSource(word, self.next_status))
        return self.sources[-1]

    @property
    def source(self) -> HandSource:
        return self.sources[-1]

    def until(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=20_000)

    def until_loaded(self) -> None:
        self.until(lambda: self.live.model.info and self.live.model.loading_since_s is None)

    def give_until(self, condition: Callable[[], object]) -> None:
        """Hand over pictures until something holds."""

        def step() -> bool:
            self.source.give()
            return bool(condition())

        self.qtbot.waitUntil(step, timeout=20_000)

    def run(self) -> None:
        """Wait until the stream runs and its first answer is shown."""
        self.until(lambda: self.sources and self.live.stats is not None)
        self.until_loaded()
        self.give_until(lambda: self.window.view.result is not None)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(tmp_path / "config" / "app.json")
    made["folder"] = str(tmp_path / "saved")
    made["smooth"] = False
    return made


@pytest.fixture
def stage(qtbot: QtBot, settings: Settings) -> Iterator[Callable[..., Stage]]:
    """Makes windows; at the end each is closed and nothing of it stays in memory."""
    made: list[Stage] = []

    def make(source: str | None = "demo", *, run: bool = True) -> Stage:
        one = Stage(qtbot, settings, source)
        made.append(one)
        one.window.show()
        qtbot.waitExposed(one.window)
        if run:
            one.run()
        return one

    yield make
    for one in made:
        for _, task in one.models.loaded:
            task.gate.set()
        one.models.gate.set()
        one.window.close()
        one.window.deleteLater()
    made.clear()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def press(stage: Stage, keys: str) -> None:
    """Send the keys of a shortcut to the window."""
    combination = QKeySequence(keys)[0]
    stage.qtbot.keyClick(stage.window, combination.key(), combination.keyboardModifiers())


def command(stage: Stage, name: str) -> None:
    press(stage, SHORTCUTS[name].keys)


@pytest.fixture
def case(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    made = Case(qtbot, monkeypatch)
    yield made
    for _, task in made.models.loaded:
        task.gate.set()
    made.camera.hang.set()
    for window in made.windows:
        window.close()
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
