"""The part of the side panel that the Faces tab adds: what it says and offers in each state."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from gui.faces.activity import Activity
from gui.faces.panel import FacesPanel
from gui.faces.people_box import PeopleBox
from gui.faces.privacy_row import PrivacyRow
from gui.faces.reception import COMMANDS, SETTINGS
from gui.settings import FIELDS, HIDES, Settings
from gui.widgets.side_panel import WIDTH_PX

STATES = {
    "absent": (0, {"add_person", "verify_photos"}),
    "locked": (0, {"unlock", "verify_photos"}),
    "unlocked": (3, {"people", "add_person", "verify_photos", "lock", "passphrase"}),
}


@pytest.fixture
def box(qtbot):
    made = PeopleBox()
    qtbot.addWidget(made)
    made.show()
    return made


def offered(widget: QWidget) -> dict[str, QPushButton]:
    return {b.objectName(): b for b in widget.findChildren(QPushButton) if b.isVisible()}


@pytest.mark.parametrize("state", STATES)
def test_each_state_offers_what_can_be_done_and_nothing_else(box, state):
    people, names = STATES[state]
    box.show_gallery(state, people, 10)
    buttons = offered(box)
    assert set(buttons) == names
    assert all(button.accessibleName() for button in buttons.values())


def test_every_button_is_a_command(box, qtbot):
    wished = []
    box.wished.connect(wished.append)
    for state, (people, _) in STATES.items():
        box.show_gallery(state, people, 10)
        for button in offered(box).values():
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert set(wished) == set(COMMANDS)


def test_an_open_gallery_without_people_teaches_what_to_do(box):
    box.show_gallery("unlocked", 0, 10)
    assert "Nobody is enrolled yet" in box.words.text()
    assert offered(box)["add_person"].property("role") == "accent"
    box.show_gallery("unlocked", 1, 10)
    assert "1 person is enrolled" in box.words.text()
    assert "after 10 min" in box.words.text()
    box.show_gallery("unlocked", 2, 0)
    assert "min" not in box.words.text()


def test_privacy_says_what_it_does(qtbot):
    row, settings = PrivacyRow(), Settings(None)
    qtbot.addWidget(row)
    row.show_settings(settings, recognizes=False)
    assert row.boxes["hide_live"].currentData() == "nobody"
    assert row.boxes["hide_saved"].currentData() == "unknown"
    assert "mosaic" in row.words.text()
    assert "everybody is unknown" in row.words.text()
    settings["hide_saved"] = "nobody"
    row.show_settings(settings, recognizes=True)
    assert "show every face" in row.words.text()


def test_a_choice_of_privacy_is_a_wish_for_a_setting(qtbot):
    row = PrivacyRow()
    qtbot.addWidget(row)
    row.show_settings(Settings(None), recognizes=True)
    for key in ("hide_live", "hide_saved"):
        for hide in HIDES:
            box = row.boxes[key]
            with qtbot.waitSignal(row.wished) as asked:
                box.activated.emit(box.findData(hide))
            assert asked.args == [key, hide]
            assert FIELDS[key].accepts(hide)
    with qtbot.waitSignal(row.wished) as asked:
        row.names.click()
    assert asked.args == ["names_saved", True]


def test_every_setting_of_faces_is_in_the_dialog():
    assert {field.key for field in FIELDS.values() if field.section == "Faces"} == set(SETTINGS)


def test_the_panel_fits_into_the_side_panel(qtbot):
    panel = FacesPanel()
    qtbot.addWidget(panel)
    panel.people.show_gallery("unlocked", 3, 10)
    panel.show_rate(True)
    assert panel.minimumSizeHint().width() <= WIDTH_PX - 2 * 16 - 10  # margins and scroll bar


def test_keys_and_mouse_count_as_somebody_who_is_there(qtbot):
    activity, widget = Activity(), QWidget()
    qtbot.addWidget(widget)
    seen = []
    activity.seen.connect(lambda: seen.append(True))
    qtbot.keyClick(widget, Qt.Key.Key_A)
    assert not seen
    activity.watch(True)
    qtbot.keyClick(widget, Qt.Key.Key_A)
    assert len(seen) == 1
    point = QPointF(1, 1)
    button, none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    move = QMouseEvent(QEvent.Type.MouseMove, point, point, button, button, none)
    QApplication.sendEvent(widget, move)
    assert len(seen) == 2
    activity.watch(False)
    qtbot.keyClick(widget, Qt.Key.Key_A)
    assert len(seen) == 2
