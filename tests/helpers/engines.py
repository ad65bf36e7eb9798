"""An engine of plain Python, to test what is around engines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from edgecnn.runtime.backend import Array, EngineInfo, Feed, TensorInfo


class PlainEngine:
    """Calls a function on its input; notes which threads used it, and that nobody overlaps.

    Args:
        function: From the input array to the output array.
    """

    def __init__(self, function: Callable[[Array], Array] = lambda array: array.copy()) -> None:
        self.function = function
        self.threads: set[int] = set()
        self.busy = threading.Lock()
        self.closed = False
        self.runs = 0

    @property
    def inputs(self) -> Mapping[str, TensorInfo]:
        return {"x": TensorInfo("x", (1, 4), np.dtype(np.float32))}

    @property
    def outputs(self) -> Mapping[str, TensorInfo]:
        return {"y": TensorInfo("y", (1, 4), np.dtype(np.float32), 0.5, 3)}

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("plain", "1", 1, "f32")

    def infer(self, feeds: Mapping[str, Feed]) -> dict[str, Array]:
        assert self.busy.acquire(blocking=False), "two threads in the engine at once"
        try:
            assert not self.closed
            self.threads.add(threading.get_ident())
            self.runs += 1
            view: Any = np.full((1, 4), -1, np.float32)
            feed = feeds["x"]
            if isinstance(feed, np.ndarray):
                view[...] = feed
            else:
                feed(view)
            return {"y": self.function(view)}
        finally:
            self.busy.release()

    def close(self) -> None:
        self.closed = True
