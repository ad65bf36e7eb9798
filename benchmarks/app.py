"""How live the window is: rates, event-loop gaps, painting, start, change of model, closing.

    python -m benchmarks.app            # the table of docs/app.md; wants an idle machine
    python -m benchmarks.app --smoke    # seconds, for CI: does it still run?
    python -m benchmarks.app --only closing --closes 200

Cameras, models and the bare loop are those of `benchmarks.live`: 720p, one thread of inference.
Without a display the window is drawn into memory. A warm start is any but the first.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QCoreApplication, QEvent, QTimer

import edgecnn
from benchmarks.event_loop import let_work
from benchmarks.live import (
    CAMERA_FPS,
    FAST,
    QUICK_CAMERA_FPS,
    SLOW,
    BareLoop,
    Moment,
    answering,
    camera,
    print_parts,
    shares,
)
from benchmarks.resize import frame_720p
from edgecnn.core.results import Detections
from edgecnn.runtime.threads import share_with_opencv
from edgecnn.video.frame import Frame
from gui.app import application
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.main_window import MainWindow
from gui.overlays.scene import Look
from gui.settings import Settings
from gui.state import ModelChoice
from gui.widgets.video_view import VideoView

SETTLE_MS = 1500
Row = list[str]


def open_window(key: str, choice: ModelChoice, fps: float = CAMERA_FPS) -> MainWindow:
    """The window on the camera of the benchmark, with one model, when its answers come."""
    settings = Settings(None)
    live = Live(open_source=lambda word, mirror: camera(fps), smooth=True)
    window = MainWindow(settings, live, Desk(), source="photograph")
    window.store.update_tab(key, choice=choice)
    window.store.update(tab=key)
    window.show()
    wait(lambda: window.view.result is not None)
    let_work(SETTLE_MS)
    return window


def choice_of(model: dict[str, Any]) -> ModelChoice:
    """What the benchmark of the live layer loads, as the window asks for it, on one thread."""
    return ModelChoice(model["model"], model.get("precision"), model.get("backend"), None, 1)


def wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Let the window work until something holds."""
    end_s = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end_s:
            raise SystemExit("It never came: is the machine very busy?")
        let_work(5)


def close(window: MainWindow) -> float:
    """Close it for good; returns the seconds that took."""
    began_s = time.monotonic()
    window.close()
    taken_s = time.monotonic() - began_s
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return taken_s


def with_a_fast_model(seconds: float) -> list[Row]:
    """Shown pictures a second, and gaps of the event loop meanwhile."""
    window = open_window("faces", choice_of(FAST))
    stamps: list[float] = []
    timer = QTimer()
    timer.setInterval(0)
    timer.timeout.connect(lambda: stamps.append(time.perf_counter()))
    painted, began_s = window.view.painted, time.monotonic()
    let_work(round(seconds * 1000))
    rate = (window.view.painted - painted) / (time.monotonic() - began_s)
    timer.start()
    let_work(round(seconds * 1000))
    timer.stop()
    close(window)
    gaps_ms = np.diff(np.array(stamps)) * 1e3
    # A gap counts for as long as it is: what somebody who clicks at any moment meets.
    order = np.argsort(gaps_ms)
    reached = np.cumsum(gaps_ms[order]) / gaps_ms.sum()
    p50, p99 = (float(gaps_ms[order][np.searchsorted(reached, share)]) for share in (0.5, 0.99))
    return [
        ["pictures shown a second, camera 30, fast model", f"{rate:.2f}", f"{CAMERA_FPS:g} +- 1"],
        ["event-loop gap met by a click, median, ms", f"{p50:.1f}", "under 12"],
        ["event-loop gap met by a click, 99 %, ms", f"{p99:.1f}", "under 50"],
    ]


