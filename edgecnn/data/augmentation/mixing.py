"""Pictures made of two, with labels made of two: mixup and CutMix.

Both layers take and give ``{"images": (batch, H, W, C), "labels": (batch, classes)}``, labels as
one-hot or soft float vectors, and mix each picture with another one of its batch, each in its own
proportion.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

_register = keras.saving.register_keras_serializable(package="edgecnn")


class Mixing(keras.layers.Layer):  # type: ignore[misc]
    """Blends each picture with another one where `shares` says so.

    Args:
        alpha: Of the Beta(alpha, alpha) distribution of the share that stays.
        seed: Of the layer's generator.
        **settings: Of `keras.layers.Layer`.

    Call arguments:
        pairs: Images and labels of a batch.
        training: Whether to mix them; otherwise they are only cast.

    Raises:
        ValueError: alpha is not above 0.
    """

    def __init__(self, alpha: float, *, seed: int | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        if alpha <= 0:
            raise ValueError(f"alpha must be above 0, but got {alpha}.")
        self.alpha, self.seed = alpha, seed
        self.generator = keras.random.SeedGenerator(seed)

    def shares(self, kept: Any, height: Any, width: Any) -> Any:
        """How much of each pixel comes from the other picture.

        Args:
            kept: (batch,) share of the picture that should stay.
            height: Of the pictures.
            width: Of the pictures.

        Returns:
            (batch, height or 1, width or 1), 0..1.
        """
        raise NotImplementedError

    def call(self, pairs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Mix the batch in training."""
        images = ops.cast(pairs["images"], self.compute_dtype)
        labels = ops.cast(pairs["labels"], self.compute_dtype)
        if not training:
            return {"images": images, "labels": labels}
        batch, height, width = ops.shape(images)[:3]
        kept = keras.random.beta(
            (batch,), self.alpha, self.alpha, self.compute_dtype, seed=self.generator
        )
        other = self.shares(kept, height, width)
        # Labels get what the pixels really got, which whole pixels make differ from what was drawn.
        labelled = ops.mean(other, axis=(1, 2))[:, None]
        other = other[..., None]
        order = keras.random.shuffle(ops.arange(batch), seed=self.generator)
        return {
            "images": images * (1.0 - other) + ops.take(images, order, axis=0) * other,
            "labels": labels * (1.0 - labelled) + ops.take(labels, order, axis=0) * labelled,
        }

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes that came in."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of, for saving."""
        return {**super().get_config(), "alpha": self.alpha, "seed": self.seed}


@_register
class MixUp(Mixing):
    """Blend whole pictures, as two photographs on one film.

    Reference:
        Zhang, Cisse, Dauphin, Lopez-Paz 2018, "mixup: Beyond Empirical Risk Minimization", ICLR.
        There one proportion serves the whole batch; here each picture has its own.

    Args:
        alpha: See `Mixing`; 0.1 to 0.4 are usual, larger values mix more evenly.
        seed: See `Mixing`.
        **settings: See `Mixing`.

    Raises:
        ValueError: alpha is not above 0.
    """

    def __init__(self, alpha: float = 0.2, **settings: Any) -> None:
        super().__init__(alpha, **settings)

    def shares(self, kept: Any, height: Any, width: Any) -> Any:
        """The same for all pixels."""
        return (1.0 - kept)[:, None, None]


@_register
class CutMix(Mixing):
    """Paste a box of another picture into each picture.

    The box has whole pixels and is cut off at the edges.

    Reference:
        Yun, Han, Oh, Chun, Choe, Yoo 2019, "CutMix: Regularization Strategy to Train Strong
        Classifiers with Localizable Features", ICCV. There one box serves the whole batch; here
        each picture has its own.

    Args:
        alpha: See `Mixing`; 1 makes all sizes equally likely.
        seed: See `Mixing`.
        **settings: See `Mixing`.

    Raises:
        ValueError: alpha is not above 0.
    """

    def __init__(self, alpha: float = 1.0, **settings: Any) -> None:
        super().__init__(alpha, **settings)

    def shares(self, kept: Any, height: Any, width: Any) -> Any:
        """1 inside the box, 0 outside."""
        side = ops.sqrt(1.0 - kept)
        size = (ops.shape(kept)[0], 2)
        draws = keras.random.uniform(size, dtype=self.compute_dtype, seed=self.generator)
        rows = self._inside(draws[:, 0], side, height)
        columns = self._inside(draws[:, 1], side, width)
        box = ops.logical_and(rows[:, :, None], columns[:, None, :])
        return ops.cast(box, self.compute_dtype)

    def _inside(self, middle: Any, share: Any, length: Any) -> Any:
        """Which places of an axis a box covers, (batch, length) bool."""
        places = ops.cast(ops.arange(length), self.compute_dtype)[None]
        length = ops.cast(length, self.compute_dtype)
        size = ops.round(share * length)
        first = ops.floor(middle * length - size / 2 + 0.5)
        return ops.logical_and(places >= first[:, None], places < (first + size)[:, None])
