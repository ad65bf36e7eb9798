"""A stream and models in the hand of a test, for the app."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgecnn.core.results import Classification, Detections, Faces, Segmentation
from edgecnn.tasks.base import TaskInfo
from edgecnn.video.facts import SourceFacts
from edgecnn.video.files import Problem
from edgecnn.video.frame import Frame
from edgecnn.video.status import State, Status
from gui.catalogue import ModelCard, VariantCard
from gui.state import ModelChoice

LABELS = ("person", "cup", "dog")


class HandSource:
    """A `LiveSource` that gives what it is told to, on the test's thread."""

    def __init__(self, name: str = "hand", status: Status | None = None) -> None:
        self.name = name
        self.live = True
        self.count: int | None = None
        self.fps: float | None = 30.0
        self.problems: list[Problem] = []
        self.facts: SourceFacts | None = None
        self.status = status or Status(State.RUNNING)
        self.paused = self.stopped = False
        self.given = 0
        self._deliver: Callable[[Frame], None] | None = None
        self._listeners: list[Callable[[Status], None]] = []

    def on_status(self, listener: Callable[[Status], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def start(self, deliver: Callable[[Frame], None]) -> None:
        self._deliver = deliver

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def stop(self, timeout_s: float = 2.0) -> None:
        self._deliver = None
        self.stopped = True

    def say(self, status: Status) -> None:
        """Change the status and tell of it."""
        self.status = status
        for listener in list(self._listeners):
            listener(status)

    def give(self, tone: int = 120, size_wh: tuple[int, int] = (64, 48)) -> Frame:
        """Hand over a picture of one tone, unless it is paused or not started."""
        pixels = np.full((size_wh[1], size_wh[0], 3), tone, np.uint8)
        when_s = self.given / 30
        frame = Frame(pixels, "bgr", when_s, self.given, self.name, captured_s=when_s)
        self.given += 1
        if self._deliver is not None and not self.paused:
            self._deliver(frame)
        return frame


@dataclass
class FakeTask:
    """Answers with one result; counts, and can be held up.

    Attributes:
        gate: Cleared, every answer waits until it is set.
        error: Raised in place of an answer.
        act: Answers in its place.
    """

    result: Any
    info: TaskInfo
    labels: tuple[str, ...] = LABELS
    options: Any = None
    timing: Any = None
    closed: bool = False
    calls: int = 0
    error: Exception | None = None
    act: Callable[[Frame], Any] | None = None

    def __post_init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, picture: Frame) -> Any:
        assert not self.closed
        self.gate.wait(10)
        if self.act is not None:
            return self.act(picture)
        self.calls += 1
        if self.error is not None:
            raise self.error
        return self.result

    def close(self) -> None:
        self.closed = True


def task_of(model: str) -> str:
    """The task of a model of the zoo or of `cards`, by the beginning of its name."""
    kinds = {"classify": "classify", "face": "detect_faces", "seg": "segment"}
    return next((task for stem, task in kinds.items() if model.startswith(stem)), "detect")


def info_of(choice: ModelChoice) -> TaskInfo:
    return TaskInfo(
        name=choice.model,
        title=f"{choice.model}: for tests",
        task=task_of(choice.model),
        file="int8.tflite",
        precision=choice.precision or "int8",
        backend=choice.backend or "litert",
        backend_version="1",
        compute=choice.compute or "f32",
        threads=choice.threads or 2,
        reason="fastest of 3 measured on this machine",
    )


def result_for(model: str) -> Any:
    """A small result of the kind that a bundle of the zoo gives, by its name."""
    if model.startswith("classify"):
        return classes(person=0.7, cup=0.2)
    if model.startswith("detect"):
        return boxes(("person", 0.8), ("cup", 0.45))
    if model.startswith("face"):
        box = np.array([[10, 8, 30, 30]], np.float32)
        return Faces(box, np.array([0.9], np.float32), np.full((1, 6, 2), 20, np.float32))
    plane = np.zeros((1, 24, 32), np.float32)
    plane[:, :, :16] = 1.0
    return Segmentation(plane, ("person",), (64, 48))


def classes(**scores: float) -> Classification:
    ordered = sorted(scores.items(), key=lambda item: -item[1])
    return Classification(
        np.array([LABELS.index(name) for name, _ in ordered], np.int64),
        tuple(name for name, _ in ordered),
        np.array([score for _, score in ordered], np.float32),
    )


def boxes(*found: tuple[str, float]) -> Detections:
    return Detections(
        np.array([[4 + 10 * i, 6, 24 + 10 * i, 40] for i in range(len(found))], np.float32),
        np.array([score for _, score in found], np.float32),
        np.array([LABELS.index(name) for name, _ in found], np.int64),
        tuple(name for name, _ in found),
    )


@dataclass
class FakeModels:
    """Loads fake tasks; remembers them, and can be told to fail or to wait.

    Attributes:
        gate: Cleared, every load waits until it is set.
    """

    error: Exception | None = None

    def __post_init__(self) -> None:
        self.loaded: list[tuple[ModelChoice, FakeTask]] = []
        self.gate = threading.Event()
        self.gate.set()

    def load(self, choice: ModelChoice) -> FakeTask:
        self.gate.wait(10)
        if self.error is not None:
            raise self.error
        task = FakeTask(result_for(choice.model), info_of(choice))
        self.loaded.append((choice, task))
        return task

    @property
    def newest(self) -> FakeTask:
        return self.loaded[-1][1]


def no_hurry(choice: ModelChoice) -> None:
    """Nothing is loaded in the meantime."""


def cards(task: str) -> list[ModelCard]:
    """Two models with two variants each."""
    stems = {"classify": "classify", "detect": "detect", "detect_faces": "face", "segment": "seg"}
    found = []
    for number in (1, 2):
        name = f"{stems[task]}_{number}"
        variants = tuple(
            VariantCard(ModelChoice(name, precision, backend, "f32"), 3.5, "top-1 70 %", 4.0, None)
            for precision, backend in (("float16", "litert"), ("int8", "openvino"))
        )
        found.append(ModelCard(name, f"Model {number}", "for tests", "MIT", LABELS, variants))
    return found
