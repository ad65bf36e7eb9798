"""Pictures made of two, with labels made of two: CutMix. For mixup `keras.layers.MixUp` is used.

Both layers take and give ``{"images": (batch, H, W, C), "labels": (batch, classes)}``, labels as
one-hot or soft float vectors, and mix each picture with another one of its batch.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="edgecnn")
class CutMix(keras.layers.Layer):  # type: ignore[misc]
    """Paste a box of another picture of the batch into each picture.

    A label gets the share of the pixels that its picture really has in the result. The box has
    whole pixels and is cut off at the edges.

    Reference:
        Yun, Han, Oh, Chun, Choe, Yoo 2019, "CutMix: Regularization Strategy to Train Strong
        Classifiers with Localizable Features", ICCV. There one box serves the whole batch; here
        each picture has its own.

    Args:
        alpha: Of the Beta(alpha, alpha) distribution of the share that stays; 1 is uniform.
        seed: Of the layer's generator.
        **settings: Of `keras.layers.Layer`.

    Raises:
        ValueError: alpha is not above 0.
    """

    def __init__(self, alpha: float = 1.0, *, seed: int | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        if alpha <= 0:
            raise ValueError(f"alpha must be above 0, but got {alpha}.")
        self.alpha, self.seed = alpha, seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, pairs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Mix the batch in training, and only cast it otherwise."""
        images = ops.cast(pairs["images"], self.compute_dtype)
        labels = ops.cast(pairs["labels"], self.compute_dtype)
        if not training:
            return {"images": images, "labels": labels}
        batch, height, width = ops.shape(images)[:3]
        kept = keras.random.beta(
            (batch,), self.alpha, self.alpha, self.compute_dtype, seed=self.generator
        )
        side = ops.sqrt(1.0 - kept)
        draws = keras.random.uniform((batch, 2), dtype=self.compute_dtype, seed=self.generator)
        rows = self._inside(draws[:, 0], side, height)
        columns = self._inside(draws[:, 1], side, width)
        box = ops.cast(ops.logical_and(rows[:, :, None], columns[:, None, :]), self.compute_dtype)
        order = keras.random.shuffle(ops.arange(batch), seed=self.generator)
        pasted = ops.mean(box, axis=(1, 2))[:, None]
        box = box[..., None]
        return {
            "images": images * (1.0 - box) + ops.take(images, order, axis=0) * box,
            "labels": labels * (1.0 - pasted) + ops.take(labels, order, axis=0) * pasted,
        }

    def _inside(self, middle: Any, share: Any, length: Any) -> Any:
        """Which places of an axis a box covers, (batch, length) bool."""
        places = ops.cast(ops.arange(length), self.compute_dtype)[None]
        length = ops.cast(length, self.compute_dtype)
        size = ops.round(share * length)
        first = ops.floor(middle * length - size / 2 + 0.5)
        return ops.logical_and(places >= first[:, None], places < (first + size)[:, None])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes that came in."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of, for saving."""
        return {**super().get_config(), "alpha": self.alpha, "seed": self.seed}
