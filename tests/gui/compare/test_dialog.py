from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from edgecnn.core.image import read_image
from edgecnn.core.results import Detections
from edgecnn.video.frame import Frame
from edgecnn.zoo.catalogue import assets_path
from gui.catalogue import models_for
from gui.compare.dialog import CompareDialog
from gui.compare.duel import Duel
from gui.state import ModelChoice, TabState
from gui.widgets.variant_picker import CHOICE
from tests.helpers.app import FakeModels, cards

PAIR = (
    ModelChoice("detect_1", "float16", "litert", "f32"),
    ModelChoice("detect_1", "int8", "openvino", "f32"),
)


class Camera:
    """A new frame of the same picture at each call."""

    def __init__(self, picture: Path) -> None:
        self._pixels = read_image(picture)
        self._numbers = count()

    def __call__(self) -> Frame:
        number = next(self._numbers)
        return Frame(self._pixels, "bgr", number / 30, number, "still")


@pytest.fixture
def camera() -> Camera:
    return Camera(sorted((assets_path() / "images").glob("*.jpg"))[0])


@pytest.fixture
def models() -> FakeModels:
    return FakeModels()


@pytest.fixture
def dialog(qtbot: QtBot, camera: Camera, models: FakeModels) -> Iterator[CompareDialog]:
    duel = Duel("detect", TabState(PAIR[0], 0.4), PAIR, load=models.load)
    made = CompareDialog(duel, camera, cards("detect"), threshold=0.4, what="Detect")
    made.show()
    qtbot.waitExposed(made)
    yield made
    models.gate.set()
    made.reject()
    assert made.duel.close(10)
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_it_shows_both_answers_and_says_its_verdict(dialog: CompareDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "agreed on" in dialog.verdict.text(), timeout=20_000)
    for view in dialog.sides.values():
        assert isinstance(view.view.result, Detections)
    first, second = (view.view.frame for view in dialog.sides.values())
    assert first is second
    qtbot.waitUntil(lambda: "100.0 % agreement" in dialog.agreed.text(), timeout=20_000)
    assert dialog.sides["first"].title.text() == "Model 1 · float16 · LiteRT"
    qtbot.waitUntil(lambda: len(dialog.strip.shares) > 3, timeout=20_000)
    assert "3.5 MB" in dialog.bars.accessibleDescription()


def test_a_variant_is_switched_with_keys_and_the_count_begins_anew(
    dialog: CompareDialog, qtbot: QtBot, models: FakeModels
) -> None:
    qtbot.waitUntil(lambda: dialog.duel.look().tally.frames > 5, timeout=20_000)
    side = dialog.sides["second"]
    side.switch.setFocus()
    qtbot.keyClick(side.switch, Qt.Key.Key_Space)
    assert side.picker.isVisible()
    rows = side.picker.list.model()
    wanted = ModelChoice("detect_2", "float16", "litert", "f32")
    row = next(n for n in range(rows.rowCount()) if rows.index(n, 0).data(CHOICE) == wanted)
    side.picker.list.setCurrentIndex(rows.index(row, 0))
    qtbot.keyClick(side.picker.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.duel.look().sides["second"].choice == wanted, timeout=20_000)
    qtbot.waitUntil(lambda: "Model 2" in dialog.verdict.text(), timeout=20_000)
    assert len(models.loaded) == 3


def test_r_and_the_button_count_anew(dialog: CompareDialog, qtbot: QtBot) -> None:
    button = dialog.findChild(QPushButton, "countAnew")
    assert button is not None
    for act in (
        lambda: qtbot.keyClick(dialog, Qt.Key.Key_R),
        lambda: qtbot.mouseClick(button, Qt.MouseButton.LeftButton),
    ):
        qtbot.waitUntil(lambda: dialog.duel.look().tally.frames > 20, timeout=20_000)
        act()
        assert dialog.duel.look().tally.frames < 20


def test_it_fits_the_smallest_window_and_every_control_has_a_name(dialog: CompareDialog) -> None:
    dialog.resize(980, 600)
    assert (dialog.width(), dialog.height()) == (980, 600)
    for button in dialog.findChildren(QPushButton):
        assert button.accessibleName() or button.text()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    for view in dialog.sides.values():
        assert view.view.width() > 400
        assert view.view.height() > 250


def test_escape_closes_it_and_lets_go_of_the_models(
    dialog: CompareDialog, qtbot: QtBot, models: FakeModels
) -> None:
    qtbot.waitUntil(lambda: dialog.duel.ready, timeout=20_000)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: all(task.closed for _, task in models.loaded), timeout=20_000)


def test_real_variants_agree_about_a_photo(qtbot: QtBot, camera: Camera) -> None:
    pair = (
        ModelChoice("classify_efficientnet_lite0", "float16", "litert", "f32", 1),
        ModelChoice("classify_efficientnet_lite0", "int8", "litert", "f32", 1),
    )
    made = CompareDialog(
        Duel("classify", TabState(pair[0], 0.1), pair),
        camera,
        models_for("classify"),
        threshold=0.1,
        what="Classify",
    )
    made.show()
    qtbot.waitUntil(lambda: made.duel.look().tally.frames >= 12, timeout=60_000)
    qtbot.waitUntil(lambda: "frames" in made.verdict.text(), timeout=20_000)
    tally = made.duel.look().tally
    assert tally.same == tally.frames  # one picture: what holds once holds always
    assert "times smaller" in made.verdict.text()
    made.reject()
    assert made.duel.close(20)
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
