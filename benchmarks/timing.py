"""Fair timing on a shared, noisy machine: both sides in one process, in turns, medians, ratio."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from edgecnn.runtime.machine import this_machine


@dataclass(frozen=True)
class Timed:
    """Times of one side: ``ms`` (rounds,) in milliseconds."""

    ms: np.ndarray

    @property
    def median(self) -> float:
        """Median in milliseconds."""
        return float(np.median(self.ms))


def interleaved(
    sides: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    warm_up: int = 10,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timed]:
    """Call each side in turn, ``rounds`` times.

    With `time.process_time` for a clock, what others do on the machine counts little.

    The order turns round in every second round, so that no side always runs after the same one.
    """
    taken: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for turn in range(warm_up + rounds):
        for name in names if turn % 2 else reversed(names):
            start_s = clock()
            sides[name]()
            elapsed_ms = (clock() - start_s) * 1e3
            if turn >= warm_up:
                taken[name].append(elapsed_ms)
    return {name: Timed(np.array(values)) for name, values in taken.items()}


def paired_ratio(over: Timed, under: Timed) -> float:
    """Median of the ratios of neighbouring calls: what slows the machine down slows both."""
    return float(np.median(over.ms / under.ms))


def machine_line() -> str:
    """What the figures were measured on, in one line."""
    machine = this_machine()
    features = " ".join(sorted(machine.features)) or "no special instruction sets"
    return f"{machine.cpu}, {machine.cores} cores ({machine.kind}; {features})"


def load_line() -> str:
    """How busy the machine was in the last minute: figures of a busy one are no figures."""
    try:
        load = os.getloadavg()[0]
    except (AttributeError, OSError):
        return "load unknown"
    return f"load {load:.1f} of {os.cpu_count()} cores"


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
