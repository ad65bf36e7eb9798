"""Training, pruning, rounding and distillation of a tiny net, on whatever backend Keras runs on.

KERAS_BACKEND=jax python -m tests.helpers.any_backend FOLDER
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from edgecnn.data.image_data import ImageData
from edgecnn.training import quantize
from edgecnn.training.config import TrainConfig, change
from edgecnn.training.distill import Distillation, DistillConfig
from edgecnn.training.fit import train
from edgecnn.training.judging import predict
from edgecnn.training.prune import MacsTarget, PruneOptions, count_macs, prune
from edgecnn.training.quiet import keras_noise
from edgecnn.training.run import RunResult

CONFIG = change(
    TrainConfig(),
    {
        "data": {"validation": 0.2, "augment": {"name": "light", "mix": "mixup"}},
        "optimizer": {"name": "adamw", "learning_rate": 0.02, "weight_decay": 0.01},
        "regularize": {"average": {"name": "ema", "momentum": 0.8}, "l2": 1e-4},
        "fit": {"epochs": 3, "batch_size": 12, "seed": 5},
    },
)
PLAIN = change(CONFIG, {"data": {"augment": {"name": "none", "mix": "none"}}})


def pictures() -> ImageData:
    """Grey pictures of 8 x 8 pixels: dark ones, and those that are bright on one side."""
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    images = rng.integers(0, 80, (90, 8, 8))
    images[labels == 1, :4] += 120
    images[labels == 2, 4:] += 120
    return ImageData(images.astype(np.uint8), labels.astype(np.int64), ("dark", "top", "bottom"))


def net(filters: int) -> Any:
    """Two convolutions, a shortcut between them, and a classifier."""
    layers = keras.layers
    keras.utils.set_random_seed(filters)
    inputs = keras.Input((8, 8, 1), name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(inputs)
    for name in ("first", "second"):
        y = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
        y = layers.BatchNormalization(momentum=0.8, name=f"{name}_bn")(y)
        y = layers.ReLU(6.0, name=f"{name}_relu")(y)
        x = y if name == "first" else layers.Add(name="add")([x, y])
    x = layers.Flatten(name="flatten")(layers.MaxPooling2D(2, name="pool")(x))
    x = layers.Dropout(0.1, name="dropout")(x)
    return keras.Model(inputs, layers.Dense(3, activation="softmax", name="classes")(x))


def main(folder: Path) -> None:
    """Do all of it; an assertion fails where a backend does something else."""
    data = pictures()
    pixels = data.pixels.astype(np.float32)
    teacher = train(CONFIG, out=folder / "teacher", data=data, model=net(16))
    check("teacher", teacher, 0.9)
    killed_and_resumed(folder / "cut", teacher)

    lesson = Distillation([teacher.model], DistillConfig(soft=0.9))
    check("student", train(PLAIN, out=folder / "s", data=data, model=net(4), lesson=lesson), 0.6)

    options = PruneOptions(multiple_of=4)
    with keras_noise():
        found = prune(teacher.model, MacsTarget(0.5), options)
    assert count_macs(found.model) <= 0.5 * count_macs(teacher.model)
    check("pruned", train(PLAIN, out=folder / "p", data=data, model=found.model), 0.8)

    with keras_noise():
        rounding = quantize.prepare(teacher.model)
        quantize.observe(rounding, pixels)
    gap = np.abs(predict(rounding, pixels) - predict(teacher.model, pixels)).max()
    assert gap < 0.1, gap
    check("rounding", train(PLAIN, out=folder / "q", data=data, model=rounding), 0.9)


class Kill(keras.callbacks.Callback):
    """Stops in the middle of the second epoch."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.model.optimizer.iterations == 8:
            raise KeyboardInterrupt


def killed_and_resumed(out: Path, whole: RunResult) -> None:
    """The same weights as of the run that was not killed."""
    common = {"out": out, "data": pictures()}
    try:
        train(CONFIG, model=net(16), callbacks=[Kill()], **common)
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError("The run was not killed.")
    again = train(CONFIG, model=net(16), resume=True, **common)
    for a, b in zip(whole.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    print("resumed", flush=True)


def check(name: str, run: RunResult, least: float) -> None:
    """Say that a run went well."""
    accuracy = run.metrics["val_accuracy"]
    assert accuracy >= least, (name, run.history)
    print(name, flush=True)


if __name__ == "__main__":
    import sys

    main(Path(sys.argv[1]))
