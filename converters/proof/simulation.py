"""A quantization-aware network as a reference: asked through the runtime, like any of its files."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from converters.bundles.pack import INPUT_NAME
from converters.options import Progress, no_progress
from converters.proof.evidence import Evidence, with_reference
from converters.proof.parity import AnyTask
from converters.sources.base import Source
from edgecnn.bundle.io import Bundle
from edgecnn.registry import TASKS
from edgecnn.runtime.backend import Array, EngineInfo, Feed, TensorInfo
from edgecnn.runtime.policy import Choice
from edgecnn.runtime.session import Session

GATES = "qat"
"""Group of gates that files of such a network have to keep; see `converters.proof.gates`."""


def as_simulation(
    evidence: Evidence,
    bundle: Bundle,
    source: Source,
    names: Mapping[str, str],
    progress: Progress = no_progress,
) -> Evidence:
    """The same evidence with the answers and the metric of the source itself.

    Args:
        evidence: Without them.
        bundle: Holds any of its files: says what goes in and how outputs are decoded.
        source: That simulates integers.
        names: Name of an output in the source -> name in the bundle.
        progress: Told how far it is.
    """
    variant = bundle.manifest.variants[0]
    choice = Choice(variant, variant.backends[0], 1, "f32", "simulation")
    with Session(SimulationEngine(source, names)) as session:
        task: AnyTask = TASKS[bundle.manifest.task](bundle, choice, session=session)
        return with_reference(evidence, bundle, task, "the simulation", progress)


class SimulationEngine:
    """An engine that asks a source with one input.

    Args:
        source: Opened; it stays open.
        names: Name of an output in the source -> name that the decoder knows it by.
    """

    def __init__(self, source: Source, names: Mapping[str, str]) -> None:
        self._source, self._names = source, names
        (port,) = source.inputs
        self._port = port
        self.inputs = {INPUT_NAME: TensorInfo(INPUT_NAME, port.shape, port.dtype)}
        self.outputs = {
            names[port.name]: TensorInfo(names[port.name], port.shape, port.dtype)
            for port in source.outputs
        }
        self.info = EngineInfo("keras", "", 1, "f32")

    def infer(self, feeds: Mapping[str, Feed]) -> dict[str, Array]:
        """Run the source once."""
        feed = feeds[INPUT_NAME]
        values = np.empty(self._port.shape, self._port.dtype)
        if callable(feed):
            feed(values)
        else:
            values[...] = feed
        found = self._source.answer({self._port.name: values})
        return {self._names[name]: value for name, value in found.items()}

    def close(self) -> None:
        """The source belongs to whoever opened it."""
