"""How the process of the app ends: after the window, unseen, and never by a crash."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import pytest

SCRIPT = """
import sys, threading
from functools import partial

from PySide6.QtCore import QTimer

import gui.app
from edgecnn.video.status import State, Status
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.main_window import MainWindow
from tests.helpers.app import FakeModels, HandSource, cards, no_hurry

patience_s, where, ends = float(sys.argv[1]), sys.argv[2], sys.argv[3] == "ends"
begun, enough = threading.Event(), threading.Event()
models = FakeModels()
source = HandSource("hand", Status(State.RUNNING))

def work(*_):
    begun.set()
    enough.wait(90)
    print("done", flush=True)
    raise SystemExit  # of its thread

def load(choice, **options):
    if where == "loading":
        work()
    task = models.load(choice, **options)
    task.act = work
    return task

class Window(MainWindow):
    def closeEvent(self, event):
        super().closeEvent(event)
        print("closed", flush=True)

def wait_for_it():
    source.give()
    if not begun.is_set():
        QTimer.singleShot(10, wait_for_it)
    else:
        print("began", flush=True)
        QTimer.singleShot(0, lambda: [w.close() for w in app.topLevelWidgets()])

gui.app.PATIENCE_S = patience_s
gui.app.Live = partial(Live, open_source=lambda *_: source, load=load, load_quickly=no_hurry)
gui.app.Desk = lambda: Desk(models_of=cards, cameras_of=list)
gui.app.MainWindow = Window
gui.app.settings_file = lambda: None
app = gui.app.application()
QTimer.singleShot(0, wait_for_it)
code = gui.app.run("demo")
print("leaving", flush=True)
if ends:  # a little later than a process that waits for nobody
    later = threading.Timer(1.0, enough.set)
    later.daemon = True
    later.start()
sys.exit(code)
"""

IN_MID_PAINT = """
import signal, sys
from functools import partial

from PySide6.QtCore import QTimer

import gui.app
from edgecnn.video.status import State, Status
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.main_window import MainWindow
from gui.widgets.video_view import VideoView
from tests.helpers.app import FakeModels, HandSource, cards, no_hurry

source = HandSource("hand", Status(State.RUNNING))
painting, paint = [], VideoView.paintEvent

def paint_event(self, event):
    painting.append(True)
    signal.raise_signal(signal.SIGTERM)
    paint(self, event)
    painting.clear()

class Window(MainWindow):
    def closeEvent(self, event):
        print("in mid-paint" if painting else "in between", flush=True)
        super().closeEvent(event)

VideoView.paintEvent = paint_event
gui.app.Live = partial(
    Live, open_source=lambda *_: source, load=FakeModels().load, load_quickly=no_hurry
)
gui.app.Desk = lambda: Desk(models_of=cards, cameras_of=list)
gui.app.MainWindow = Window
gui.app.settings_file = lambda: None
app = gui.app.application()
QTimer.singleShot(200, lambda: source.give())
sys.exit(gui.app.run("demo"))
"""


def command(patience_s: float, where: str, *, ends: bool) -> list[str]:
    words = (str(patience_s), where, "ends" if ends else "hangs")
    return [sys.executable, "-c", SCRIPT, *words]


def leave(patience_s: float, where: str, *, ends: bool) -> tuple[int, list[str], str]:
    asked = command(patience_s, where, ends=ends)
    done = subprocess.run(asked, capture_output=True, text=True, timeout=100, check=False)
    return done.returncode, done.stdout.split(), done.stderr


@pytest.mark.parametrize("where", ["answering", "loading"])
def test_the_process_waits_unseen_for_the_run_in_progress(where: str) -> None:
    code, said, errors = leave(60, where, ends=True)
    assert (code, said, errors) == (0, ["began", "closed", "leaving", "done"], "")


@pytest.mark.parametrize("where", ["answering", "loading"])
def test_a_run_without_an_end_does_not_keep_the_process(where: str) -> None:
    code, said, errors = leave(0.3, where, ends=False)
    assert (code, said, errors) == (1, ["began", "closed", "leaving"], "")


def test_a_signal_never_closes_the_window_in_mid_paint() -> None:
    asked = [sys.executable, "-c", IN_MID_PAINT]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "in between\n", "")


def test_ctrl_c_ends_the_waiting() -> None:
    asked = command(60, "answering", ends=False)
    pipe = subprocess.PIPE
    with subprocess.Popen(asked, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = iter(process.stdout.readline, "")
        assert "leaving" in (line.strip() for line in said)
        while process.poll() is None:  # what comes before it waits is not heard
            os.kill(process.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
        assert process.returncode == 1
        assert "terminate called" not in process.stderr.read()
