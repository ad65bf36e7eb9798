"""A picture of the user's behind people: read, scaled, refused, chosen, dropped, remembered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog

from gui.backdrop import Backdrop, choose_backdrop
from gui.effects import plain_wall
from gui.settings import Settings
from gui.widgets.background_panel import BackgroundPanel
from tests.gui.conftest import Stage

MakeStage = Callable[..., Stage]
LEFT = Qt.MouseButton.LeftButton
GREEN = (0, 200, 0)


def green(folder: Path) -> Path:
    """A picture of one colour."""
    path = folder / "meadow.png"
    cv2.imwrite(str(path), np.full((90, 160, 3), GREEN, np.uint8))
    return path


def segment(one: Stage) -> BackgroundPanel:
    """The Segment tab with a replaced background."""
    one.window.do("tab_segment")
    one.until_loaded()
    one.window.store.update_tab(effect="replace")
    panel = one.window.side.extra("segment")
    assert isinstance(panel, BackgroundPanel)
    return panel


def drop(panel: BackgroundPanel, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    entered = QDragEnterEvent(QPoint(9, 9), copy, data, LEFT, none)
    panel.backdrop.dragEnterEvent(entered)
    assert entered.isAccepted()
    panel.backdrop.dropEvent(QDropEvent(QPointF(9, 9), copy, data, LEFT, none))


@pytest.mark.parametrize("size_wh", [(64, 48), (48, 64), (160, 90), (3, 200), (500, 500)])
def test_it_covers_every_size_in_its_own_proportions(size_wh: tuple[int, int]) -> None:
    columns, rows = np.meshgrid(np.linspace(0, 250, 160), np.linspace(0, 250, 90))
    pixels = np.stack([columns, rows, rows], axis=2).astype(np.uint8)
    made = Backdrop(pixels).covering(size_wh)
    assert made.shape == (size_wh[1], size_wh[0], 3)
    # A step over the same number of pixels is the same in both directions, so nothing is stretched;
    # the middle stays the middle.
    middle = made[size_wh[1] // 2, size_wh[0] // 2].astype(int)
    assert abs(middle[0] - 125) < 12
    assert abs(middle[1] - 125) < 12
    if min(size_wh) > 40:
        reach = min(size_wh) // 3
        row, column = size_wh[1] // 2, size_wh[0] // 2
        across = int(made[row, column + reach, 0]) - int(made[row, column - reach, 0])
        down = int(made[row + reach, column, 1]) - int(made[row - reach, column, 1])
        assert across * 160 == pytest.approx(down * 90, rel=0.15)


def test_a_large_photo_is_kept_small() -> None:
    assert max(Backdrop(np.zeros((3000, 4000, 3), np.uint8)).pixels.shape) <= 1920


def test_nothing_chosen_is_the_wall() -> None:
    choice = choose_backdrop("")
    assert choice.backdrop is None
    assert choice.problem == ""


@pytest.mark.parametrize("content", [b"", b"no picture at all", None])
def test_a_broken_file_is_said_by_its_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "holiday.jpg"
    if content is not None:
        path.write_bytes(content)
    choice = choose_backdrop(str(path))
    assert choice.backdrop is None
    assert "holiday.jpg" in choice.problem
    assert str(tmp_path) not in choice.problem


def test_a_chosen_picture_stands_behind_people_in_view_snapshot_and_recording(
    stage: MakeStage, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = green(tmp_path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    one = stage()
    panel = segment(one)
    one.give_until(lambda: one.window.view.result is not None)
    one.qtbot.mouseClick(panel.backdrop.choose, LEFT)
    one.give_until(lambda: one.window.desk.backdrop.backdrop is not None)
    one.give_until(lambda: one.live.recorder.backdrop is not None)
    seen = one.window.view.grab().toImage()
    area = one.window.view.area
    assert area is not None
    place = (area.x + area.width * 9 // 10, area.y + area.height // 2)
    shown = seen.pixelColor(round(place[0] * seen.devicePixelRatio()), place[1])
    assert (shown.blue(), shown.green(), shown.red()) == GREEN
    one.window.save_snapshot()
    assert one.window.desk.wait(20)
    (saved,) = Path(settings["folder"]).glob("*.png")
    assert tuple(cv2.imread(str(saved))[24, 60]) == GREEN
    assert panel.backdrop.name.text() == "meadow.png"


def test_a_dropped_picture_is_remembered_and_taken_away_again(
    stage: MakeStage, tmp_path: Path
) -> None:
    one = stage()
    panel = segment(one)
    drop(panel, green(tmp_path))
    one.give_until(lambda: one.window.desk.backdrop.backdrop is not None)
    assert one.window.store.state.source == "demo"  # it did not become the source as well
    one.window.close()
    again = Settings(tmp_path / "config" / "app.json")
    tab = again.memory["tabs"]["segment"]
    assert (tab["effect"], Path(tab["background"]).name) == ("replace", "meadow.png")
    two = stage()
    two.window.do("tab_segment")
    two.until(lambda: two.window.desk.backdrop.backdrop is not None)
    two.qtbot.mouseClick(two.window.side.extra("segment").backdrop.wall, LEFT)
    two.until(lambda: two.window.desk.backdrop.backdrop is None)
    assert two.window.store.state.current.background == ""


def test_a_broken_picture_is_said_in_place_and_the_wall_stays(
    stage: MakeStage, tmp_path: Path
) -> None:
    broken = tmp_path / "holiday.jpg"
    broken.write_bytes(b"no picture")
    one = stage()
    panel = segment(one)
    drop(panel, broken)
    one.until(lambda: panel.backdrop.problem.isVisible())
    assert "holiday.jpg" in panel.backdrop.problem.text()
    drop(panel, green(tmp_path))
    one.until(lambda: not panel.backdrop.problem.isVisible())


def test_only_replacing_asks_for_a_picture(stage: MakeStage) -> None:
    one = stage()
    panel = segment(one)
    assert panel.backdrop.isVisible()
    one.window.store.update_tab(effect="blur")
    assert not panel.backdrop.isVisible()


def test_the_wall_has_the_size_that_is_asked_for() -> None:
    assert plain_wall((7, 5)).shape == (5, 7, 3)
