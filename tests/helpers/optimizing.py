"""What optimize needs: pictures in class folders, and latencies that no clock decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from converters.search.measured import Latencies
from edgecnn.runtime.measure import Way
from tests.helpers.videos import write_picture

COLORS_BGR = {"red": (0, 0, 255), "green": (0, 255, 0), "blue": (255, 0, 0)}


def write_classes(folder: Path, each: int = 4) -> Path:
    """Folders ``red``, ``green`` and ``blue`` of pictures that the tiny net answers right about."""
    for name, bgr in COLORS_BGR.items():
        (folder / name).mkdir(parents=True)
        for number in range(each):
            dimmed = tuple(max(level - 20 * number, 0) for level in bgr)
            write_picture(folder / name / f"{number}.png", dimmed)  # type: ignore[arg-type]
    return folder


def write_plain(folder: Path) -> Path:
    """The same pictures in one folder: nothing says what is right about them."""
    folder.mkdir(parents=True)
    for name, bgr in COLORS_BGR.items():
        write_picture(folder / f"{name}.png", bgr)
    return folder


def fix_latencies(
    monkeypatch: pytest.MonkeyPatch, latency_ms: Mapping[tuple[str, str], float]
) -> None:
    """Make (file, backend) take so long on one thread, and 0.8 of it on two; bf16 half of that."""

    def timed(bundle: Any, ways: Sequence[Way], *, threads: Sequence[int], **_: Any) -> Latencies:
        found = {}
        for way in ways:
            for count in threads:
                ms = latency_ms.get((way.variant.file, way.backend), 50.0)
                ms *= (0.8 if count > 1 else 1.0) * (0.5 if way.compute == "bf16" else 1.0)
                found[way.variant.file, way.backend, way.compute, count] = (ms, 1.2 * ms)
        return Latencies("x86-vnni", "a processor", found)

    monkeypatch.setattr("converters.search.candidates.time_here", timed)
