"""The window on a real source that can have every fault, with models in the test's hand."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from edgecnn.errors import BackendError
from edgecnn.video.fault import Fault
from edgecnn.video.frame import Frame
from edgecnn.video.link import Grab
from edgecnn.video.live import LiveSource
from edgecnn.video.opening import open_live
from edgecnn.video.status import Reason
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.main_window import MainWindow
from gui.settings import Settings
from tests.helpers.app import FakeModels, FakeTask, cards, no_hurry
from tests.helpers.live import HASTY, FakeCamera

LEFT = Qt.MouseButton.LeftButton
FULL = namedtuple("usage", "total used free")(100, 100, 0)


CAMERA = "camera in the test's hand"


def unplugged(_: int) -> Grab | None:
    raise Fault(Reason.LOST, "Fake camera was unplugged.")


def broken_decoder(_: int) -> Grab | None:
    raise RuntimeError("the decoder chokes")


class Case:
    """The window on a real source with models in the test's hand."""

    def __init__(self, qtbot: QtBot, patch: pytest.MonkeyPatch) -> None:
        self.qtbot = qtbot
        self.patch = patch
        self.models = FakeModels()
        self.camera = FakeCamera()
        self.live = Live(
            open_source=self._source, load=self.models.load, load_quickly=no_hurry, smooth=False
        )
        self.windows: list[MainWindow] = []

    def _source(self, word: str, mirror: bool) -> LiveSource:
        return self.camera.source() if word == CAMERA else open_live(word, patience=HASTY)

    def open(self, word: str) -> MainWindow:
        desk = Desk(models_of=cards, cameras_of=list)
        window = MainWindow(Settings(None), self.live, desk, source=word)
        self.windows.append(window)
        window.show()
        self.qtbot.waitExposed(window)
        return window

    def until(self, condition: Callable[[], Any]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=30_000)

    def until_said(self, *words: str) -> None:
        """Wait until a notice says one of the words."""
        card = self.windows[-1].view.card
        self.until(
            lambda: (
                card.isVisible()
                and any(
                    word in card.accessibleName() + card.accessibleDescription() for word in words
                )
            )
        )

    def until_it_runs(self) -> None:
        """Wait until new pictures with results are shown and nothing is said over them."""
        window = self.windows[-1]
        painted = window.view.painted
        self.until(
            lambda: (
                window.view.painted > painted + 2
                and window.view.result is not None
                and not window.view.card.isVisible()
            )
        )

    def unplug(self) -> None:
        self.camera.refuse = Fault(Reason.NOT_FOUND, "Plug it in.")
        self.camera.behave = unplugged

    def fill_disk(self) -> None:
        self.patch.setattr(shutil, "disk_usage", lambda _: FULL)

    def press(self, key: str) -> None:
        button = self.windows[-1].view.card.findChild(QAbstractButton, f"notice_{key}")
        assert button is not None
        self.qtbot.mouseClick(button, LEFT)


def fails_on_every_tenth(task: FakeTask) -> Callable[[Frame], Any]:
    def sometimes(picture: Frame) -> Any:
        if picture.index % 10 == 9:
            raise BackendError("It does that.")
        return task.result

    return sometimes
