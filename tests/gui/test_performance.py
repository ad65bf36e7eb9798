from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from edgecnn.video.stats import Spread, Stats
from gui.performance import HISTORY, Meter, Readings, StageReading
from gui.widgets.performance_strip import PerformanceStrip

STATS = Stats(
    frames_in=100,
    answered=90,
    dropped=7,
    failed=0,
    results_dropped=0,
    callbacks_failed=0,
    fps_in=30.0,
    fps_out=27.0,
    age=Spread(18.0, 30.0),
    stages={
        "capture": Spread(2.0, 3.0),
        "wait": Spread(1.0, 2.0),
        "pre": Spread(0.5, 1.0),
        "infer": Spread(9.0, 12.0),
        "post": Spread(0.25, 0.5),
    },
)


def test_the_rate_is_that_of_painted_pictures() -> None:
    meter = Meter()
    for index in range(60):
        meter.shown(100 + index / 30)
    assert meter.readings(102.0, None).shown_fps == pytest.approx(30, rel=0.05)
    assert meter.readings(110.0, None).shown_fps == 0


def test_time_of_the_model_is_the_sum_of_its_own_stages() -> None:
    readings = Meter().readings(1.0, STATS)
    assert readings.model_ms == pytest.approx(9.75)
    assert readings.age_ms == 18.0
    assert readings.dropped == 7
    assert "infer: 9.0 ms, 95 % under 12.0 ms" in readings.table()
    assert readings.memory_mb > 10


def test_the_curve_is_of_the_last_half_minute() -> None:
    meter = Meter()
    for index in range(HISTORY + 50):
        readings = meter.readings(index / 4, STATS)
    assert len(readings.history_ms) == HISTORY


def test_strip_says_everything_open_and_the_rate_alone_when_collapsed(qtbot: QtBot) -> None:
    strip = PerformanceStrip()
    qtbot.addWidget(strip)
    strip.show_readings(Meter().readings(1.0, STATS))
    for words in ("9.8 ms", "infer 9.0", "age 18 ms", "7 dropped", "CPU", "MB"):
        assert words in strip.words
    strip.set_open(False)
    assert strip.words == "0.0 fps"


def test_failed_answers_are_said(qtbot: QtBot) -> None:
    strip = PerformanceStrip()
    qtbot.addWidget(strip)
    strip.show_readings(Readings(failed=3))
    assert "3 failed" in strip.words


def test_click_and_space_ask_to_collapse(qtbot: QtBot) -> None:
    strip = PerformanceStrip()
    qtbot.addWidget(strip)
    strip.show()
    with qtbot.waitSignal(strip.toggled):
        qtbot.mouseClick(strip, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(strip.toggled):
        qtbot.keyClick(strip, Qt.Key.Key_Space)


def test_a_narrow_strip_leaves_out_what_has_no_room(qtbot: QtBot) -> None:
    strip = PerformanceStrip()
    qtbot.addWidget(strip)
    readings = Readings(shown_fps=30, stages=(StageReading("infer", 9, 12),), history_ms=(1, 2, 3))
    strip.show_readings(readings)
    for width in (120, 400, 1200):
        strip.resize(width, strip.height())
        assert not strip.grab().isNull()
