"""The real window, driven with mouse and keys; source and models are in the test's hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QComboBox, QSlider, QWidget
from pytestqt.qtbot import QtBot

from edgecnn.core.results import Detections, Faces
from edgecnn.errors import BackendError
from edgecnn.video.status import Reason, State, Status
from gui.main_window import LEAST_WH, SIZE_WH
from gui.settings import Settings
from gui.shortcuts import SHORTCUTS
from gui.state import ModelChoice
from gui.tabs import TABS
from gui.theme import THEMES
from gui.widgets.variant_picker import CHOICE
from tests.gui.conftest import Stage, command, press
from tests.helpers.app import boxes

MakeStage = Callable[..., Stage]
LEFT = Qt.MouseButton.LeftButton


def test_it_opens_at_its_size_with_the_picture_on_two_thirds(stage: MakeStage) -> None:
    one = stage()
    assert (one.window.width(), one.window.height()) == SIZE_WH
    assert one.window.view.width() >= SIZE_WH[0] * 2 / 3
    assert 280 <= one.window.side.width() <= 340
    one.window.resize(10, 10)
    assert (one.window.width(), one.window.height()) == LEAST_WH


@pytest.mark.parametrize("key", TABS)
def test_a_click_on_a_tab_loads_its_model_and_shows_its_results(stage: MakeStage, key: str) -> None:
    one = stage(run=False)
    one.qtbot.mouseClick(one.window.top.tabs[key], LEFT)
    assert one.window.store.state.tab == key
    assert one.window.top.tabs[key].isChecked()
    one.until(lambda: one.live.stats is not None)
    one.give_until(lambda: one.window.view.result is not None)
    assert one.live.model.info is not None
    assert one.live.model.info.name == TABS[key].model
    one.until(lambda: one.window.side.results.rows)


@pytest.mark.parametrize("key", TABS)
def test_nothing_in_the_side_panel_is_wider_than_it(stage: MakeStage, key: str) -> None:
    one = stage()
    one.window.resize(*LEAST_WH)
    one.window.do(f"tab_{key}")
    one.until_loaded()
    content = one.window.side.findChild(QWidget, "sideContent")
    assert content is not None
    assert content.minimumSizeHint().width() <= one.window.side.width()
    assert content.width() <= one.window.side.width()


def test_number_keys_switch_tabs(stage: MakeStage) -> None:
    one = stage()
    for number, key in enumerate(TABS, start=1):
        press(one, str(number))
        assert one.window.store.state.tab == key
        assert TABS[key].title in one.window.windowTitle()


def test_the_threshold_holds_at_once_and_is_kept_for_each_tab(stage: MakeStage) -> None:
    one = stage()
    press(one, "2")
    one.until_loaded()
    one.give_until(lambda: isinstance(one.window.view.result, Detections))
    one.until(lambda: len(one.window.side.results.rows) == 2)
    slider = one.window.findChild(QSlider, "threshold")
    assert slider is not None
    slider.setValue(60)
    assert one.models.newest.options.score_threshold == 0.6
    one.give_until(lambda: len(one.window.side.results.rows) == 1)
    command(one, "raise")
    assert one.window.store.state.current.threshold == 0.65
    assert slider.value() == 65
    press(one, "3")
    assert slider.value() == round(TABS["faces"].threshold * 100)
    press(one, "2")
    assert slider.value() == 65


def test_a_variant_is_chosen_from_the_list_with_the_mouse(stage: MakeStage) -> None:
    one = stage()
    task = TABS["classify"].task
    one.until(lambda: one.desk.models(task))
    one.until(lambda: one.window.side.model.switch.isEnabled())
    one.qtbot.mouseClick(one.window.side.model.switch, LEFT)
    picker = one.window.side.model.picker
    assert picker.isVisible()
    model = picker.list.model()
    row = next(
        row
        for row in range(model.rowCount())
        if (choice := model.index(row, 0).data(CHOICE)) and choice.backend == "openvino"
    )
    place = picker.list.visualRect(model.index(row, 0)).center()
    one.qtbot.mouseClick(picker.list.viewport(), LEFT, pos=place)
    assert not picker.isVisible()
    wanted = ModelChoice("classify_1", "int8", "openvino", "f32")
    assert one.window.store.state.current.choice == wanted
    one.until(lambda: one.live.model.info and one.live.model.info.backend == "openvino")
    one.until(lambda: "OpenVINO" in one.window.side.model.how.text())
    assert "Chosen by you" in one.window.side.model.why.text()


def test_a_variant_is_chosen_from_the_list_with_keys(stage: MakeStage) -> None:
    one = stage()
    one.until(lambda: one.window.side.model.switch.isEnabled())
    command(one, "model")
    picker = one.window.side.model.picker
    for _ in range(2):
        one.qtbot.keyClick(picker.list, Qt.Key.Key_Down)
    one.qtbot.keyClick(picker.list, Qt.Key.Key_Return)
    assert not picker.isVisible()
    assert one.window.store.state.current.choice.model in ("classify_1", "classify_2")
    command(one, "model")
    one.qtbot.keyClick(picker, Qt.Key.Key_Escape)
    assert not picker.isVisible()


def test_threads_are_switched_live(stage: MakeStage) -> None:
    one = stage()
    box = one.window.findChild(QComboBox, "threads")
    assert box is not None
    one.qtbot.keyClick(box, Qt.Key.Key_Down)
    assert one.window.store.state.current.choice.threads == 1
    one.until(lambda: one.live.model.info and one.live.model.info.threads == 1)
    assert not one.source.stopped


def test_a_model_that_cannot_be_loaded_is_said_in_its_card(stage: MakeStage) -> None:
    one = stage()
    one.models.error = BackendError("The file is damaged. Build it again.")
    one.window.store.update_tab(choice=ModelChoice("classify_2", "int8", "litert"))
    one.until(lambda: one.window.side.model.error.isVisible())
    assert "Build it again" in one.window.side.model.error.text()
    one.give_until(lambda: one.window.view.result is not None)
    one.models.error = None
    one.window.store.update_tab(choice=ModelChoice("classify_1"))
    one.until(lambda: not one.window.side.model.error.isVisible())


def test_classes_are_searched_and_ticked(stage: MakeStage) -> None:
    one = stage()
    press(one, "2")
    one.until_loaded()
    one.until(lambda: one.window.side.classes.button.isEnabled())
    command(one, "classes")
    popup = one.window.side.classes.popup
    one.qtbot.keyClicks(popup.search, "cu")
    shown = [popup.list.item(row) for row in range(popup.list.count())]
    assert [item.text() for item in shown if not item.isHidden()] == ["cup"]
    next(item for item in shown if item.text() == "cup").setCheckState(Qt.CheckState.Checked)
    assert one.models.newest.options.labels == frozenset({"cup"})
    assert one.window.side.classes.button.text() == "cup"
    one.qtbot.mouseClick(popup.every, LEFT)
    assert one.models.newest.options.labels is None
    one.qtbot.keyClick(popup, Qt.Key.Key_Escape)
    assert not popup.isVisible()


def test_side_panel_and_strip_collapse_and_come_back(stage: MakeStage) -> None:
    one = stage()
    wide = one.window.view.width()
    command(one, "panel")
    assert not one.window.side.isVisible()
    one.until(lambda: one.window.view.width() > wide)
    command(one, "strip")
    assert "dropped" not in one.window.strip.words
    command(one, "panel")
    command(one, "strip")
    assert one.window.side.isVisible()
    assert "dropped" in one.window.strip.words


def test_full_screen_shows_the_picture_alone_and_escape_leaves(stage: MakeStage) -> None:
    one = stage()
    command(one, "full_screen")
    assert one.window.isFullScreen()
    for part in (one.window.top, one.window.side, one.window.strip):
        assert not part.isVisible()
    one.qtbot.keyClick(one.window, Qt.Key.Key_Escape)
    assert not one.window.isFullScreen()
    assert one.window.top.isVisible()


def test_the_theme_changes_at_once_and_is_a_setting(stage: MakeStage, settings: Settings) -> None:
    one = stage()
    command(one, "theme")
    assert settings["theme"] == "light"
    image = one.window.grab().toImage()
    assert image.pixelColor(4, 4).name() == THEMES["light"].panel
    command(one, "theme")
    assert one.window.grab().toImage().pixelColor(4, 4).name() == THEMES["dark"].panel


def test_settings_hold_at_once(stage: MakeStage, settings: Settings) -> None:
    one = stage()
    command(one, "settings")
    dialog = one.window._dialogs["settings"]
    mirror = dialog.findChild(QCheckBox, "setting_mirror")
    assert mirror is not None
    before = len(one.sources)
    one.qtbot.keyClick(mirror, Qt.Key.Key_Space)
    assert settings["mirror"] is False
    one.until(lambda: len(one.sources) > before)
    assert one.words[-1][1] is False
    one.qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    one.until(lambda: "settings" not in one.window._dialogs)


def test_settings_that_cannot_be_kept_are_said_and_hold_all_the_same(
    stage: MakeStage, settings: Settings
) -> None:
    one = stage()
    folder = settings._file.parent
    if folder.is_dir():
        folder.rename(folder.with_name("moved"))
    folder.write_text("a file is in the way")
    one.window.set_setting("theme", "light")
    assert settings["theme"] == "light"
    assert "Cannot write the settings" in one.window.toast.text()


def test_the_sheet_lists_every_shortcut(stage: MakeStage) -> None:
    one = stage()
    one.window.do("shortcuts")
    words = {child.text() for child in one.window._dialogs["shortcuts"].findChildren(QWidget)
             if hasattr(child, "text")}  # fmt: skip
    for shortcut in SHORTCUTS.values():
        assert shortcut.title in words


def test_about_names_the_licence_of_every_bundled_model(stage: MakeStage) -> None:
    from edgecnn.zoo.catalogue import names
    from gui.dialogs.about import model_licences, part_licences

    one = stage()
    one.window.do("about")
    text = one.window._dialogs["about"].text.toPlainText()  # type: ignore[attr-defined]
    licences = model_licences()
    assert len(licences) == len(names()) + 1
    for title, licence in licences:
        assert title.partition(":")[0] in text
        assert licence
    assert "LGPL" in dict(part_licences())["Qt for Python (PySide6)"]


def test_every_shortcut_does_something(stage: MakeStage) -> None:
    one = stage()
    for name in SHORTCUTS:
        action = one.window.findChild(QAction, f"do_{name}")
        assert action is not None
        assert not action.shortcut().isEmpty()
        assert name in one.window._commands


def test_every_control_has_an_accessible_name_and_the_keyboard_reaches_it(
    stage: MakeStage,
) -> None:
    one = stage()
    press(one, "2")
    one.until(lambda: one.window.side.model.switch.isEnabled())
    one.until(lambda: one.window.side.classes.button.isEnabled())
    controls = [
        widget
        for widget in one.window.findChildren(QWidget)
        if isinstance(widget, QAbstractButton | QSlider | QComboBox) and widget.isVisible()
    ]
    assert len(controls) >= 12
    for widget in controls:
        name = widget.accessibleName() or getattr(widget, "text", str)()
        assert name, widget.objectName()
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, name
    seen: list[Any] = []
    widget = one.window.top.tabs["classify"]
    widget.setFocus()
    for _ in range(40):
        one.qtbot.keyClick(one.window.focusWidget(), Qt.Key.Key_Tab)
        seen.append(one.window.focusWidget())
    for wanted in (one.window.top.source, one.window.side.model.switch, one.window.strip):
        assert wanted in seen
    order = [seen.index(w) for w in (one.window.top.source, one.window.side.model.switch)]
    assert order == sorted(order)


def test_what_it_was_doing_is_there_at_the_next_start(stage: MakeStage, settings: Settings) -> None:
    one = stage()
    press(one, "3")
    command(one, "panel")
    one.window.resize(1100, 700)
    one.window.close()
    again = Settings(settings._file)
    two = Stage(one.qtbot, again, None)
    try:
        state = two.window.store.state
        assert (state.tab, state.side_open, state.source) == ("faces", False, "demo")
        assert (two.window.width(), two.window.height()) == (1100, 700)
        two.until(lambda: two.words == [("demo", True)])
    finally:
        two.window.close()
        two.window.deleteLater()


def test_first_start_says_that_pictures_stay_here_and_offers_the_demo(
    stage: MakeStage, settings: Settings
) -> None:
    one = stage(None, run=False)
    assert one.window.welcome.isVisible()
    assert one.words == []
    press(one, "2")
    assert one.window.store.state.tab == "classify"  # the page is in front
    button = one.window.findChild(QAbstractButton, "welcome_demo")
    assert button is not None
    one.qtbot.mouseClick(button, LEFT)
    assert not one.window.welcome.isVisible()
    assert one.window.focusWidget() is one.window.view  # not a tab, which would look chosen
    one.until(lambda: one.words == [("demo", True)])
    one.window.close()
    assert Settings(settings._file).memory["welcomed"] is True


def test_the_window_is_gone_before_anything_is_waited_for(
    stage: MakeStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = stage()
    seen: list[bool] = []
    end = one.live.close

    def close(*arguments: float) -> bool:
        seen.append(one.window.isVisible())
        return end(*arguments)

    monkeypatch.setattr(one.live, "close", close)
    one.window.close()
    assert seen == [False]


@pytest.mark.parametrize("moment", ["opening", "loading", "running", "failed", "recording"])
def test_it_can_be_closed_at_any_moment(stage: MakeStage, moment: str, settings: Settings) -> None:
    one = stage(run=False)
    if moment == "loading":
        one.models.gate.clear()
    elif moment == "running":
        one.run()
        one.models.newest.gate.clear()
        one.source.give()
    elif moment == "failed":
        one.until(lambda: one.sources)
        one.source.say(Status(State.FAILED, Reason.LOST, "Gone."))
    elif moment == "recording":
        one.run()
        command(one, "record")
        one.give_until(lambda: one.live.recorder.seconds > 0)
    one.window.close()
    assert not one.window.isVisible()
    if moment == "recording":
        assert len(list(Path(settings["folder"]).glob("*.mp4"))) == 1


def test_a_fast_stream_never_piles_up_at_the_window(stage: MakeStage, qtbot: QtBot) -> None:
    one = stage()
    painted = one.window.view.painted
    for _ in range(500):
        one.source.give()
    qtbot.wait(100)
    assert one.window.view.painted - painted < 50
    one.give_until(lambda: one.window.view.frame.index >= 500)  # type: ignore[union-attr]


def test_numbers_of_boxes_are_those_of_the_result(stage: MakeStage) -> None:
    one = stage()
    press(one, "2")
    one.until_loaded()
    one.models.newest.result = boxes(("dog", 0.9), ("dog", 0.8))
    one.give_until(lambda: [row.count for row in one.window.side.results.rows] == [2])
    assert "2 dog" in one.window.side.results.accessibleDescription()


def test_the_nearest_face_is_measured_with_advice(stage: MakeStage) -> None:
    one = stage()
    press(one, "3")
    one.until_loaded()
    one.give_until(lambda: isinstance(one.window.view.result, Faces))
    panel = one.window.side.extra("faces").quality
    one.until(lambda: "px between the eyes" in panel.numbers.text())
    assert "come closer" in panel.advice.text()  # a face of 20 pixels
    faces = one.window.view.result
    one.models.newest.result = Faces(faces.boxes_xyxy[:0], faces.scores[:0], faces.points_xy[:0])
    one.give_until(lambda: "no face" in panel.advice.text())
