"""The plots of int8: where it loses, and what it confuses; see `converters.report.plots`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from converters.report.canvas import (
    BODY_PT,
    COLORS,
    LINE_PT,
    SMALL_PT,
    Plot,
    clean,
    new_figure,
    style,
    to_svg,
)
from converters.report.int8 import LOSING, ROUNDING, label, layer_name, worst_layers
from converters.report.schema import Confusion, LayerError, Report
from edgecnn.wording import counted

NAMED_LAYERS = 8
MAX_NUMBERS = 14
"""Up to so many classes a confusion matrix shows its numbers."""


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
