"""The plot of `benchmarks.pareto`: accuracy over size and over latency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converters.report.schema import Proven

PLOT = Path("docs") / "images" / "pareto_fashion_mnist.png"
KINDS = {"classic": "o", "efficient": "s", "compressed": "D"}
"""Kind of net -> marker."""


@dataclass(frozen=True)
class Point:
    """One file on one backend.

    Attributes:
        net: Its name.
        kind: Of `KINDS`.
        proven: What its conversion found.
        latency_ms: Median of one inference.
    """

    net: str
    kind: str
    proven: Proven
    latency_ms: float

    @property
    def top1(self) -> float:
        """In percent of the test pictures."""
        return 100 * (self.proven.metric or 0.0)


def _kilobytes(point: Point) -> float:
    return point.proven.bytes / 1000


def _latency_ms(point: Point) -> float:
    return point.latency_ms


def draw(found: Sequence[Point], file: Path) -> None:
    """Two panels: accuracy over size and over latency, with the front of each."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    figure, panels = plt.subplots(1, 2, figsize=(13, 6), sharey=True, layout="constrained")
    colors = {"float32": "#4c78a8", "int8": "#e45756"}
    fill = {"litert": "full", "openvino": "none"}
    for panel, (label, value) in zip(
        panels,
        (
            ("size of the file, kB", _kilobytes),
            ("latency of one inference, ms", _latency_ms),
        ),
        strict=True,
    ):
        for point in found:
            panel.plot(
                value(point),
                point.top1,
                KINDS[point.kind],
                color=colors.get(point.proven.precision, "#888888"),
                fillstyle=fill[point.proven.backend],
                markersize=7,
            )
        front = _front([(value(point), point.top1) for point in found])
        panel.step(*zip(*front, strict=True), where="post", color="#bbbbbb", zorder=0)
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.set_xlabel(label)
        panel.grid(alpha=0.3)
    _name(panels[0], found)
    panels[0].set_ylabel("top-1 on Fashion-MNIST, %")
    handles = [
        *(Line2D([], [], marker=m, color="k", ls="", label=k) for k, m in KINDS.items()),
        *(Line2D([], [], marker="o", color=c, ls="", label=p) for p, c in colors.items()),
        Line2D([], [], marker="o", color="k", ls="", label="LiteRT"),
        Line2D([], [], marker="o", color="k", ls="", fillstyle="none", label="OpenVINO"),
    ]
    panels[1].legend(handles=handles, fontsize=9, loc="lower right")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _name(panel: Any, found: Sequence[Point]) -> None:
    """Each net once, at its int8 file on LiteRT (else its first)."""
    for name in dict.fromkeys(point.net for point in found):
        own = [point for point in found if point.net == name]
        small = min(own, key=lambda point: (point.proven.bytes, point.proven.backend != "litert"))
        panel.annotate(
            name,
            (small.proven.bytes / 1000, small.top1),
            xytext=(5, 4),
            textcoords="offset points",
            fontsize=8,
        )


def _front(pairs: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points that no other beats in both: (cost, accuracy), cost rising."""
    best: list[tuple[float, float]] = []
    for cost, gain in sorted(pairs, key=lambda pair: (pair[0], -pair[1])):
        if not best or gain > best[-1][1]:
            best.append((cost, gain))
    return best
