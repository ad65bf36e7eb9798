"""The button that says where pictures come from, and the menu to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from edgecnn.video.cameras.listing import CameraInfo
from gui.controllers.sources import DEMO, is_camera, title_of
from gui.icons import icon
from gui.theme import Theme


class SourcePicker(QToolButton):
    """Emits ``chosen`` with a word, or ``asked`` with what has to be asked for first.

    ``asked`` carries ``file``, ``folder`` or ``address``.
    """

    chosen = Signal(str)
    asked = Signal(str)
    opening = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("source")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolTip(self.tr("Where pictures come from (S)"))
        self.setMinimumWidth(150)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self.opening)
        self.setMenu(self._menu)
        self._theme: Theme | None = None
        self._cameras: tuple[CameraInfo, ...] = ()
        self._recent: tuple[str, ...] = ()
        self._word: str | None = None

    def show_theme(self, theme: Theme) -> None:
        """Draw icons in the theme's colours."""
        self._theme = theme
        self._fill()
        self.show_source(self._word)

    def show_source(self, word: str | None) -> None:
        """Say where pictures come from now."""
        self._word = word
        name = title_of(word)
        for camera in self._cameras:
            if word is not None and word in (camera.id, str(camera.index), camera.path):
                name = camera.name
        shown = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, 200)
        self.setText(shown)
        self.setAccessibleName(self.tr("Source: %s") % name)
        if self._theme is not None:
            self.setIcon(icon(_icon_of(word), self._theme.text))

    def show_choices(self, cameras: Sequence[CameraInfo], recent: Sequence[str]) -> None:
        """Cameras that are there, and what was shown lately."""
        if (tuple(cameras), tuple(recent)) != (self._cameras, self._recent):
            self._cameras, self._recent = tuple(cameras), tuple(recent)
            self._fill()
            self.show_source(self._word)

    def _fill(self) -> None:
        self._menu.clear()
        for camera in self._cameras:
            self._add(camera.name, camera.id, camera.path)
        if not self._cameras:
            none = self._menu.addAction(self.tr("No camera found"))
            none.setEnabled(False)
        self._menu.addSeparator()
        self._add(self.tr("Demo clip"), DEMO)
        recent = [word for word in self._recent if word != DEMO and not is_camera(word)]
        if recent:
            self._menu.addSeparator()
        for word in recent:
            self._add(title_of(word), word, "" if "://" in word else word)
        self._menu.addSeparator()
        for key, title, name in (
            ("file", self.tr("Video or picture…"), "film"),
            ("folder", self.tr("Folder of pictures…"), "folder"),
            ("address", self.tr("Network address…"), "network"),
        ):
            action = self._menu.addAction(title)
            self._decorate(action, name)
            action.triggered.connect(lambda _=False, k=key: self.asked.emit(k))

    def _add(self, title: str, word: str, hint: str = "") -> None:
        action = self._menu.addAction(title)
        action.setToolTip(hint)
        action.setData(word)
        self._decorate(action, _icon_of(word))
        action.triggered.connect(lambda _=False, w=word: self.chosen.emit(w))

    def _decorate(self, action: QAction, name: str) -> None:
        if self._theme is not None:
            action.setIcon(icon(name, self._theme.secondary))


def _icon_of(word: str | None) -> str:
    if word is None or is_camera(word):
        return "camera"
    if "://" in word:
        return "network"
    if word == DEMO:
        return "spark"
    return "film" if Path(word).suffix else "folder"