def with_a_slow_model(seconds: float, rounds: int) -> list[Row]:
    """Answers a second in the window over those of a bare loop, in turns."""
    window = open_window("detect", choice_of(SLOW), QUICK_CAMERA_FPS)
    turns = []
    with edgecnn.load(**SLOW, threads=1) as task:
        loop = BareLoop(task)
        for _ in range(rounds):
            window.live.freeze(True)
            let_work(SETTLE_MS // 6)
            bare = loop.turn(seconds)
            window.live.freeze(False)
            let_work(SETTLE_MS // 6)
            answered, began = answered_by(window), Moment.of(answering())
            let_work(round(seconds * 1000))
            turns.append(began.rates(answered_by(window) - answered) / bare)
    close(window)
    return shares(f"answers a second in the window over the {bare[0]:.0f} of a bare loop", turns)


def answered_by(window: MainWindow) -> int:
    """Answers so far."""
    stats = window.live.stats
    return 0 if stats is None else stats.answered


def painting(rounds: int) -> list[Row]:
    """Scaling and painting 720p with twenty boxes; OpenCV has one thread, as beside a model."""
    share_with_opencv(1)
    view = VideoView()
    view.resize(960, 716)
    view.show()
    let_work(50)
    generator = np.random.default_rng(0)
    corners = generator.uniform((0, 0), (1000, 500), (20, 2))
    sizes = generator.uniform(60, 250, (20, 2))
    found = Detections(
        np.concatenate([corners, corners + sizes], axis=1).astype(np.float32),
        np.linspace(0.95, 0.4, 20, dtype=np.float32),
        generator.integers(0, 80, 20),
        tuple(f"class {number}" for number in range(20)),
        track_ids=np.arange(20),
    )
    frames = [Frame(np.roll(frame_720p("portrait_obama.jpg"), 9 * n, 1), "bgr") for n in range(4)]
    taken_ms, cpu_ms = [], []
    for turn in range(rounds):
        view.show_frame(frames[turn % 4], found, Look(threshold=0.1))
        began_s = time.thread_time()
        view.repaint()
        cpu_ms.append((time.thread_time() - began_s) * 1e3)
        taken_ms.append(view.paint_ms)
    view.deleteLater()
    return [
        ["painting 720p with 20 boxes, median, ms", f"{np.median(taken_ms):.2f}", "under 3"],
        ["the same in processor time, ms", f"{np.median(cpu_ms):.2f}", ""],
    ]


def change_of_variant(rounds: int) -> list[Row]:
    """Pictures that were shown without a result around a change of variant, at worst."""
    model = "classify_efficientnet_lite0"
    window = open_window("classify", ModelChoice(model, "int8", "litert", None, 1))
    worst = 0
    for turn in range(rounds):
        precision = ("float16", "int8")[turn % 2]
        bare: set[int] = set()

        def arrived(precision: str = precision, bare: set[int] = bare) -> bool:
            if window.view.result is None and window.view.frame is not None:
                bare.add(window.view.frame.index)
            info = window.live.model.info
            return info is not None and info.precision == precision

        window.store.update_tab(choice=ModelChoice(model, precision, "litert", None, 1))
        wait(arrived)
        let_work(300)
        worst = max(worst, len(bare))
    close(window)
    words = f"pictures without a result around {rounds} changes of variant, at worst"
    return [[words, str(worst), "at most 3"]]


def closing(rounds: int) -> list[Row]:
    """Closing in mid-inference."""
    longest = 0.0
    for _ in range(rounds):
        settings = Settings(None)
        live = Live(open_source=lambda word, mirror: camera())
        window = MainWindow(settings, live, Desk(), source="photograph")
        window.store.update_tab("detect", choice=choice_of(SLOW))
        window.store.update(tab="detect")
        window.show()
        wait(lambda window=window: window.view.frame is not None)  # type: ignore[misc]
        longest = max(longest, close(window))
    left = sum(one.name.startswith(("edgecnn", "source")) for one in threading.enumerate())
    return [
        [f"seconds to close in mid-work, longest of {rounds}", f"{longest:.2f}", "under 2"],
        ["threads left behind by them", str(left), "0"],
    ]


STARTED = """
import time
from gui.app import application
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.main_window import MainWindow
from gui.settings import Settings
app = application()
window = MainWindow(Settings(None), Live(), Desk(), source="demo")
window.show()
while window.view.result is None or window.view.painted < 1:
    app.processEvents()
    time.sleep(0.001)
print("there", flush=True)
window.close()
"""


def start(rounds: int) -> list[Row]:
    """From the start of the process to the first picture with a result."""
    taken_s = []
    for _ in range(rounds + 1):
        began_s = time.monotonic()
        command = [sys.executable, "-c", STARTED]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            if process.stdout is None or process.stdout.readline() != b"there\n":
                raise SystemExit("The window did not start.")
            taken_s.append(time.monotonic() - began_s)
            process.stdout.read()
    words = "seconds from the start of the process to the first annotated picture, warm"
    return [[words, f"{np.median(taken_s[1:]):.2f}", "under 2.5"]]


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="short, for CI")
    parser.add_argument(
        "--only", nargs="+", metavar="PART", help="painting, fast, slow, change, closing, start"
    )
    parser.add_argument("--closes", type=int, default=50, help="windows to close (default: 50)")
    options = parser.parse_args()
    smoke = options.smoke
    application()
    parts: dict[str, Callable[[], list[Row]]] = {
        "painting": lambda: painting(20 if smoke else 400),
        "fast": lambda: with_a_fast_model(1.0 if smoke else 10.0),
        "slow": lambda: with_a_slow_model(0.5 if smoke else 1.5, 2 if smoke else 12),
        "change": lambda: change_of_variant(2 if smoke else 20),
        "closing": lambda: closing(2 if smoke else options.closes),
        "start": lambda: start(1 if smoke else 5),
    }
    print_parts(parser, parts, options.only)


if __name__ == "__main__":
    main()
