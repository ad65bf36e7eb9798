"""Starting the app: `run` opens the window and returns when it is closed."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from edgecnn import leaving
from edgecnn.errors import SourceError
from edgecnn.zoo.catalogue import assets_path
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.controllers.sources import DEMO
from gui.main_window import MainWindow
from gui.platform_check import check_platform, forget_other_qt
from gui.settings import Settings, settings_file
from gui.theme import body_font

SWITCH_S = 0.0005
"""How long the window may keep Python's lock while the thread that answers waits for it. With
Python's own 5 ms that thread lost 2.5 % of its time on its way back from a model."""

PATIENCE_S = 20.0
"""When the window is gone, the process waits, unseen, so long for a run in progress."""


def application() -> QApplication:
    """The application object, made when there is none yet."""
    found = QApplication.instance()
    if isinstance(found, QApplication):
        return found
    forget_other_qt()
    check_platform()
    sys.setswitchinterval(SWITCH_S)
    app = QApplication(["edgecnn"])
    app.setApplicationName("edgecnn")
    app.setDesktopFileName("edgecnn")
    app.setStyle("Fusion")
    app.setFont(body_font())
    app.setWindowIcon(QIcon(str(assets_path() / "icons" / "edgecnn.svg")))
    return app


def run(source: str | None = None, *, screenshot: Path | None = None, after_s: float = 3.0) -> int:
    """Open the window.

    Args:
        source: Word to open; None opens what was open the last time.
        screenshot: Save a picture of the window and quit; the user's settings are left alone.
        after_s: When the picture is taken, in seconds after the window was opened.

    Returns:
        The exit code.

    Raises:
        SourceError: The picture cannot be written.
        WindowError: A system library that Qt needs is missing.
    """
    app = application()
    settings = Settings(None if screenshot is not None else settings_file())
    if screenshot is not None and source is None:
        source = DEMO
    window = MainWindow(settings, Live(smooth=bool(settings["smooth"])), Desk(), source=source)
    window.show()
    if settings.problem:
        window.toast.say(settings.problem)
    # Python sees signals only when it runs, and Qt's loop is not Python: the timers wake it. It may
    # run because something is being painted, so the window is closed when that is done.
    before = {
        number: signal.signal(number, lambda *_: QTimer.singleShot(0, window.close))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    saved: list[bool] = []
    if screenshot is not None:
        target = screenshot

        def take() -> None:
            target.parent.mkdir(parents=True, exist_ok=True)
            saved.append(window.grab().save(str(target)))
            window.close()

        QTimer.singleShot(round(after_s * 1000), take)
    try:
        code = app.exec()
    finally:
        leaving.end_hard_after(PATIENCE_S)
        for number, handler in before.items():
            signal.signal(number, handler)
    if screenshot is not None and saved != [True]:
        raise SourceError(f"Cannot write {screenshot}. Give a path that ends in .png.")
    return code
