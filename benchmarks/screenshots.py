"""Pictures of the app for the README: each tab, the comparison and the list of models in both
themes, with real models on the demo clip.

    python -m benchmarks.screenshots [FOLDER]

Needs no display. Every picture is taken at a moment when the tab has something to show.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QElapsedTimer
from PySide6.QtTest import QTest

from gui.app import application
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.tabs import TABS
from gui.theme import THEMES
from gui.visits import compare_dialog, models_dialog

FOLDER = Path("docs/images")
QUALITY = 88
PATIENCE_MS = 60_000


MOMENTS = {"classify": (48, 56), "detect": (138, 172), "faces": (36, 44), "segment": (66, 86)}
"""Frames of the demo clip between which a tab has something typical to show."""
CLIP_FRAMES = 180
COMPARED_FRAMES = 60


def _is_time(window: MainWindow, key: str) -> bool:
    """Whether the picture is one of the tab's moments and its result has something to show."""
    frame, result = window.view.frame, window.view.result
    if frame is None or result is None:
        return False
    first, last = MOMENTS[key]
    return first <= frame.index % CLIP_FRAMES <= last and len(result) > 0


def _wait(condition: Callable[[], bool]) -> None:
    clock = QElapsedTimer()
    clock.start()
    while not condition():
        if clock.elapsed() > PATIENCE_MS:
            raise SystemExit("The moment for a picture never came: is the machine very busy?")
        QTest.qWait(20)


def _wait_for_moment(window: MainWindow, key: str) -> None:
    """Wait until a moment begins: in the middle of one the list may still show the one before."""
    _wait(lambda: not _is_time(window, key))
    _wait(lambda: _is_time(window, key) and bool(window.side.results.rows))


def take(window: MainWindow, theme: str, folder: Path) -> list[Path]:
    """Pictures of all tabs in one theme."""
    taken = []
    window.settings["theme"] = theme
    window.apply_theme(theme)
    for key in TABS:
        window.do(f"tab_{key}")
        _wait(lambda: window.live.model.loading_since_s is None)
        QTest.qWait(1500)  # until numbers are those of this model
        _wait_for_moment(window, key)
        path = folder / f"app-{key}-{theme}.jpg"
        if not window.grab().save(str(path), quality=QUALITY):
            raise SystemExit(f"Cannot write {path}.")
        taken.append(path)
    return taken


def take_windows(window: MainWindow, theme: str, folder: Path) -> list[Path]:
    """Pictures of the comparison and of the list of models in one theme."""
    window.settings["theme"] = theme
    window.apply_theme(theme)
    window.do("tab_detect")
    _wait(lambda: window.live.model.loading_since_s is None)
    _wait(lambda: bool(window.desk.models(TABS["detect"].task)))
    compare = compare_dialog(window)
    if compare is None:
        raise SystemExit("There are no models to compare.")
    compare.open()
    _wait(lambda: compare.duel.look().tally.frames >= COMPARED_FRAMES)
    models = models_dialog(window)
    models.open()
    _wait(lambda: models.list.count() > 0)
    taken = []
    for name, dialog in (("compare", compare), ("models", models)):
        QTest.qWait(500)
        taken.append(folder / f"app-{name}-{theme}.jpg")
        if not dialog.grab().save(str(taken[-1]), quality=QUALITY):
            raise SystemExit(f"Cannot write {taken[-1]}.")
        dialog.close()
        dialog.deleteLater()
    return taken


def main(folder: Path) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    application()
    window = MainWindow(Settings(None), Live(), Desk(), source="demo")
    window.show()
    for theme in THEMES:
        for path in (*take(window, theme, folder), *take_windows(window, theme, folder)):
            print(path)
    window.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    main(parser.parse_args().folder)
