"""The plots of a report: what a variant costs and gives, where int8 loses, what it confuses.

Each function gives a `Plot`, or None where the report has nothing to show. `draw_*` are the figures
themselves, which a notebook can show too (inside of `canvas.style`).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.pareto import pareto_front
from converters.report.canvas import (
    BODY_PT,
    COLORS,
    LINE_PT,
    SMALL_PT,
    clean,
    new_figure,
    place_labels,
    style,
    to_svg,
)
from converters.report.content import LOSING, ROUNDING, label, layer_name, worst_layers
from converters.report.schema import Confusion, LayerError, Proven, Report
from converters.report.text import accuracy, accuracy_name, counted, megabytes

NAMED_LAYERS = 8
MAX_NUMBERS = 14
"""Up to so many classes a confusion matrix shows its numbers."""
LEAST_SPAN = 0.5
"""Percentage points that the accuracy axis spans at least: less would show noise as if it were
large."""
_MARKERS = (("litert", "o", "accent"), ("openvino", "s", "second"))


@dataclass(frozen=True, slots=True)
class Plot:
    """An SVG, and what it shows in a sentence or two."""

    svg: str
    caption: str


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


def layer_errors(layers: Sequence[LayerError], key: str) -> Plot | None:
    """Error of each layer in the order of computation, and the worst by name."""
    if not layers:
        return None
    with style():
        svg = to_svg(draw_layers(layers), key=key, title="Quantization error of each layer")
    losing = sum(layer.rmse_over_scale > LOSING for layer in layers)
    caption = (
        "Root mean squared error of each layer's output over its quantization step, in the order "
        f"of computation. {counted(losing, 'layer')} of {len(layers)} above {LOSING}; rounding "
        f"alone gives {ROUNDING}."
    )
    return Plot(svg, caption)


def confusion(one: Confusion, report: Report, key: str) -> Plot | None:
    """Float against int8, a cell a pair of classes."""
    if not one.class_ids:
        return None
    names = [label(report, class_id) for class_id in one.class_ids]
    with style():
        svg = to_svg(draw_confusion(one, names), key=key, title="Answers of float against int8")
    return Plot(
        svg,
        "Rows: first answer of the float reference. Columns: that of int8. Blue: they agree; "
        "orange: they differ, stronger the more pictures.",
    )


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


def draw_layers(layers: Sequence[LayerError]) -> Any:
    """The figure: above all layers as bars on a logarithmic axis, below the worst by name."""
    from matplotlib.ticker import MaxNLocator

    errors = np.array([max(layer.rmse_over_scale, 1e-3) for layer in layers])
    worst = worst_layers(layers, NAMED_LAYERS)
    list_in = 0.21 * len(worst) + 0.55
    figure = new_figure(2.6 + list_in)
    height_in = 2.6 + list_in
    axes = figure.add_axes((0.07, (list_in + 0.45) / height_in, 0.77, 1.9 / height_in))
    colors = [COLORS["bad" if error > LOSING else "accent"] for error in errors]
    low = min(0.1, float(errors.min()) * 0.8)
    position = np.arange(1, len(layers) + 1)
    axes.bar(position, errors - low, bottom=low, width=0.8, color=colors, linewidth=0)
    axes.set_yscale("log")
    axes.set_ylim(low, max(1.6, float(errors.max()) * 1.7))
    axes.set_xlim(0.2, len(layers) + 0.8)
    _bounds(axes)
    axes.set_xlabel("layer, in the order of computation")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    figure.text(0.01, 1 - 0.17 / height_in, "rmse / scale", fontsize=BODY_PT, color=COLORS["muted"])
    places = {id(layer): n for n, layer in enumerate(layers)}
    for rank, layer in enumerate(worst, start=1):
        n = places[id(layer)]
        if errors[n] > LOSING:
            axes.annotate(
                str(rank), (position[n], errors[n]), xytext=(0, 2), textcoords="offset points",
                ha="center", va="bottom", fontsize=SMALL_PT, color=COLORS["bad"],
            )  # fmt: skip
    below = figure.add_axes((0.44, 0.25 / height_in, 0.53, (list_in - 0.5) / height_in))
    _worst_bars(below, worst)
    return figure


def _bounds(axes: Any) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    ticks = [tick for tick in (0.01, 0.1, 1, 10, 100, 1000) if axes.get_ylim()[0] <= tick]
    axes.yaxis.set_major_locator(FixedLocator([t for t in ticks if t <= axes.get_ylim()[1]]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for level, text in ((ROUNDING, f"{ROUNDING} rounding alone"), (LOSING, f"{LOSING} losing")):
        axes.axhline(level, color=COLORS["ink"], linewidth=LINE_PT, linestyle=(0, (3, 3)))
        axes.text(
            1.01, level, text, transform=axes.get_yaxis_transform(), ha="left", va="center",
            fontsize=SMALL_PT, color=COLORS["ink"],
        )  # fmt: skip


def _worst_bars(axes: Any, worst: Sequence[LayerError]) -> None:
    errors = np.array([layer.rmse_over_scale for layer in worst])
    rows = np.arange(len(worst))[::-1]
    colors = [COLORS["bad" if error > LOSING else "accent"] for error in errors]
    axes.barh(rows, errors, height=0.62, color=colors, linewidth=0)
    names = [
        f"{rank}  {clean(layer_name(layer.name))}" for rank, layer in enumerate(worst, start=1)
    ]
    axes.set_yticks(rows, names, parse_math=False)
    axes.tick_params(axis="y", length=0, labelcolor=COLORS["ink"])
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(0, max(float(errors.max()) * 1.12, 1e-3))
    for row, error in zip(rows, errors, strict=True):
        axes.annotate(
            f"{error:.2f}", (error, row), xytext=(4, 0), textcoords="offset points", va="center",
            fontsize=SMALL_PT, color=COLORS["muted"],
        )  # fmt: skip


def draw_confusion(one: Confusion, names: Sequence[str]) -> Any:
    """The figure: a square a pair of classes, its opacity the share of the most frequent pair."""
    from matplotlib.patches import Rectangle

    counts = np.array(one.counts, float).reshape(len(names), len(names))
    count = len(names)
    side_in = float(np.clip(0.42 * count, 2.4, 5.4))
    size_pt = SMALL_PT if count <= 20 else 6.5
    texts = [clean(name, 20) for name in names]
    longest_in = max(map(len, texts)) * 0.62 * size_pt / 72
    left_in, height_in = longest_in + 0.2, side_in + 0.72 * longest_in + 0.3
    figure = new_figure(height_in)
    width_in = figure.get_size_inches()[0]
    axes = figure.add_axes(
        (left_in / width_in, 0.05 / height_in, side_in / width_in, side_in / height_in)
    )
    same = np.eye(count, dtype=bool)
    for agree, role in ((True, "accent"), (False, "second")):
        cells = np.where(same == agree, counts, 0.0)
        for row, column in np.argwhere(cells > 0):
            share = cells[row, column] / cells.max()
            axes.add_patch(
                Rectangle(
                    (column, row), 1, 1, facecolor=COLORS[role], linewidth=0,
                    alpha=float(0.12 + 0.5 * share),
                )
            )  # fmt: skip
    axes.set_xlim(0, count)
    axes.set_ylim(count, 0)
    middle = np.arange(count) + 0.5
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(middle, texts, parse_math=False, fontsize=size_pt)
        axis.set_tick_params(length=0)
    axes.xaxis.tick_top()
    for text in axes.get_xticklabels():
        text.set(rotation=45, ha="left", va="bottom", rotation_mode="anchor")
    for spine in axes.spines.values():
        spine.set_visible(True)
    if count <= MAX_NUMBERS:
        for row, column in np.argwhere(counts > 0):
            axes.text(
                column + 0.5, row + 0.5, f"{int(counts[row, column])}", ha="center", va="center",
                fontsize=SMALL_PT,
            )  # fmt: skip
    return figure
