"""What a teacher adds to a small net: three seeds with and without it, all else the same."""

from __future__ import annotations

import numpy as np

from benchmarks.timing import table
from benchmarks.training_runs import (
    SEEDS,
    accuracy,
    main_net,
    short,
    summary,
    trainable,
    trained,
)
from edgecnn.training.distill import Distillation, DistillConfig

EPOCHS = 8
WIDTH = 0.24
AIM_POINTS = 1.0
LESSON = DistillConfig(soft=0.9, temperature=3.0)


def distillation() -> int:
    """Print the table; returns 1 if the aim is missed."""
    teacher = main_net()
    rows, gains = [], []
    parameters = 0
    for seed in SEEDS:
        config = short(EPOCHS, seed=seed, width=WIDTH)
        alone = trained(f"student_alone_{seed}", config)
        taught = trained(f"student_taught_{seed}", config, lesson=Distillation([teacher], LESSON))
        parameters = trainable(alone)
        pair = 100 * accuracy(alone), 100 * accuracy(taught)
        gains.append(pair[1] - pair[0])
        rows.append([str(seed), f"{pair[0]:.2f}", f"{pair[1]:.2f}", f"{gains[-1]:+.2f}"])
    print(
        f"\n{parameters:,} trainable parameters, {EPOCHS} epochs, "
        f"teacher {100 * accuracy(teacher):.2f} %; "
        f"soft labels {LESSON.soft:g} of the loss at temperature {LESSON.temperature:g}. "
        f"Top-1 in % of 10,000 test pictures.\n"
    )
    print(table(["seed", "labels alone", "with the teacher", "gain, points"], rows))
    print(f"\nGain: {summary(gains)} points (aim {AIM_POINTS:+.1f}).")
    return int(float(np.mean(gains)) < AIM_POINTS)
