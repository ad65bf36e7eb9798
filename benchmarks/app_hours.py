"""The real window for minutes or hours, with somebody who never rests: is there ever a complaint?

    xvfb-run -a python -m benchmarks.app_hours --minutes 10

The demo clip runs with real models while tabs, models, backends, threads, themes, sources,
effects, thresholds and sizes change, pictures are saved and recorded, and the other windows open
and close. Any warning ends in exit code 1: of Python, of its log, of Qt, or an exception that
nobody caught. Without a display the window is drawn into memory.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QMessageLogContext,
    QtMsgType,
    qInstallMessageHandler,
)

from benchmarks.event_loop import let_work
from benchmarks.timing import machine_line, table
from edgecnn.zoo.catalogue import assets_path
from gui.app import application
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.main_window import LEAST_WH, SIZE_WH, MainWindow
from gui.settings import Settings
from gui.shortcuts import SHORTCUTS
from gui.state import EFFECTS
from gui.tabs import TABS

STEP_S = (0.05, 2.5)
"""Between two deeds: now and then faster than anything can be loaded, mostly as people do."""
SETTLED = 0.4
"""After this share of the time everything has been loaded once: what comes then is growth."""
MOST_GROWTH_MB = 150.0
_OFFSCREEN = "This plugin does not support"
"""What Qt says of windows that are drawn into memory, and of them alone."""
_LEFT_OUT = frozenset({"quit", "full_screen", "source", "about"})
"""Commands that end it, or wait for a choice in a menu of the system."""


class Complaints(logging.Handler):
    """Everything that anybody complained about, in words."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: list[str] = []

    def listen(self) -> None:
        """Hear of everything from now on."""
        logging.getLogger().addHandler(self)
        logging.captureWarnings(True)
        warnings.simplefilter("always")
        qInstallMessageHandler(self._from_qt)
        sys.excepthook = self._from_python
        threading.excepthook = self._from_thread

    def emit(self, record: logging.LogRecord) -> None:
        """From a log, and from `warnings`."""
        self.words.append(f"{record.name}: {record.getMessage()}")

    def _from_qt(self, kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        harmless = (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg)
        if kind not in harmless and not message.startswith(_OFFSCREEN):
            self.words.append(f"Qt: {message}")

    def _from_python(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self.words.append(f"{kind.__name__}: {error}")
        sys.__excepthook__(kind, error, trace)

    def _from_thread(self, given: Any) -> None:
        self.words.append(f"{given.thread}: {given.exc_type.__name__}: {given.exc_value}")
        threading.__excepthook__(given)


class Restless:
    """Does one thing after another to a window, at random but the same each time.

    Attributes:
        done: How often each was done.
        longest: The longest time that one of each took, in milliseconds.
    """

    def __init__(self, window: MainWindow, seed: int) -> None:
        self.window = window
        self.done: Counter[str] = Counter()
        self.longest: dict[str, float] = {}
        self._chance = random.Random(seed)
        images = assets_path() / "images"
        self._sources = ("demo", "demo", "synthetic", str(images / "portrait_obama.jpg"))
        self._deeds: dict[str, Callable[[], None]] = {
            "tab": self._tab,
            "model": self._model,
            "threads": self._threads,
            "source": lambda: window.open_source(self._chance.choice(self._sources)),
            "theme": window.toggle_theme,
            "threshold": lambda: window.store.update_tab(
                threshold=round(self._chance.uniform(0.05, 0.95), 2)
            ),
            "effect": lambda: window.store.update_tab(effect=self._chance.choice(EFFECTS)),
            "background": lambda: window.store.update_tab(
                "segment", background=self._chance.choice(["", str(images / "sunset_table.jpg")])
            ),
            "record": window.toggle_recording,
            "snapshot": window.save_snapshot,
            "size": self._size,
            "command": self._command,
            "leave": self._leave,
        }

    def step(self) -> None:
        """Do one of them."""
        name = self._chance.choice(list(self._deeds))
        self.done[name] += 1
        started_s = time.perf_counter()
        self._deeds[name]()
        took_ms = (time.perf_counter() - started_s) * 1e3
        self.longest[name] = max(self.longest.get(name, 0.0), took_ms)

    def pause_ms(self) -> int:
        """How long to wait for the next."""
        return round(1000 * self._chance.uniform(*STEP_S))

    def _tab(self) -> None:
        self.window.do(f"tab_{self._chance.choice(list(TABS))}")

    def _model(self) -> None:
        state = self.window.store.state
        models = self.window.desk.models(TABS[state.tab].task)
        if models:
            variant = self._chance.choice(self._chance.choice(models).variants)
            self.window.store.update_tab(choice=variant.choice)

    def _threads(self) -> None:
        picker = self.window.side.model.threads
        picker.setCurrentIndex(self._chance.randrange(picker.count()))
        picker.activated.emit(picker.currentIndex())

    def _size(self) -> None:
        share = self._chance.random()
        self.window.resize(
            *(round(a + share * (b - a)) for a, b in zip(LEAST_WH, SIZE_WH, strict=True))
        )

    def _command(self) -> None:
        names = [name for name in SHORTCUTS if name not in _LEFT_OUT]
        self.window.do(self._chance.choice(names))

    def _leave(self) -> None:
        """Close what was opened."""
        for dialog in self.window.open_dialogs:
            dialog.close()


def run(minutes: float, seed: int) -> int:
    """Keep at it; returns the exit code."""
    complaints = Complaints()
    application()
    complaints.listen()
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder) / "app.json")
        settings["folder"] = folder
        window = MainWindow(settings, Live(), Desk(), source="demo")
        window.show()
        restless = Restless(window, seed)
        began_s = time.monotonic()
        first_mb = 0.0
        while time.monotonic() < began_s + 60 * minutes:
            restless.step()
            let_work(restless.pause_ms())
            if not first_mb and time.monotonic() > began_s + 60 * minutes * SETTLED:
                first_mb = process.memory_info().rss / 1e6
        painted = window.view.painted
        grown_mb = process.memory_info().rss / 1e6 - (first_mb or process.memory_info().rss / 1e6)
        started_s = time.monotonic()
        window.close()
        closing_s = time.monotonic() - started_s
        window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    rows = [
        ["minutes", f"{minutes:g}", ""],
        [f"deeds: {restless.done.total()}", _words(restless.done), ""],
        ["pictures shown", str(painted), "more than 0"],
        ["longest of each, ms", _words(restless.longest), "under 500"],
        [
            "memory grown after everything was loaded once, MB",
            f"{grown_mb:.0f}",
            f"under {MOST_GROWTH_MB:.0f}",
        ],
        ["seconds to close", f"{closing_s:.2f}", "under 2"],
        ["complaints", str(len(complaints.words)), "0"],
    ]
    print(machine_line())
    print(table(["what", "measured", "aim"], rows))
    for words in dict.fromkeys(complaints.words):
        print(f"- {words}")
    return int(bool(complaints.words) or not painted or grown_mb > MOST_GROWTH_MB)


def _words(numbers: Mapping[str, float]) -> str:
    """Names and numbers in one line, the largest first."""
    ordered = sorted(numbers.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {number:.0f}" for name, number in ordered)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    sys.exit(run(given.minutes, given.seed))
