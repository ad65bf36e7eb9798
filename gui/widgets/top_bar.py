"""The bar at the top: tabs, source, and what can be done with the picture."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QToolButton,
    QWidget,
)

from gui.icons import icon
from gui.shortcuts import SHORTCUTS
from gui.tabs import TABS
from gui.theme import GAP_PX, GROUP_PX, Theme
from gui.widgets.source_picker import SourcePicker

_MENU = (
    *("compare", "models", None, "panel", "strip", "full_screen", "theme", None),
    *("settings", "shortcuts", "about", "quit"),
)
_ICONS = {
    "compare": "compare",
    "models": "models",
    "panel": "panel",
    "full_screen": "full_screen",
    "theme": "sun",
    "settings": "settings",
    "shortcuts": "help",
    "about": "about",
}


class TopBar(QFrame):
    """Emits ``wished`` with the name of a command of `gui.shortcuts`, or ``about``."""

    wished = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("topBar")
        self.setFixedHeight(52)
        self.source = SourcePicker()
        self.snapshot = self._button("snapshot", self.tr("Snapshot"))
        self.record = self._button("record", self.tr("Record"))
        self.freeze = self._button("freeze", self.tr("Freeze"))
        self.panel = self._button("panel", self.tr("Side panel"))
        self.panel.setCheckable(True)
        self.freeze.setCheckable(True)
        self.record.setCheckable(True)
        self.lock = QLabel()
        self.lock.setToolTip(
            self.tr("Everything happens on this machine: no picture and no result leaves it.")
        )
        self.lock.setAccessibleName(self.tr("Nothing leaves this machine"))
        self.more = QToolButton()
        self.more.setObjectName("more")
        self.more.setProperty("role", "quiet")
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.more.setIconSize(QSize(20, 20))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setToolTip(self.tr("More"))
        self.more.setAccessibleName(self.tr("More"))
        self.more.setMenu(self._make_menu())
        brand = QLabel("edgecnn")
        brand.setProperty("role", "title")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GROUP_PX, 0, 12, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(brand)
        layout.addSpacing(GAP_PX)
        layout.addWidget(self._make_tabs(), 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addStretch(1)
        layout.addWidget(self.lock)
        layout.addSpacing(4)
        layout.addWidget(self.source)
        for button in (self.snapshot, self.record, self.freeze, self.panel, self.more):
            layout.addWidget(button)

    def show_tab(self, key: str) -> None:
        """Press a tab."""
        self.tabs[key].setChecked(True)

    def show_theme(self, theme: Theme) -> None:
        """Draw icons in the theme's colours."""
        self._theme = theme
        self.source.show_theme(theme)
        self.snapshot.setIcon(icon("snapshot", theme.text))
        self.more.setIcon(icon("menu", theme.text))
        self.panel.setIcon(icon("panel", theme.text))
        self.lock.setPixmap(icon("lock", theme.secondary).pixmap(QSize(16, 16)))
        for name, action in self._actions.items():
            if name in _ICONS:
                action.setIcon(icon(_ICONS[name], theme.secondary))
        self.show_doing(frozen=self.freeze.isChecked(), recording=self.record.isChecked())

    def show_panel(self, open_: bool) -> None:
        """Whether the side panel is open."""
        self.panel.setChecked(open_)

    def show_doing(self, *, frozen: bool, recording: bool) -> None:
        """Whether the picture is held, and whether it is recorded."""
        theme = self._theme
        self.freeze.setChecked(frozen)
        self.freeze.setIcon(icon("play" if frozen else "freeze", theme.text))
        self.record.setChecked(recording)
        color = theme.danger if recording else theme.text
        self.record.setIcon(icon("stop" if recording else "record", color))
        words = self.tr("Stop recording") if recording else self.tr("Record")
        self.record.setAccessibleName(words)

    def _button(self, name: str, words: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setProperty("role", "quiet")
        button.setIconSize(QSize(20, 20))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        shortcut = SHORTCUTS[name]
        button.setToolTip(f"{self.tr(shortcut.title)} ({shortcut.keys})")
        button.setAccessibleName(words)
        button.clicked.connect(lambda _=False: self.wished.emit(name))
        return button

    def _make_tabs(self) -> QWidget:
        frame = QFrame()
        frame.setObjectName("tabs")
        layout = QHBoxLayout(frame)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        group = QButtonGroup(self)
        self.tabs: dict[str, QToolButton] = {}
        for tab in TABS.values():
            button = QToolButton()
            button.setText(self.tr(tab.title))
            button.setObjectName(f"tab_{tab.key}")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            name = f"tab_{tab.key}"
            button.setToolTip(f"{self.tr(tab.hint)} ({SHORTCUTS[name].keys})")
            button.setAccessibleName(self.tr("%s tab") % self.tr(tab.title))
            button.clicked.connect(lambda _=False, n=name: self.wished.emit(n))
            group.addButton(button)
            layout.addWidget(button)
            self.tabs[tab.key] = button
        return frame

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        self._actions = {}
        for name in _MENU:
            if name is None:
                menu.addSeparator()
                continue
            title = self.tr("About edgecnn") if name == "about" else SHORTCUTS[name].title
            if name == "shortcuts":
                title = self.tr("Keyboard shortcuts")
            keys = SHORTCUTS[name].keys if name in SHORTCUTS else ""
            action = menu.addAction(f"{self.tr(title)}\t{keys}" if keys else self.tr(title))
            action.setObjectName(f"menu_{name}")
            action.triggered.connect(lambda _=False, n=name: self.wished.emit(n))
            self._actions[name] = action
        menu.setMinimumWidth(260)
        menu.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint, False)
        return menu
