"""Pictures of a run of metric learning."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.evaluation.verification import pair_distances, roc
from edgecnn.training.curves import new_figure


def draw_verification(history: Sequence[dict[str, float]], file: Path) -> None:
    """Loss, error rates on unseen classes and learning rate over epochs.

    Args:
        history: A table an epoch.
        file: A ``.png``.
    """
    figure = new_figure(10.0, 3.2)
    epochs = np.arange(1, len(history) + 1)
    names = list(history[0]) if history else []
    plots = {
        "loss": [name for name in names if name in ("loss", "violated")],
        "unseen classes": [name for name in names if name.startswith("val_")],
        "learning rate": [name for name in names if name == "learning_rate"],
    }
    for place, (title, keys) in enumerate(plots.items(), start=1):
        axes = figure.add_subplot(1, 3, place)
        for key in keys:
            label = key.removeprefix("val_").replace("_", " ")
            axes.plot(epochs, [line[key] for line in history], marker=".", label=label)
        axes.set_title(title)
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        if len(keys) > 1:
            axes.legend()
    figure.savefig(file)


def draw_distances(vectors: NDArray[Any], labels: NDArray[np.int64], file: Path) -> None:
    """How far pictures of one class and of two classes are apart.

    Args:
        vectors: (N, D) of unseen classes.
        labels: (N,).
        file: A ``.png``.
    """
    genuine, impostor = pair_distances(vectors, labels, "cosine")
    rates = roc(genuine, impostor)
    figure = new_figure(6.0, 3.6)
    axes = figure.add_subplot()
    edges = np.linspace(0.0, max(float(impostor.max()), float(genuine.max()), 1e-6), 80)
    for values, label in ((genuine, "one class"), (impostor, "two classes")):
        axes.hist(values, edges, density=True, alpha=0.6, label=f"{label}: {len(values):,} pairs")
    axes.set_title(f"classes that were not learned, EER {rates.equal_error_rate:.2%}")
    axes.set_xlabel("cosine distance")
    axes.set_yticks([])
    axes.legend()
    figure.savefig(file)
