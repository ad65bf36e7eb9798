"""How live the live layer is: rates, ages, start, change of model; without the window.

    python -m benchmarks.live            # prints the tables of docs/live.md
    python -m benchmarks.live --smoke    # seconds, for CI: does it still run?

    python -m benchmarks.live --only slow start

The camera is 720p at 30 frames a second, and at 60 for the slow model, which answers some 45 times
a second by itself; inference has one thread, so that on the usual machine of this project one of
two cores is left for the rest. `benchmarks/live_soak.py` runs it for long.

Both sides of the comparison with a bare loop run in one process, in short turns, on the same
pictures. Beside the share by the clock stand two that other programs on the machine change much
less: by the processor time of the thread that answers, and by the clock without the time for which
that thread was ready and had to wait for a processor.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import edgecnn
from benchmarks.resize import Pixels, frame_720p
from benchmarks.timing import load_line, machine_line, table
from edgecnn.closing import Closing
from edgecnn.video.answer import Answer
from edgecnn.video.files import Problem
from edgecnn.video.frame import Frame
from edgecnn.video.pipeline import Pipeline
from edgecnn.video.played import PlayedSource

CAMERA_FPS = 30.0
QUICK_CAMERA_FPS = 60.0
"""No model of the zoo is slower than 30 a second here, so the camera has to be quicker."""
FAST: dict[str, Any] = {"model": "face_detect_blazeface_short"}
SLOW: dict[str, Any] = {"model": "detect_nanodet", "backend": "litert", "precision": "float16"}

SETTLE_S = 1.0
FPS_TOLERANCE = 1.0
LEAST_SHARE = 0.97
MOST_AGE = 1.25
MOST_START_S = 2.5
MOST_UNANSWERED = 3


@dataclass(slots=True)
class Photograph(Closing):
    """A camera that looks at one photograph and trembles."""

    name: str = "photograph"
    count: int | None = None
    fps: float | None = CAMERA_FPS
    backend: str = "memory"
    codec: str | None = None
    problems: list[Problem] = field(default_factory=list)

    def __iter__(self) -> Iterator[Frame]:
        shaken = shaken_pictures()
        index = 0
        while True:
            # A copy, because a camera fills a new picture each time.
            shown: Pixels = shaken[index % len(shaken)].copy()
            yield Frame(shown, "bgr", index / CAMERA_FPS, index, self.name)
            index += 1

    def close(self) -> None:
        """Nothing is held."""


def shaken_pictures() -> list[Pixels]:
    """What the camera sees, in turn."""
    pixels = frame_720p("portrait_obama.jpg")
    return [np.roll(pixels, 4 * step, axis=1) for step in range(8)]


def camera(fps: float = CAMERA_FPS) -> PlayedSource:
    """Hands over frames of 720p at a pace, the newest first."""
    return PlayedSource("photograph", Photograph, paced=True, live=True, fps=fps)


def answered_for(pipeline: Pipeline, seconds: float) -> list[Answer]:
    """The answers of some seconds."""
    answers = []
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        answer = pipeline.take(1.0)
        if answer is not None:
            answers.append(answer)
    return answers


def with_a_fast_model(seconds: float) -> list[list[str]]:
    """Answered rate and age with a model that is faster than the camera."""
    with edgecnn.load(**FAST, threads=1) as task, Pipeline(camera(), task) as pipeline:
        answered_for(pipeline, SETTLE_S)
        answers = answered_for(pipeline, seconds)
        stats = pipeline.stats
    span_s = answers[-1].answered_s - answers[0].answered_s
    rate = (len(answers) - 1) / span_s
    return [
        ["answers a second, camera 30, fast model", f"{rate:.2f}", f"30 +- {FPS_TOLERANCE:g}"],
        ["frames dropped meanwhile", str(stats.dropped), ""],
        age_row("fast", answers),
    ]


def age_row(kind: str, answers: list[Answer]) -> list[str]:
    """Median age over the median sum of stage times."""
    age_ms = float(np.median([answer.age_ms for answer in answers]))
    stages_ms = float(np.median([answer.times.total_ms for answer in answers]))
    words = f"age over stage times, {kind} model ({age_ms:.1f} over {stages_ms:.1f} ms)"
    return [words, f"{age_ms / stages_ms:.3f}", f"at most {MOST_AGE:g}"]


class BareLoop:
    """Asks a task about the camera's pictures, one after the other, and nothing else.

    Args:
        task: The task.
    """

    def __init__(self, task: Any) -> None:
        self._task = task
        self._frames = [Frame(pixels, "bgr") for pixels in shaken_pictures()]

    def turn(self, seconds: float) -> NDArray[np.float64]:
        """Answers a second; see `Moment.rates`."""
        runs, began = 0, Moment.of(threading.current_thread())
        while time.monotonic() < began.clock_s + seconds:
            self._task(self._frames[runs % len(self._frames)])
            runs += 1
        return began.rates(runs)


@dataclass(frozen=True, slots=True)
class Moment:
    """What the clocks said of a thread, in seconds.

    Attributes:
        thread: The thread.
        clock_s: The clock on the wall.
        cpu_s: Processor time of the thread.
        queue_s: Time in which it was ready but had no processor; 0 where that is not told.
    """

    thread: threading.Thread
    clock_s: float
    cpu_s: float
    queue_s: float

    @classmethod
    def of(cls, thread: threading.Thread) -> Moment:
        """Now."""
        if thread.ident is None:
            raise RuntimeError(f"{thread.name} was not started.")
        cpu_s = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        schedule = Path(f"/proc/self/task/{thread.native_id}/schedstat")
        queue_s = int(schedule.read_text().split()[1]) / 1e9 if schedule.exists() else 0.0
        return cls(thread, time.monotonic(), cpu_s, queue_s)

    def rates(self, count: int) -> NDArray[np.float64]:
        """So many since then, a second: by the clock, the processor, the clock less the queue."""
        now = Moment.of(self.thread)
        clock_s = now.clock_s - self.clock_s
        queue_s = now.queue_s - self.queue_s
        return count / np.array([clock_s, now.cpu_s - self.cpu_s, clock_s - queue_s])


def answering() -> threading.Thread:
    """The thread that answers."""
    threads = [one for one in threading.enumerate() if one.name == "edgecnn-answers"]
    if len(threads) != 1:
        raise RuntimeError(f"One thread should answer, but there are {len(threads)}.")
    return threads[0]


def shares(words: str, turns: Sequence[NDArray[np.float64]]) -> list[list[str]]:
    """Three rows: the medians of all turns."""
    by_clock, by_cpu, without_queue = np.median(np.array(turns), axis=0)
    return [
        [f"{words}, slow model", f"{by_clock:.3f}", f"at least {LEAST_SHARE:g}"],
        ["the same by processor time of the thread that answers", f"{by_cpu:.3f}", ""],
        ["the same without its waiting for a processor", f"{without_queue:.3f}", ""],
    ]


def with_a_slow_model(seconds: float, rounds: int) -> list[list[str]]:
    """Answers a second over those of a bare loop around the same model, in turns."""
    turns = []
    answers: list[Answer] = []
    with (
        edgecnn.load(**SLOW, threads=1) as task,
        Pipeline(camera(QUICK_CAMERA_FPS), task) as pipeline,
    ):
        loop = BareLoop(task)
        answered_for(pipeline, SETTLE_S)
        for _ in range(rounds):
            pipeline.pause()
            answered_for(pipeline, SETTLE_S / 4)
            bare = loop.turn(seconds)
            pipeline.resume()
            answered_for(pipeline, SETTLE_S / 4)
            answered, began = pipeline.stats.answered, Moment.of(answering())
            answers += answered_for(pipeline, seconds)
            turns.append(began.rates(pipeline.stats.answered - answered) / bare)
    words = f"answers a second over the {bare[0]:.0f} of a bare loop"
    return [*shares(words, turns), age_row("slow", answers)]


def change_of_model(rounds: int) -> list[list[str]]:
    """Frames of the camera that have no answer around a change of model, the worst of all."""

    def change(pipeline: Pipeline, precision: str) -> None:
        name = "classify_efficientnet_lite0"
        pipeline.swap(edgecnn.load(name, precision=precision, threads=1))

    seen: list[int] = []
    first = edgecnn.load(**FAST, threads=1)
    with Pipeline(camera(), first, own_tasks=True) as pipeline:
        answered_for(pipeline, SETTLE_S)
        for turn in range(rounds):
            precision = ("float16", "int8")[turn % 2]
            loading = threading.Thread(target=change, args=(pipeline, precision))
            loading.start()
            while loading.is_alive():
                seen += [answer.frame.index for answer in answered_for(pipeline, 0.1)]
            seen += [answer.frame.index for answer in answered_for(pipeline, 0.5)]
    worst = int(np.max(np.diff(seen))) - 1
    words = f"frames without an answer around {rounds} changes of model, at worst"
    return [[words, str(worst), f"at most {MOST_UNANSWERED}"]]


def start(rounds: int) -> list[list[str]]:
    """From the start of the process to the first answer about the demo on standard output."""
    command = [
        *(sys.executable, "-m", "edgecnn", "run", "demo", "--realtime"),
        *("--model", FAST["model"], "--json", "-"),
    ]
    taken_s = []
    for _ in range(rounds + 1):
        began_s = time.monotonic()
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            if process.stdout is None or not process.stdout.readline():
                raise RuntimeError("edgecnn run said nothing")
            taken_s.append(time.monotonic() - began_s)
            process.terminate()
            process.stdout.read()
    warm_s = float(np.median(taken_s[1:]))
    words = "seconds from the start of the process to the first answer, warm"
    return [[words, f"{warm_s:.2f}", f"under {MOST_START_S:g}"]]


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="short, for CI")
    parser.add_argument("--only", nargs="+", metavar="PART", help="fast, slow, change, start")
    options = parser.parse_args()
    smoke = options.smoke
    parts: dict[str, Callable[[], list[list[str]]]] = {
        "fast": lambda: with_a_fast_model(1.0 if smoke else 10.0),
        "slow": lambda: with_a_slow_model(0.5 if smoke else 1.5, 2 if smoke else 12),
        "change": lambda: change_of_model(1 if smoke else 6),
        "start": lambda: start(1 if smoke else 5),
    }
    print_parts(parser, parts, options.only)


def print_parts(
    parser: argparse.ArgumentParser,
    parts: Mapping[str, Callable[[], list[list[str]]]],
    wished: Sequence[str] | None,
) -> None:
    """Measure the parts that are wished for, all of them by default, and print one table."""
    names = list(wished or parts)
    unknown = [name for name in names if name not in parts]
    if unknown:
        parser.error(f"--only takes {', '.join(parts)}, but got {', '.join(unknown)}.")
    before = load_line()
    rows = [row for name in names for row in parts[name]()]
    print(f"{machine_line()}; {before} before, {load_line()} after")
    print(table(["what", "measured", "aim"], rows))


if __name__ == "__main__":
    main()
