"""The window's keys: each shortcut becomes an action of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from gui.shortcuts import SHORTCUTS

_REPEATED = ("raise", "lower")
"""Done again and again while the key is held."""


def add_actions(window: QWidget, do: Callable[[str], None], leave: Callable[[], None]) -> None:
    """Make the actions ``do_NAME``.

    Args:
        window: Gets them.
        do: Called with the name of a shortcut.
        leave: Called by Escape.
    """
    for name, shortcut in SHORTCUTS.items():
        action = _action(window, name, shortcut.keys, partial(do, name))
        action.setText(shortcut.title)
        action.setAutoRepeat(name in _REPEATED)
    _action(window, "leave", Qt.Key.Key_Escape, leave)


def _action(window: QWidget, name: str, keys: str | Qt.Key, called: Callable[[], None]) -> QAction:
    action = QAction(window)
    action.setObjectName(f"do_{name}")
    action.setShortcut(QKeySequence(keys))
    # A lambda, since Qt hands over whether the action is checked.
    action.triggered.connect(lambda _=False: called())
    window.addAction(action)
    return action
