"""The plot of a report that compares variants: what each costs and gives.

A function gives a `Plot`, or None where the report has nothing to show. `draw_*` are the figures
themselves, which a notebook can show too (inside of `canvas.style`). Those of int8 are in
`converters.report.plots_int8`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.report.canvas import (
    BODY_PT,
    COLORS,
    SMALL_PT,
    Plot,
    clean,
    new_figure,
    place_labels,
    style,
    to_svg,
)
from converters.report.schema import Proven, Report
from converters.report.text import accuracy, accuracy_name, megabytes
from converters.search.pareto import pareto_front

LEAST_SPAN = 0.5
"""Percentage points that the accuracy axis spans at least: less would show noise as if it were
large."""
_MARKERS = (("litert", "o", "accent"), ("openvino", "s", "second"))


def pareto(report: Report, key: str = "pareto") -> Plot | None:
    """Accuracy against latency, the area of a point its size in MB; see `draw_pareto`."""
    shown = _comparable(report)
    if len(shown) < 2:
        return None
    with style():
        svg = to_svg(draw_pareto(report), key=key, title="Accuracy, latency and size of variants")
    timed = shown[0].latency is not None
    across = "latency" if timed else "size"
    caption = (
        f"Further left is {'faster' if timed else 'smaller'}, further up more accurate, a smaller "
        "point a smaller file."
    )
    if np.count_nonzero(_front(report, shown)) > 1:
        caption += f" The line joins what nothing beats in both accuracy and {across}."
    if any(one.failures for one in shown):
        caption += " A cross marks what breaks a gate."
    return Plot(svg, caption)


def _comparable(report: Report) -> list[Proven]:
    """What has an accuracy and, where anything has one, a latency."""
    judged = [one for one in report.proven if accuracy(report, one) is not None]
    timed = [one for one in judged if one.latency is not None]
    return timed or judged


def _figures(report: Report, shown: Sequence[Proven]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cost (ms, or MB where no latency was measured) and accuracy in percent."""
    cost = [one.latency.median_ms if one.latency else one.bytes / 1e6 for one in shown]
    return np.array(cost), np.array([100 * (accuracy(report, one) or 0.0) for one in shown])


def _front(report: Report, shown: Sequence[Proven]) -> NDArray[np.bool_]:
    """What is on the Pareto front of those that are proven."""
    cost, percent = _figures(report, shown)
    good = np.array([not one.failures for one in shown])
    on_front = np.zeros(len(shown), np.bool_)
    on_front[good] = pareto_front(np.column_stack([cost[good], -percent[good]]))
    return on_front


def draw_pareto(report: Report) -> Any:
    """The figure: x latency in ms (or MB where none was measured), y accuracy in percent."""
    shown = _comparable(report)
    timed = shown[0].latency is not None
    size_mb = np.array([one.bytes / 1e6 for one in shown])
    cost, percent = _figures(report, shown)
    figure = new_figure(4.0)
    axes = figure.add_axes((0.085, 0.13, 0.9, 0.78))
    axes.grid(True)
    axes.set_axisbelow(True)
    axes.set_xlabel("latency of one inference, ms" if timed else "size, MB")
    figure.text(
        0.01, 0.955, f"{clean(accuracy_name(report), 60)}, %", fontsize=BODY_PT,
        color=COLORS["muted"], parse_math=False,
    )  # fmt: skip
    axes.set_xlim(*_span(cost, 0.12 * np.ptp(cost) + 0.02 * cost.max(), floor=0.0))
    margin = max(0.18 * np.ptp(percent), (LEAST_SPAN - np.ptp(percent)) / 2)
    axes.set_ylim(*_span(percent, margin))
    axes.set_yticks([t for t in axes.get_yticks() if axes.get_ylim()[0] <= t <= 100.0001])
    good = np.array([not one.failures for one in shown])
    on_front = _front(report, shown)
    order = np.flatnonzero(on_front)[np.argsort(cost[on_front])]
    axes.plot(
        cost[order], percent[order], drawstyle="steps-post", color=COLORS["muted"],
        linewidth=1.2, linestyle=(0, (4, 3)), zorder=1,
    )  # fmt: skip
    area_pt2 = 36 + 160 * size_mb / size_mb.max()
    for n, one in enumerate(shown):
        marker, role = _look(one.backend)
        axes.scatter(
            cost[n], percent[n], s=area_pt2[n], marker=marker if good[n] else "X",
            facecolor=COLORS[role if good[n] else "bad"], edgecolor=COLORS["panel"],
            linewidth=1.0, alpha=0.85, zorder=3,
        )  # fmt: skip
    _name_points(axes, shown, np.column_stack([cost, percent]), good, order, gap_pt=9.0)
    _legend(axes, shown)
    return figure


def _span(values: NDArray[Any], margin: float, floor: float = -np.inf) -> tuple[float, float]:
    return max(floor, float(values.min() - margin)), float(values.max() + margin)


def _look(backend: str) -> tuple[str, str]:
    return next(((m, role) for name, m, role in _MARKERS if name == backend), ("D", "muted"))


def _name_points(
    axes: Any,
    shown: Sequence[Proven],
    places: NDArray[Any],
    good: NDArray[np.bool_],
    front: NDArray[Any],
    *,
    gap_pt: float,
) -> None:
    """One label for points that lie on each other; the proven ones are named first."""
    named: dict[tuple[float, float], list[Proven]] = {}
    for n in np.argsort(~good, kind="stable"):
        named.setdefault((float(places[n, 0]), float(places[n, 1])), []).append(shown[n])
    corners = [
        (start, (end[0], start[1]), end)
        for start, end in itertools.pairwise([tuple(places[n]) for n in front])
    ]
    place_labels(
        axes,
        [(x, y, _point_name(found)) for (x, y), found in named.items()],
        gap_pt,
        lines=[line for a, b, c in corners for line in ((a, b), (b, c))],
    )


def _point_name(found: Sequence[Proven]) -> str:
    """Files and sizes of what lies on one point, each once."""
    files = dict.fromkeys(clean(one.file, 24) for one in found)
    sizes = dict.fromkeys(megabytes(one.bytes) for one in found)
    return f"{' / '.join(files)} \u00b7 {' / '.join(sizes)} MB"


def _legend(axes: Any, shown: Sequence[Proven]) -> None:
    backends = list(dict.fromkeys(one.backend for one in shown))
    for column, backend in enumerate(reversed(backends)):
        marker, role = _look(backend)
        x = 0.99 - 0.14 * column
        axes.scatter(
            x - 0.115, 1.062, s=48, marker=marker, color=COLORS[role],
            transform=axes.transAxes, clip_on=False,
        )  # fmt: skip
        axes.text(
            x - 0.1, 1.06, clean(backend, 14), transform=axes.transAxes, va="center",
            fontsize=SMALL_PT, color=COLORS["muted"], parse_math=False,
        )  # fmt: skip
