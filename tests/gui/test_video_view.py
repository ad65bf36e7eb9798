from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from edgecnn.core.palette import class_color
from edgecnn.video.frame import Frame
from gui.notices import CHOOSE, RETRY, Notice
from gui.overlays.scene import Look
from gui.rows import Row
from gui.widgets.video_view import Corner, VideoView
from tests.helpers.app import boxes, result_for


@pytest.fixture
def view(qtbot: QtBot) -> VideoView:
    made = VideoView()
    qtbot.addWidget(made)
    made.resize(640, 480)
    made.show()
    qtbot.waitExposed(made)
    return made


def picture(view: VideoView) -> QImage:
    return view.grab().toImage()


def color_at(view: VideoView, x: int, y: int) -> tuple[int, int, int]:
    color = picture(view).pixelColor(x, y)
    return color.red(), color.green(), color.blue()


def plain(color_bgr: tuple[int, int, int], size_wh: tuple[int, int] = (64, 48)) -> Frame:
    return Frame(np.full((size_wh[1], size_wh[0], 3), color_bgr, np.uint8), "bgr")


def test_the_picture_fills_the_view_with_its_own_colours(view: VideoView) -> None:
    view.show_frame(plain((10, 60, 200)), None, Look())
    for place in ((2, 2), (320, 240), (637, 477)):
        assert color_at(view, *place) == (200, 60, 10)


@pytest.mark.parametrize("color", ["rgb", "gray"])
def test_other_colour_orders_are_shown_right(view: VideoView, color: str) -> None:
    pixels = np.full((48, 64, 3), (200, 60, 10), np.uint8)
    frame = Frame(pixels if color == "rgb" else pixels[..., 0], color)
    view.show_frame(frame, None, Look())
    assert color_at(view, 320, 240) == ((200, 60, 10) if color == "rgb" else (200, 200, 200))


def test_bars_fill_what_the_picture_leaves(view: VideoView) -> None:
    view.background = QColor("#102030")
    view.show_frame(plain((255, 255, 255), (100, 100)), None, Look())
    assert color_at(view, 40, 240) == (16, 32, 48)
    assert color_at(view, 600, 240) == (16, 32, 48)
    assert color_at(view, 320, 240) == (255, 255, 255)


def test_a_box_has_the_colour_of_its_class_and_lies_where_the_object_is(view: VideoView) -> None:
    view.show_frame(plain((0, 0, 0)), boxes(("cup", 0.9)), Look(threshold=0.5))
    # The box (4, 6, 24, 40) of a picture of 64 x 48, ten times enlarged: its right and lower edges.
    wanted = class_color(1, "rgb")
    assert wanted in {color_at(view, x, 300) for x in range(238, 243)}
    assert wanted in {color_at(view, 150, y) for y in range(398, 403)}
    assert color_at(view, 150, 300) == (0, 0, 0)


def test_what_is_below_the_threshold_is_not_painted(view: VideoView) -> None:
    frame = plain((0, 0, 0))
    view.show_frame(frame, boxes(("cup", 0.6)), Look(threshold=0.7))
    empty = picture(view)
    view.show_frame(frame, None, Look())
    assert picture(view) == empty


@pytest.mark.parametrize("model", ["face", "segment", "detect"])
def test_every_kind_of_result_is_seen(view: VideoView, model: str) -> None:
    frame = plain((90, 90, 90))
    view.show_frame(frame, None, Look())
    bare = picture(view)
    view.show_frame(frame, result_for(model), Look(threshold=0.5))
    assert picture(view) != bare


def test_bars_of_classes_are_as_long_as_their_scores(view: VideoView) -> None:
    rows = (Row("cup", "cup", 0.5, 0, 0, read=0.5),)
    view.show_frame(plain((0, 0, 0)), result_for("classify"), Look(rows=rows))
    shown = picture(view)
    fill = class_color(0, "rgb")
    length = 0
    for y in range(400, 480):
        line = [shown.pixelColor(x, y) for x in range(640)]
        length = max(length, sum((c.red(), c.green(), c.blue()) == fill for c in line))
    assert length == pytest.approx((300 - 24) / 2, abs=3)


def test_another_effect_shows_on_a_picture_that_stands_still(view: VideoView) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)
    view.show_frame(Frame(noise, "bgr"), result_for("segment"), Look("tint", 0.5))
    tinted = picture(view)
    view.show_look(Look("blur", 0.5))
    assert picture(view) != tinted


def test_a_repaint_of_the_same_frame_does_not_count_as_a_new_one(
    view: VideoView, qtbot: QtBot
) -> None:
    view.show_frame(plain((1, 2, 3)), None, Look())
    picture(view)
    painted = view.painted
    view.update()
    picture(view)
    view.show_frame(view.frame, result_for("detect"), Look())  # its result came a little later
    picture(view)
    assert view.painted == painted


def test_a_notice_dims_the_picture_and_its_buttons_tell_what_was_pressed(
    view: VideoView, qtbot: QtBot
) -> None:
    view.show_frame(plain((200, 200, 200)), None, Look())
    bright = color_at(view, 5, 5)
    view.show_notice(Notice("No picture", "It is used.", False, (RETRY, CHOOSE)))
    assert color_at(view, 5, 5) < bright
    assert view.card.isVisible()
    button = view.card.findChild(object, "notice_choose")
    with qtbot.waitSignal(view.acted) as heard:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert heard.args == ["choose"]
    view.show_notice(None)
    assert not view.card.isVisible()
    assert color_at(view, 5, 5) == bright


def test_long_words_of_a_notice_are_all_there(view: VideoView) -> None:
    words = "The camera is used by another program. " * 4
    view.show_notice(Notice("No picture", words, False, (RETRY,)))
    label = next(child for child in view.card.children() if getattr(child, "text", str)() == words)
    assert label.height() >= label.heightForWidth(label.width())  # type: ignore[attr-defined]


def test_the_corner_label_is_seen_and_goes(view: VideoView) -> None:
    view.show_frame(plain((200, 200, 200)), None, Look())
    bare = picture(view)
    view.show_corner(Corner("Recording 0:12", "file.mp4", (255, 0, 0)))
    assert color_at(view, 13, 20) == (255, 0, 0)
    view.show_corner(None)
    assert picture(view) == bare


def test_a_double_click_asks_for_the_full_screen(view: VideoView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.full_screen_wished):
        qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))


def test_the_picture_outlives_the_array_it_came_from(view: VideoView) -> None:
    for tone in range(60):
        view.show_frame(plain((tone, tone, tone)), None, Look())
        assert color_at(view, 300, 200) == (tone, tone, tone)
