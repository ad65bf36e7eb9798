"""Colours, sizes and fonts of the app: two themes of our own, one table of tokens each.

Qt's own colour scheme depends on the platform and does nothing offscreen, so every widget takes
its colours from the palette and the stylesheet made here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from string import Template

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

BODY_PX = 13
SMALL_PX = 11
GAP_PX = 8
GROUP_PX = 16
RADIUS_PX = 6
ICON_PX = 20


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of one theme, as ``#rrggbb``.

    Attributes:
        window: Behind everything.
        panel: Behind the bars and the side panel.
        control: Behind buttons, lists and fields.
        hover: A control under the mouse.
        border: Lines between areas, rims of controls.
        text, secondary: Words; both have a contrast of 4.5:1 or more to window, panel and control.
        accent: The one colour that stands out; ``on_accent`` is text on it.
        danger: Recording, and what went wrong.
        view: Behind a picture that does not fill the view.
    """

    name: str
    window: str
    panel: str
    control: str
    hover: str
    border: str
    text: str
    secondary: str
    accent: str
    on_accent: str
    danger: str
    view: str


DARK = Theme(
    name="dark",
    window="#16181d",
    panel="#1e2128",
    control="#272b34",
    hover="#303541",
    border="#363c48",
    text="#e6e8ec",
    secondary="#9aa1ad",
    accent="#4c8dff",
    on_accent="#0b0e14",
    danger="#ff6b64",
    view="#0d0f12",
)
LIGHT = Theme(
    name="light",
    window="#f6f7f9",
    panel="#ffffff",
    control="#f0f2f5",
    hover="#e5e8ed",
    border="#d3d8e0",
    text="#1b1e24",
    secondary="#5c6470",
    accent="#1f6feb",
    on_accent="#ffffff",
    danger="#c62a2f",
    view="#e3e6eb",
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}

_STYLE = Template("""
* { font-size: ${body}px; }
QWidget { color: $text; }
QMainWindow, QDialog, #page { background: $window; }
#topBar { background: $panel; border-bottom: 1px solid $border; }
#strip { background: $panel; border-top: 1px solid $border; }
#sidePanel, #sidePanel QScrollArea, #sideContent { background: $panel; }
#sidePanel { border-left: 1px solid $border; }
QScrollArea { border: none; }
#line { background: $border; }
QLabel { background: transparent; }
QLabel[role="secondary"] { color: $secondary; font-size: ${small}px; }
QLabel[role="heading"] { color: $secondary; font-size: ${small}px; font-weight: 600; }
QLabel[role="title"] { font-weight: 600; }
QLabel[role="large"] { font-size: 20px; font-weight: 600; }
QLabel[role="danger"] { color: $danger; }
QLabel a { color: $accent; }

QPushButton, QToolButton, QComboBox, QAbstractSpinBox, QLineEdit {
    background: $control; border: 1px solid $border; border-radius: ${radius}px;
    padding: 5px 10px; min-height: 18px;
}
QPushButton:hover, QToolButton:hover, QComboBox:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed { background: $border; }
QPushButton:disabled, QToolButton:disabled, QComboBox:disabled { color: $secondary; }
QPushButton:focus, QToolButton:focus, QComboBox:focus, QAbstractSpinBox:focus, QLineEdit:focus,
QListView:focus, QCheckBox:focus, QTextBrowser:focus {
    border: 1px solid $accent; outline: none;
}
QPushButton[role="accent"] {
    background: $accent; color: $on_accent; border-color: $accent; font-weight: 600;
}
QPushButton[role="accent"]:disabled {
    background: $control; color: $secondary; border-color: $border;
}
QPushButton[role="accent"]:focus { border: 2px solid $text; padding: 4px 9px; }
QToolButton { padding: 4px 6px; }
QToolButton[role="quiet"], QPushButton[role="quiet"] {
    background: transparent; border: 1px solid transparent;
}
QToolButton[role="quiet"]:hover, QPushButton[role="quiet"]:hover { background: $hover; }
QToolButton[role="quiet"]:checked { background: $control; border-color: $border; }
QToolButton[role="quiet"]:focus, QPushButton[role="quiet"]:focus { border-color: $accent; }
QPushButton[role="choice"]:checked { background: $hover; border-color: $accent; }
QToolButton::menu-indicator { image: none; width: 0; }

#tabs { background: $window; border: 1px solid $border; border-radius: 8px; }
#tabs QToolButton {
    background: transparent; border: 1px solid transparent; color: $secondary;
    padding: 3px 14px; font-weight: 500;
}
#tabs QToolButton:hover { color: $text; }
#tabs QToolButton:checked { background: $control; color: $text; border-color: $border; }
#tabs QToolButton:focus { border-color: $accent; }

QComboBox { padding-right: 24px; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url("$arrow"); width: 12px; height: 12px; }
QAbstractSpinBox:disabled { color: $secondary; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {
    subcontrol-origin: border; width: 22px; border: none; border-left: 1px solid $border;
}
QAbstractSpinBox::up-button { subcontrol-position: top right; border-top-right-radius: 5px; }
QAbstractSpinBox::down-button {
    subcontrol-position: bottom right; border-bottom-right-radius: 5px;
}
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover { background: $hover; }
QAbstractSpinBox::up-button:pressed, QAbstractSpinBox::down-button:pressed { background: $border; }
QAbstractSpinBox::up-arrow { image: url("$up"); width: 11px; height: 11px; }
QAbstractSpinBox::down-arrow { image: url("$arrow"); width: 11px; height: 11px; }
QAbstractSpinBox::up-arrow:off { image: url("$up_faint"); }
QAbstractSpinBox::down-arrow:off { image: url("$arrow_faint"); }
QAbstractItemView {
    background: $control; border: 1px solid $border; border-radius: ${radius}px;
    selection-background-color: $accent; selection-color: $on_accent; outline: none;
}
QMenu { background: $panel; border: 1px solid $border; padding: 6px; }
QMenu::item { padding: 6px 24px 6px 10px; border-radius: 4px; }
QMenu::item:selected { background: $hover; }
QMenu::item:disabled { color: $secondary; }
QMenu::separator { height: 1px; background: $border; margin: 6px 4px; }
QMenu::icon { padding-left: 8px; }
QToolTip { background: $control; color: $text; border: 1px solid $border; padding: 4px 6px; }

QSlider { min-height: 22px; }
QSlider::groove:horizontal { height: 4px; background: $border; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal {
    background: $text; border: 2px solid $panel; width: 14px; height: 14px;
    margin: -7px 0; border-radius: 9px;
}
QSlider::handle:horizontal:focus { border: 2px solid $accent; }
QCheckBox { spacing: 8px; border: 1px solid transparent; border-radius: 4px; padding: 1px; }
QCheckBox::indicator, QAbstractItemView::indicator {
    width: 14px; height: 14px; border: 1px solid $secondary; border-radius: 4px;
    background: $control;
}
QCheckBox::indicator:checked, QAbstractItemView::indicator:checked {
    background: $accent; border-color: $accent; image: url("$tick");
}
QListView::item { padding: 4px 6px; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar::handle:vertical {
    background: $border; border-radius: 4px; min-height: 24px; margin: 1px;
}
QScrollBar::handle:vertical:hover { background: $secondary; }
QScrollBar:horizontal { background: transparent; height: 10px; }
QScrollBar::handle:horizontal {
    background: $border; border-radius: 4px; min-width: 24px; margin: 1px;
}
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QTextBrowser { background: $panel; border: 1px solid $border; border-radius: ${radius}px; }
""")


