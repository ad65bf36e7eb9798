"""What all our augmentation layers have in common."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class Augmentation(keras.layers.Layer):  # type: ignore[misc]
    """Changes pictures at random in training and passes them on in inference.

    Subclasses write `change`, which gets a batch of float pixels; the result is clipped to 0..255.

    Args:
        seed: Of the layer's own generator; the same seed gives the same sequence of changes.
        **settings: Of `keras.layers.Layer`.

    Call arguments:
        images: (H, W, C) or (batch, H, W, C), pixel values 0..255 of any type.
        training: Whether to change them.

    Output shape:
        That of the input, in the layer's float type.
    """

    def __init__(self, *, seed: int | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)
        # TensorFlow's image transformation has no XLA kernel.
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def change(self, images: Any) -> Any:
        """Change (batch, H, W, C) float pixels 0..255; may leave the range."""
        raise NotImplementedError

    def call(self, images: Any, training: bool = False) -> Any:
        """Change the pictures, or only their type."""
        images = ops.cast(images, self.compute_dtype)
        if not training:
            return images
        single = len(images.shape) == 3
        batch = images[None] if single else images
        changed = ops.clip(self.change(batch), 0.0, 255.0)
        return changed[0] if single else changed

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that came in."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of, for saving."""
        return {**super().get_config(), "seed": self.seed}

    def uniform(self, images: Any, low: float, high: float, *shape: int) -> Any:
        """Random numbers, (batch, *shape), a row for each picture."""
        size = (ops.shape(images)[0], *shape)
        return keras.random.uniform(size, low, high, self.compute_dtype, seed=self.generator)

    def each(self, images: Any, low: float, high: float) -> Any:
        """One random number a picture, (batch, 1, 1, 1)."""
        return self.uniform(images, low, high, 1, 1, 1)
