"""How long a Keras model takes on a device's runtime: what pruning to a time asks about each net.

The first net that is asked about stays open, and every other one takes turns with it: what slows
the machine down meanwhile slows both, and only their ratio is trusted.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from converters.tflite.from_saved_model import keras_to_tflite
from edgecnn.errors import BackendError
from edgecnn.runtime.backend import Array, Engine, ModelFile
from edgecnn.runtime.policy import get_backend

WARM_UP_ROUNDS = 5


class LatencyMeter:
    """Milliseconds for a picture, float32, nothing decoded.

    Args:
        backend: ``litert`` or ``openvino``; both open the same ``.tflite``.
        rounds: Timed runs of each net.
        threads: Of the engine.

    Raises:
        BackendError: The backend cannot run here.

    Example:
        ``LatencyMeter("litert")(model)``
    """

    def __init__(self, backend: str = "litert", *, rounds: int = 60, threads: int = 1) -> None:
        self._backend, self._rounds, self._threads = get_backend(backend), rounds, threads
        missing = self._backend.missing()
        if missing is not None:
            raise BackendError(missing)
        self._reference: Engine | None = None
        self._reference_ms = 0.0

    def __call__(self, model: Any) -> float:
        """Measure a Keras model.

        Raises:
            ConversionError: It cannot be converted.
            BackendError: The backend refuses it.
        """
        engine = self._open(model)
        if self._reference is None:
            self._reference = engine
            self._reference_ms = float(np.median(self._times([engine])))
            return self._reference_ms
        try:
            times = self._times([self._reference, engine])
        finally:
            engine.close()
        return self._reference_ms * float(np.median(times[:, 1] / times[:, 0]))

    def close(self) -> None:
        """Let go of the first net; the next one takes its place."""
        if self._reference is not None:
            self._reference.close()
            self._reference = None

    def _open(self, model: Any) -> Engine:
        names = [f"output_{number}" for number in range(len(model.outputs))]
        tflite = keras_to_tflite(model, "float32", outputs=names)
        file = ModelFile(f"{model.name} as .tflite", "tflite", tflite)
        return self._backend.open(file, threads=self._threads, compute="f32")

    def _times(self, engines: list[Engine]) -> np.ndarray:
        """(rounds, engines) milliseconds, in turns."""
        times = np.empty((self._rounds, len(engines)))
        for turn in range(-WARM_UP_ROUNDS, self._rounds):
            for column, engine in enumerate(engines):
                elapsed_ms = _time_once(engine)
                if turn >= 0:
                    times[turn, column] = elapsed_ms
        return times


def _time_once(engine: Engine) -> float:
    feeds = dict.fromkeys(engine.inputs, _fill)
    start_s = time.perf_counter()
    engine.infer(feeds)
    return (time.perf_counter() - start_s) * 1e3


def _fill(view: Array) -> None:
    view.fill(1)
