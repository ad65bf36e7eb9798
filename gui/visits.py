"""From the main window to the windows of comparison and of models, and back.

They are imported when they are opened: the window itself is there a sixth of a second earlier.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gui.state import ModelChoice
from gui.tabs import TABS

if TYPE_CHECKING:
    from gui.compare.dialog import CompareDialog
    from gui.main_window import MainWindow
    from gui.models.dialog import ModelsDialog


def compare_dialog(window: MainWindow) -> CompareDialog | None:
    """The comparison of two variants of the tab in front; None while no list of them is there.

    The window's own model rests until it is closed: times with three models at work mean nothing.
    """
    from gui.compare.dialog import CompareDialog
    from gui.compare.duel import Duel
    from gui.compare.pairs import first_pair

    state = window.store.state
    tab = TABS[state.tab]
    models = window.desk.models(tab.task)
    pair = first_pair(models, state.current.choice)
    if pair is None:
        return None
    window.live.rest(True)
    dialog = CompareDialog(
        Duel(tab.task, state.current, pair, load=window.live.load),
        lambda: window.view.frame,
        models,
        threshold=state.current.threshold,
        what=tab.title,
        trouble=lambda: window.view.notice,
        parent=window,
    )
    dialog.finished.connect(lambda _: window.live.rest(False))
    return dialog


def models_dialog(window: MainWindow, path: Path | None = None) -> ModelsDialog:
    """The window of models; with a path it begins to bring that in."""
    from gui.models.dialog import ModelsDialog

    dialog = ModelsDialog(lambda: window.view.frame, window)
    dialog.changed.connect(window.desk.read_models_anew)
    dialog.used.connect(lambda name, key: _use(window, name, key))
    dialog.deleted.connect(lambda name: _part_with(window, name))
    if path is not None:
        dialog.import_path(path)
    return dialog


def is_model(path: Path) -> bool:
    """Whether a dropped path is a model to bring in, by its name."""
    from gui.models import foreign

    return foreign.is_model(path)


def _use(window: MainWindow, name: str, key: str) -> None:
    window.store.update_tab(key, choice=ModelChoice(name))
    window.store.update(tab=key)


def _part_with(window: MainWindow, name: str) -> None:
    """Tabs that ran a model that is gone go back to the one that came with edgecnn."""
    for key, tab in window.store.state.tabs.items():
        if tab.choice.model == name:
            window.store.update_tab(key, choice=ModelChoice(TABS[key].model))
