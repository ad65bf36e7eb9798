"""One narrow net of every family of `edgecnn.nets`, for 32 x 32 x 3 and five classes."""

from __future__ import annotations

from typing import Any

SHAPE = (32, 32, 3)
CLASSES = 5
FAMILIES: dict[str, dict[str, Any]] = {
    "lenet5": {},
    "alexnet": {"width": 0.125, "lrn": True},
    "vgg11": {"width": 0.125},
    "googlenet": {"width": 0.125},
    "resnet18": {"width": 0.125, "attention": "cbam"},
    "densenet121": {"width": 0.125},
    "mobilenet_v1": {"width": 0.25},
    "mobilenet_v2": {"width": 0.35},
    "mobilenet_v3_small": {"width": 0.5},
    "shufflenet_v1": {"width": 0.25, "groups": 2},
    "shufflenet_v2": {"width": 0.25},
    "efficientnet_lite0": {"width": 0.25},
    "separable_resnet": {"width": 0.25},
}
"""Name of the net -> its options."""


def build(name: str) -> Any:
    """The net of a family, with logits: a softmax of one class would hide differences."""
    from edgecnn import nets

    return nets.build(
        name,
        input_shape=SHAPE,
        num_classes=CLASSES,
        classifier_activation=None,
        **FAMILIES[name],
    )


def train_a_step(model: Any) -> list[str]:
    """Train on one batch; paths of the weights that should have changed and did not."""
    import keras
    import numpy as np

    model.compile(
        # Adam moves a weight however small its gradient is.
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        # Tracing takes longer than one step; JAX would compile every operation by itself.
        run_eagerly=keras.backend.backend() == "tensorflow",
        jit_compile=keras.backend.backend() == "jax",
    )
    before = [np.array(weight.value) for weight in model.trainable_variables]
    pixels = np.random.default_rng(0).normal(size=(8, *SHAPE)).astype(np.float32)
    loss = float(model.train_on_batch(pixels, np.arange(8) % CLASSES))
    if not np.isfinite(loss):
        raise ArithmeticError(f"The loss is {loss}.")
    return [
        weight.path
        for weight, old in zip(model.trainable_variables, before, strict=True)
        if np.array_equal(np.array(weight.value), old)
    ]


if __name__ == "__main__":
    import sys

    import keras

    for family in sys.argv[1:]:
        keras.utils.clear_session()
        print(family, *train_a_step(build(family)), flush=True)