def palette(theme: Theme) -> QPalette:
    """The theme as Qt's palette, for widgets that paint themselves and for Qt's own parts."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: theme.window,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.control,
        QPalette.ColorRole.AlternateBase: theme.panel,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.secondary,
        QPalette.ColorRole.Button: theme.control,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.BrightText: theme.danger,
        QPalette.ColorRole.ToolTipBase: theme.control,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: theme.on_accent,
        QPalette.ColorRole.Link: theme.accent,
        QPalette.ColorRole.Mid: theme.border,
        QPalette.ColorRole.Accent: theme.accent,
    }
    for role, color in roles.items():
        made.setColor(role, QColor(color))
    made.setColor(
        QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText, QColor(theme.secondary)
    )
    return made


def style_sheet(theme: Theme, picture: Callable[[str, str], str]) -> str:
    """The stylesheet of a theme.

    Args:
        theme: Its colours.
        picture: Name and colour of an icon -> path of a file that shows it.
    """
    colors = {name: getattr(theme, name) for name in theme.__slots__ if name != "name"}
    return _STYLE.substitute(
        colors,
        body=BODY_PX,
        small=SMALL_PX,
        radius=RADIUS_PX,
        arrow=picture("chevron", theme.secondary),
        arrow_faint=picture("chevron", theme.border),
        up=picture("chevron_up", theme.secondary),
        up_faint=picture("chevron_up", theme.border),
        tick=picture("tick", theme.on_accent),
    )


def put_on(app: QApplication, theme: Theme, picture: Callable[[str, str], str]) -> None:
    """Give all windows the colours of a theme; costs nothing when they have them.

    Args:
        app: What the windows belong to.
        theme: Its colours.
        picture: As of `style_sheet`.
    """
    sheet = style_sheet(theme, picture)
    if app.styleSheet() == sheet:
        return
    # Qt polishes a widget once for each one it is in when a sheet replaces another, and once when
    # it is the first: a window of 160 widgets then took three times as long.
    app.setStyleSheet("")
    app.setPalette(palette(theme))
    app.setStyleSheet(sheet)


@lru_cache(maxsize=4)
def body_font(*, small: bool = False, strong: bool = False) -> QFont:
    """The system's font at one of our two sizes, with figures of one width. Do not change it."""
    font = QFont(QApplication.font())
    font.setPixelSize(SMALL_PX if small else BODY_PX)
    font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def contrast(first: str, second: str) -> float:
    """Ratio of the luminances of two colours, 1..21, as WCAG 2 defines it."""
    brighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
