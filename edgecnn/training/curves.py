"""Pictures of a run: how it went, and what is taken for what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.optional import require

MAX_NAMED = 40
"""With more classes than these the axes are numbered."""


def draw_curves(history: Sequence[dict[str, float]], file: Path) -> None:
    """Loss, accuracy and learning rate over epochs.

    Args:
        history: A table an epoch.
        file: A ``.png``.
    """
    figure = new_figure(10.0, 3.2)
    epochs = np.arange(1, len(history) + 1)
    for place, name in enumerate(("loss", "accuracy", "learning_rate"), start=1):
        axes = figure.add_subplot(1, 3, place)
        for key, label in ((name, "learned from"), (f"val_{name}", "held back")):
            if history and key in history[0]:
                axes.plot(epochs, [line[key] for line in history], marker=".", label=label)
        axes.set_title(name.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        if name != "learning_rate":
            axes.legend()
    figure.savefig(file)


def draw_confusion(confusion: NDArray[np.int64], names: tuple[str, ...], file: Path) -> None:
    """Shares of each class that were taken for each class.

    Args:
        confusion: (C, C) from `edgecnn.evaluation.classification.confusion_matrix`.
        names: Of the classes.
        file: A ``.png``.
    """
    side = min(max(4.0, 1.5 + 0.45 * len(names)), 16.0)
    figure = new_figure(side + 1, side)
    axes = figure.add_subplot()
    totals = np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(confusion / totals, vmin=0, vmax=1, cmap="Blues")
    figure.colorbar(image, label="share of the true class")
    if len(names) <= MAX_NAMED:
        axes.set_xticks(range(len(names)), names, rotation=60, ha="right")
        axes.set_yticks(range(len(names)), names)
        for row, column in np.argwhere(confusion > 0):
            count = confusion[row, column]
            dark = count / totals[row, 0] > 0.5
            axes.text(
                column, row, str(count), ha="center", va="center", fontsize=7,
                color="white" if dark else "black",
            )  # fmt: skip
    axes.set_xlabel("answered")
    axes.set_ylabel("true")
    figure.savefig(file)


def new_figure(width_inches: float, height_inches: float) -> Any:
    """A figure that draws into files and knows no window."""
    require("matplotlib", extra="train")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_inches, height_inches), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
