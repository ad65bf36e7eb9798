"""From the main window to the windows of comparison and of models, and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QPushButton

from edgecnn.bundle import io
from edgecnn.video.status import Reason, State, Status
from gui.compare.dialog import CompareDialog
from gui.models.dialog import ModelsDialog
from gui.state import ModelChoice
from gui.tabs import TABS
from tests.gui.conftest import Stage, command
from tests.helpers.models import mean_color_bundle, mean_color_tflite

MakeStage = Callable[..., Stage]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "edgecnn" / "zoo"


def compare(one: Stage) -> CompareDialog:
    one.until(lambda: one.window.side.model.compare.isEnabled())
    command(one, "compare")
    dialog = one.window._dialogs["compare"]
    assert isinstance(dialog, CompareDialog)
    return dialog


def models(one: Stage) -> ModelsDialog:
    one.until(lambda: "models" in one.window._dialogs)
    dialog = one.window._dialogs["models"]
    assert isinstance(dialog, ModelsDialog)
    one.until(dialog.list.count)
    return dialog


def test_two_variants_are_compared_on_the_frames_of_the_window(stage: MakeStage) -> None:
    one = stage()
    dialog = compare(one)
    one.until(lambda: dialog.duel.ready)
    one.give_until(lambda: dialog.duel.look().tally.frames > 2)
    shown = dialog.duel.look().frame
    assert shown is not None
    assert shown.source == "demo"
    assert len(one.sources) == 1


def test_the_windows_own_model_rests_meanwhile_and_goes_on_after(stage: MakeStage) -> None:
    one = stage()
    working = one.models.newest
    dialog = compare(one)
    one.until(lambda: dialog.duel.ready)
    one.give_until(lambda: dialog.duel.look().tally.frames > 0)
    calls = working.calls
    one.give_until(lambda: dialog.duel.look().tally.frames > 3)
    assert working.calls == calls
    one.qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    one.until(lambda: "compare" not in one.window._dialogs)
    one.give_until(lambda: working.calls > calls)
    one.give_until(lambda: one.window.view.result is not None)


def test_trouble_with_the_source_is_said_there_too(stage: MakeStage) -> None:
    one = stage()
    dialog = compare(one)
    one.until(lambda: dialog.duel.ready)
    one.source.say(Status(State.FAILED, Reason.LOST, "The camera is gone. Plug it in."))
    for side in dialog.sides.values():
        one.until(lambda side=side: side.view.notice is not None)
        assert side.view.notice is not None
        assert side.view.notice.message == "The camera is gone. Plug it in."
        assert side.view.notice.actions == ()


def test_the_side_panel_has_a_button_for_it(stage: MakeStage) -> None:
    one = stage()
    one.until(lambda: one.window.side.model.compare.isEnabled())
    button = one.window.findChild(QPushButton, "compare")
    assert button is not None
    one.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert "compare" in one.window._dialogs


def test_a_model_is_used_in_its_tab(stage: MakeStage, home: Path) -> None:
    manifest, files = mean_color_bundle()
    io.save(manifest, files, home / manifest.name)
    one = stage()
    command(one, "tab_detect")
    command(one, "models")
    dialog = models(one)
    one.qtbot.mouseClick(dialog.details.use, Qt.MouseButton.LeftButton)
    state = one.window.store.state
    assert (state.tab, state.current.choice) == ("classify", ModelChoice("mean_color"))
    one.until(lambda: "models" not in one.window._dialogs)


def test_a_tab_whose_model_is_deleted_goes_back_to_the_bundled_one(
    stage: MakeStage, home: Path
) -> None:
    manifest, files = mean_color_bundle()
    io.save(manifest, files, home / manifest.name)
    one = stage()
    one.window.store.update_tab("classify", choice=ModelChoice("mean_color"))
    command(one, "models")
    dialog = models(one)
    dialog.details.delete.click()
    button = dialog.findChild(QPushButton, "model_delete_now")
    assert button is not None
    one.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    bundled = ModelChoice(TABS["classify"].model)
    one.until(lambda: one.window.store.state.tabs["classify"].choice == bundled)
    assert not (home / manifest.name).exists()


def test_a_dropped_model_is_brought_in_and_a_dropped_video_is_shown(
    stage: MakeStage, tmp_path: Path
) -> None:
    one = stage()
    model = tmp_path / "colours.tflite"
    model.write_bytes(mean_color_tflite())
    for path in (model, tmp_path / "clip.mp4"):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        one.window.dropEvent(
            QDropEvent(
                QPoint(50, 90).toPointF(), Qt.DropAction.CopyAction, data,
                Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
            )
        )  # fmt: skip
    assert one.window.store.state.source == str(tmp_path / "clip.mp4")
    dialog = models(one)
    one.until(lambda: dialog.pages.currentWidget() is dialog.importing)


@pytest.mark.parametrize("name", ["compare", "models"])
def test_the_window_closes_together_with_what_is_open(stage: MakeStage, name: str) -> None:
    one = stage()
    one.until(lambda: one.window.side.model.compare.isEnabled())
    command(one, name)
    dialog = one.window._dialogs[name]
    one.window.close()
    assert not one.window.isVisible()
    assert not dialog.isVisible()
