"""Whether the live layer can be trusted to run all day: memory, hangs and errors over many frames.

    python -m benchmarks.live_soak                    # 100,000 frames, 50 models, 50 sources
    python -m benchmarks.live_soak --frames 20000     # shorter

The camera gives pictures as fast as they are taken and loses its connection now and then; models
are really loaded, swapped in and closed, with following, smoothing and drawing of what they find.
Exits with 1 when a limit is not kept.
"""

from __future__ import annotations

import argparse
import gc
import sys
import threading
import time
from itertools import cycle
from typing import Any

import cv2
import numpy as np
import psutil

import edgecnn
from benchmarks.resize import Pixels
from benchmarks.timing import load_line, machine_line, table
from edgecnn.core.image import read_image
from edgecnn.video.facts import SourceFacts
from edgecnn.video.fault import Fault
from edgecnn.video.link import Grab
from edgecnn.video.linked import LinkedSource
from edgecnn.video.patience import Patience
from edgecnn.video.pipeline import Pipeline
from edgecnn.video.status import Reason, State
from edgecnn.zoo.catalogue import assets_path

MOST_GROWTH_MB = 20.0
MOST_SILENCE_S = 30.0
"""No answer for so long is a hang."""

_SHORT: dict[str, Any] = {"model": "face_detect_blazeface_short", "backend": "litert"}
MODELS: tuple[dict[str, Any], ...] = (
    _SHORT,
    {"model": "face_detect_blazeface_full", "backend": "litert"},
    _SHORT,
    {"model": "segment_selfie", "backend": "litert"},
    _SHORT,
    {"model": "face_detect_blazeface_short", "backend": "openvino"},
)
"""Every other one is the quickest there is: it is the number of frames that wears things out."""
PICTURE_WH = (320, 240)
EVERY = 50
"""A picture is drawn on once in so many frames."""


class Unsteady:
    """A camera that is as fast as it is read, and goes away once after so many pictures.

    Args:
        pictures: What it sees, again and again.
        breaks_after: Pictures until the connection is lost; None holds.
    """

    name = "unsteady"
    exclusive = False

    def __init__(self, pictures: list[Pixels], breaks_after: int | None) -> None:
        self._pictures = pictures
        self._breaks_after = breaks_after
        self._number = 0

    def open(self) -> SourceFacts:
        """Open at once."""
        height, width = self._pictures[0].shape[:2]
        return SourceFacts((width, height), backend="memory")

    def read(self) -> Grab:
        """The next picture, with the number of it in one corner, so that none is like another."""
        if self._number == self._breaks_after:
            raise Fault(Reason.LOST, "The camera was unplugged.")
        pixels = self._pictures[self._number % len(self._pictures)].copy()
        pixels[0, :4, 0] = np.frombuffer(np.int32(self._number).tobytes(), np.uint8)
        self._number += 1
        time.sleep(0.001)
        return Grab(pixels, time.monotonic(), mark=self._number)

    def trouble(self) -> str:
        """None is known."""
        return ""

    def interrupt(self) -> None:
        """Nothing blocks."""

    def close(self) -> None:
        """Nothing is held."""


def unsteady_camera(pictures: list[Pixels], breaks_after: int | None) -> LinkedSource:
    """A source that loses its first connection after some pictures, and then holds."""
    limits = iter([breaks_after])
    return LinkedSource(
        "unsteady",
        lambda: Unsteady(pictures, next(limits, None)),
        patience=Patience(first_retry_s=0.01, last_retry_s=0.1),
    )


class Soak:
    """Counts what happens over the whole run.

    Args:
        frames: Answers to get.
        sources: How many sources, one after the other; each gets one more change of model.
        reconnects: How many of the sources lose their connection.
    """

    def __init__(self, frames: int, sources: int, reconnects: int) -> None:
        self.answered = self.failed = self.swaps = self.reconnects = self.hangs = 0
        self.rss_mb: list[float] = []
        self._share = frames // sources
        self._sources = sources
        self._breaking = set(np.linspace(0, sources - 1, reconnects).astype(int).tolist())
        names = ("portrait_obama.jpg", "coffee.jpg", "astronaut.jpg")
        read = [read_image(assets_path() / "images" / name) for name in names]
        self._pictures = [
            np.asarray(cv2.resize(pixels, PICTURE_WH, interpolation=cv2.INTER_AREA), np.uint8)
            for pixels in read
        ]
        self._models = cycle(MODELS)

    def run(self) -> None:
        """All sources in turn."""
        for number in range(self._sources):
            breaks_after = self._share // 3 if number in self._breaking else None
            self._one_source(unsteady_camera(self._pictures, breaks_after))
            gc.collect()
            self.rss_mb.append(psutil.Process().memory_info().rss / 2**20)
            told = f"source {number + 1} of {self._sources}, {self.answered} frames"
            print(f"{told}, {self.rss_mb[-1]:.0f} MB", file=sys.stderr, flush=True)

    def _one_source(self, source: LinkedSource) -> None:
        def note(status: Any) -> None:
            self.reconnects += status.state is State.RECONNECTING

        source.on_status(note)
        task = edgecnn.load(**next(self._models), threads=1)
        with Pipeline(source, task, track=True, smooth=True, own_tasks=True) as pipeline:
            index = 0
            while index < self._share:
                answer = pipeline.take(MOST_SILENCE_S)
                if answer is None:
                    self.hangs += 1
                    break
                index = answer.index
                if index % EVERY == 0 and answer.results:
                    edgecnn.draw(answer.frame, answer.result)
                if index >= self._share // 2 and pipeline.tasks["task"] is task:
                    pipeline.swap(edgecnn.load(**next(self._models), threads=1))
                    self.swaps += 1
            self.hangs += not pipeline.stop(MOST_SILENCE_S)
            self.answered += pipeline.stats.answered
            self.failed += pipeline.stats.failed

    def growth_mb(self) -> float:
        """Resident memory at the end over that after the first tenth, in which caches fill."""
        warm = max(1, len(self.rss_mb) // 10)
        return float(np.median(self.rss_mb[-warm:]) - np.median(self.rss_mb[warm : 2 * warm]))


def main() -> None:
    """Run, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--sources", type=int, default=50)
    parser.add_argument("--reconnects", type=int, default=20)
    options = parser.parse_args()
    threads = threading.active_count()
    soak = Soak(options.frames, options.sources, options.reconnects)
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    soak.run()
    taken_s, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    left = threading.active_count() - threads
    rows = [
        ["frames answered", str(soak.answered), f"{options.frames}"],
        ["changes of model", str(soak.swaps), f"{options.sources}"],
        ["reconnections", str(soak.reconnects), f"{options.reconnects}"],
        ["answers lost to errors", str(soak.failed), "0"],
        ["hangs", str(soak.hangs), "0"],
        ["threads left behind", str(left), "0"],
        ["growth of resident memory, MB", f"{soak.growth_mb():.1f}", f"under {MOST_GROWTH_MB:g}"],
    ]
    print(f"{machine_line()}, {load_line()}; {taken_s:.0f} s, of the processor {cpu_s:.0f} s")
    print(table(["what", "measured", "aim"], rows))
    print("resident MB:", " ".join(f"{rss:.0f}" for rss in soak.rss_mb))
    bad = soak.failed or soak.hangs or left or soak.growth_mb() >= MOST_GROWTH_MB
    if bad or soak.reconnects < options.reconnects or soak.swaps < options.sources:
        sys.exit(1)


if __name__ == "__main__":
    main()
