"""Pictures of the app for README and docs: every tab and every window in both themes, with real
models on the demo clip.

    python -m benchmarks.screenshots [--all] [FOLDER]
    python -m benchmarks.screenshots_faces [FOLDER]    # the windows of people

Needs no display. Every picture of a tab is taken at a moment when it has something to show, and its
result is that of the picture, however slow the machine is; the numbers in the strip are not, so the
machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QElapsedTimer
from PySide6.QtWidgets import QWidget

from benchmarks.event_loop import let_work
from edgecnn.zoo.catalogue import assets_path
from gui.app import application
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.main_window import MainWindow
from gui.settings import Settings
from gui.tabs import TABS
from gui.theme import THEMES
from gui.visits import compare_dialog, models_dialog

FOLDER = Path("docs/images")
QUALITY = 75
BACKDROP = "sunset_table.jpg"
PATIENCE_MS = 120_000


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


def wait(condition: Callable[[], bool]) -> None:
    """Let the window work until something holds."""
    clock = QElapsedTimer()
    clock.start()
    while not condition():
        if clock.elapsed() > PATIENCE_MS:
            raise SystemExit("The moment for a picture never came: is the machine very busy?")
        let_work(20)


def _wait_for_moment(window: MainWindow, key: str) -> None:
    """Wait until a moment begins: in the middle of one the list may still show the one before."""
    wait(lambda: not _is_time(window, key))
    wait(lambda: _is_time(window, key) and bool(window.side.results.rows))


def _hold(window: MainWindow, key: str) -> bool:
    """Hold the picture and have it answered; returns whether it is one of the tab's moments."""
    window.store.update(frozen=True)
    before = window.view.result
    window.live.adjust(key, window.store.state.current)
    wait(lambda: window.view.result is not before)
    if not _is_time(window, key):  # the clip went on meanwhile
        window.store.update(frozen=False)
        return False
    return True


def _grab(window: MainWindow, key: str, path: Path) -> Path:
    """A picture of the window in which picture and result belong together."""
    _wait_for_moment(window, key)
    while not _hold(window, key):
        _wait_for_moment(window, key)
    let_work(400)  # until the list shows it too
    window.view.show_corner(None)
    window.top.show_doing(frozen=False, recording=False)
    save(window, path)
    window.store.update(frozen=False)
    return path


def save(shown: QWidget, path: Path) -> Path:
    """Write a picture of a window."""
    if not shown.grab().save(str(path), quality=QUALITY):
        raise SystemExit(f"Cannot write {path}.")
    return path


def take(window: MainWindow, theme: str, folder: Path) -> list[Path]:
    """Pictures of all tabs in one theme."""
    taken = []
    window.settings["theme"] = theme
    window.apply_theme(theme)
    for key in TABS:
        window.do(f"tab_{key}")
        wait(lambda: window.live.model.loading_since_s is None)
        let_work(1500)  # until numbers are those of this model
        if key == "segment":
            backdrop = assets_path() / "images" / BACKDROP
            window.store.update_tab(effect="replace", background=str(backdrop))
        taken.append(_grab(window, key, folder / f"app-{key}-{theme}.jpg"))
    return taken


def take_compare(window: MainWindow, theme: str, folder: Path) -> list[Path]:
    """A picture of the comparison in one theme."""
    window.settings["theme"] = theme
    window.apply_theme(theme)
    window.do("tab_detect")
    wait(lambda: window.live.model.loading_since_s is None)
    wait(lambda: bool(window.desk.models(TABS["detect"].task)))
    compare = compare_dialog(window)
    if compare is None:
        raise SystemExit("There are no models to compare.")
    compare.open()
    wait(lambda: compare.duel.look().tally.frames >= COMPARED_FRAMES)
    let_work(500)
    taken = save(compare, folder / f"app-compare-{theme}.jpg")
    compare.close()
    compare.deleteLater()
    return [taken]


def take_windows(window: MainWindow, theme: str, folder: Path) -> list[Path]:
    """Pictures of the models, the settings and the shortcuts in one theme."""
    models = models_dialog(window)
    models.open()
    wait(lambda: models.list.count() > 0)
    let_work(500)
    taken = [save(models, folder / f"app-models-{theme}.jpg")]
    models.close()
    models.deleteLater()
    for name in ("settings", "shortcuts"):
        window.do(name)
        let_work(300)
        (shown,) = window.open_dialogs
        taken.append(save(shown, folder / f"app-{name}-{theme}.jpg"))
        shown.close()
    return taken


def take_states(theme: str, folder: Path) -> list[Path]:
    """Pictures of the first start, and of a source that cannot be had, in one theme."""
    settings = Settings(None)
    settings["theme"] = theme
    window = MainWindow(settings, Live(), Desk())
    window.show()
    let_work(600)
    taken = [save(window, folder / f"app-welcome-{theme}.jpg")]
    window.open_source("http://127.0.0.1:9/camera")  # nobody answers at this port
    wait(lambda: window.view.card.isVisible() and bool(window.view.card.accessibleDescription()))
    let_work(300)
    taken.append(save(window, folder / f"app-error-{theme}.jpg"))
    window.close()
    return taken


def main(folder: Path, *, every: bool) -> None:
    """Take pictures of the tabs and the comparison, or of everything there is."""
    folder.mkdir(parents=True, exist_ok=True)
    application()
    window = MainWindow(Settings(None), Live(), Desk(), source="demo")
    window.show()
    for theme in THEMES:
        for path in (
            *take(window, theme, folder),
            *take_compare(window, theme, folder),
            *(take_windows(window, theme, folder) if every else ()),
            *(take_states(theme, folder) if every else ()),
        ):
            print(path)
    window.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--all", action="store_true", help="models, settings, welcome, errors too")
    given = parser.parse_args()
    main(given.folder, every=given.all)
