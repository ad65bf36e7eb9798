from __future__ import annotations

import pytest
from PySide6.QtGui import QPalette
from pytestqt.qtbot import QtBot

from gui.theme import THEMES, Theme, body_font, contrast, palette, style_sheet

EACH = pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@EACH
def test_words_can_be_read_on_every_ground(theme: Theme) -> None:
    for ground in (theme.window, theme.panel, theme.control):
        assert contrast(theme.text, ground) >= 7
        assert contrast(theme.secondary, ground) >= 4.5
    assert contrast(theme.on_accent, theme.accent) >= 4.5
    assert contrast(theme.danger, theme.panel) >= 4.5


@EACH
def test_focus_ring_stands_out_from_panel_and_control(theme: Theme) -> None:
    assert contrast(theme.accent, theme.panel) >= 3
    assert contrast(theme.accent, theme.control) >= 3


@EACH
def test_stylesheet_holds_the_colours_of_its_theme_and_no_gap(theme: Theme) -> None:
    sheet = style_sheet(theme, lambda name, color: f"{name}-{color}.svg")
    assert "$" not in sheet
    assert theme.accent in sheet
    for name in ("chevron", "chevron_up"):
        assert f'url("{name}-{theme.secondary}.svg")' in sheet


@EACH
def test_palette_follows_the_theme(theme: Theme) -> None:
    made = palette(theme)
    assert made.color(QPalette.ColorRole.Window).name() == theme.window
    assert made.color(QPalette.ColorRole.WindowText).name() == theme.text


def test_figures_are_equally_wide(qtbot: QtBot) -> None:
    from PySide6.QtGui import QFontMetricsF

    metrics = QFontMetricsF(body_font())
    widths = {round(metrics.horizontalAdvance(figure * 10), 3) for figure in "0123456789"}
    assert len(widths) == 1
