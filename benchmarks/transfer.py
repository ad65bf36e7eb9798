"""From EfficientNet-Lite0's ImageNet weights against from nothing, with ten pictures a class."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import stamps
from benchmarks.timing import table
from benchmarks.training_runs import FOLDER, SEEDS, summary
from converters.quiet import tensorflow
from edgecnn.data.image_data import ImageData
from edgecnn.training.config import TrainConfig, change
from edgecnn.training.fit import train
from edgecnn.training.judging import predict
from edgecnn.training.presets import preset

SIDE = 128
PICTURES_A_CLASS = 10
AIM_POINTS = 10.0
_SHARED = {"data": {"validation": 0.0, "augment": {"fill_value": 255.0, "fill_mode": "constant"}}}


def _configs(seed: int) -> dict[str, TrainConfig]:
    """Ways to learn; those from nothing get five times the epochs."""
    fit = {"batch_size": 16, "seed": seed}
    small = {"name": "mobilenet_v2", "width": 0.35, "stem": "paper"}
    scratch = {**_SHARED, "schedule": {"warmup_epochs": 5.0}}
    return {
        "Lite0 from ImageNet": change(
            preset("fine_tune"), {**_SHARED, "fit": {**fit, "epochs": 12}}
        ),
        "Lite0 from nothing": change(
            preset("large_pictures"),
            {**scratch, "net": {"name": "efficientnet_lite0"}, "fit": {**fit, "epochs": 60}},
        ),
        "MobileNetV2 0.35 from nothing": change(
            preset("large_pictures"), {**scratch, "net": small, "fit": {**fit, "epochs": 60}}
        ),
    }


def split(data: ImageData, seed: int) -> tuple[ImageData, ImageData]:
    """So many pictures of each class to learn from, all others to be judged by."""
    rng = np.random.default_rng(seed)
    chosen = np.concatenate(
        [
            rng.permutation(np.flatnonzero(data.labels == label))[:PICTURES_A_CLASS]
            for label in range(len(data.names))
        ]
    )
    rest = np.setdiff1d(np.arange(len(data)), chosen)
    return data.select(chosen), data.select(rest)


def balanced_accuracy(model: Any, data: ImageData) -> float:
    """Mean over classes of the share that is named right, in percent: classes differ in size."""
    right = predict(model, data.pixels).argmax(axis=1) == data.labels
    return 100 * float(
        np.mean([right[data.labels == label].mean() for label in range(len(data.names))])
    )


def transfer() -> int:
    """Print the table; returns 1 if the aim is missed."""
    tensorflow()
    data = stamps.load(SIDE)
    found: dict[str, list[float]] = {}
    for seed in SEEDS:
        seen, unseen = split(data, seed)
        for number, (name, config) in enumerate(_configs(seed).items()):
            folder = FOLDER / f"transfer_{number}_{seed}"
            folder.parent.mkdir(parents=True, exist_ok=True)
            begun = (folder / "config.json").is_file()
            result = train(config, out=folder, data=seen, resume=begun)
            found.setdefault(name, []).append(balanced_accuracy(result.model, unseen))
            print(f"seed {seed}, {name}: {found[name][-1]:.1f} %", flush=True)
    counts = np.bincount(data.labels)
    print(
        f"\n{len(data.names)} classes ({', '.join(data.names)}), {PICTURES_A_CLASS} photographs "
        f"each to learn from, the other {counts.sum() - PICTURES_A_CLASS * len(counts)} to judge "
        f"by; {SIDE} x {SIDE} pixels. Mean over classes of top-1 in %, seeds and splits "
        f"{', '.join(map(str, SEEDS))}.\n"
    )
    rows = [
        [name, *(f"{value:.1f}" for value in values), summary(values)]
        for name, values in found.items()
    ]
    print(table(["start", *(f"split {seed}" for seed in SEEDS), "mean"], rows))
    first, *others = (float(np.mean(values)) for values in found.values())
    gain = first - max(others)
    print(f"\nOver the better of those from nothing: {gain:+.1f} points (aim {AIM_POINTS:+.0f}).")
    return int(gain < AIM_POINTS)
