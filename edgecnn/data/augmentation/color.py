"""Colours and noise: changes that leave every pixel at its place."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from edgecnn.data.augmentation.base import Augmentation

LUMA_RGB = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in brightness (ITU-R BT.601)."""
_register = keras.saving.register_keras_serializable(package="edgecnn")


def gray_of(images: Any) -> Any:
    """Brightness of RGB pictures, (batch, H, W, 1); grey ones as they are."""
    if images.shape[-1] != 3:
        return images
    weights = ops.convert_to_tensor(LUMA_RGB, dtype=images.dtype)
    return ops.sum(images * weights, axis=-1, keepdims=True)


class _ByAmount(Augmentation):
    """What the changes of brightness, contrast and saturation share: their strength."""

    def __init__(self, amount: float = 0.2, **settings: Any) -> None:
        super().__init__(**settings)
        if not 0 <= amount <= 1:
            raise ValueError(f"amount must be 0..1, but got {amount}.")
        self.amount = amount

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of, for saving."""
        return {**super().get_config(), "amount": self.amount}


@_register
class RandomBrightness(_ByAmount):
    """Make each picture brighter or darker.

    Args:
        amount: 0..1: largest change, as a share of 255.
        seed: See `Augmentation`.
        **settings: See `Augmentation`.

    Raises:
        ValueError: amount out of range.
    """

    def change(self, images: Any) -> Any:
        """Add a number to all values of a picture."""
        return images + self.each(images, -self.amount, self.amount) * 255.0


@_register
class RandomContrast(_ByAmount):
    """Blend each picture with its mean brightness, or away from it.

    Args:
        amount: 0..1: differences become 1 - amount to 1 + amount times as large.
        seed: See `Augmentation`.
        **settings: See `Augmentation`.

    Raises:
        ValueError: amount out of range.
    """

    def change(self, images: Any) -> Any:
        """Blend with the mean."""
        mean = ops.mean(gray_of(images), axis=(1, 2, 3), keepdims=True)
        return mean + (images - mean) * self.each(images, 1.0 - self.amount, 1.0 + self.amount)


@_register
class RandomSaturation(_ByAmount):
    """Blend each RGB picture with its grey version, or away from it.

    Args:
        amount: 0..1: colours become 1 - amount to 1 + amount times as strong.
        seed: See `Augmentation`.
        **settings: See `Augmentation`.

    Raises:
        ValueError: amount out of range, or pictures that are not RGB.
    """

    def build(self, input_shape: Any) -> None:
        """Refuse grey pictures, which have no colours to change."""
        if input_shape[-1] != 3:
            raise ValueError(
                f"Saturation is changed on RGB pictures, but got shape {tuple(input_shape)}. Leave "
                "this layer out for grey ones; a preset does so by itself."
            )
        super().build(input_shape)

    def change(self, images: Any) -> Any:
        """Blend with the grey picture."""
        gray = gray_of(images)
        factor = self.each(images, 1.0 - self.amount, 1.0 + self.amount)
        return gray + (images - gray) * factor


@_register
class PixelNoise(Augmentation):
    """Add Gaussian noise to each value, of a strength that is drawn for each picture.

    Args:
        deviation: Largest standard deviation, in pixel values 0..255.
        seed: See `Augmentation`.
        **settings: See `Augmentation`.

    Raises:
        ValueError: deviation out of range.
    """

    def __init__(self, deviation: float = 10.0, **settings: Any) -> None:
        super().__init__(**settings)
        if not 0 <= deviation <= 255:
            raise ValueError(f"deviation must be 0..255 pixel values, but got {deviation}.")
        self.deviation = deviation

    def change(self, images: Any) -> Any:
        """Add noise."""
        strength = self.each(images, 0.0, self.deviation)
        noise = keras.random.normal(
            ops.shape(images), dtype=self.compute_dtype, seed=self.generator
        )
        return images + noise * strength

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of, for saving."""
        return {**super().get_config(), "deviation": self.deviation}


@_register
class SaltAndPepper(Augmentation):
    """Turn single pixels white or black, as dead pixels and lost bits do; all channels at once.

    Args:
        share: Largest share of the pixels, 0..1; drawn for each picture.
        seed: See `Augmentation`.
        **settings: See `Augmentation`.

    Raises:
        ValueError: share out of range.
    """

    def __init__(self, share: float = 0.02, **settings: Any) -> None:
        super().__init__(**settings)
        if not 0 <= share <= 1:
            raise ValueError(f"share must be 0..1 of the pixels, but got {share}.")
        self.share = share

    def change(self, images: Any) -> Any:
        """Replace pixels."""
        shape = ops.shape(images)
        place = (shape[0], shape[1], shape[2], 1)
        draw = keras.random.uniform(place, dtype=self.compute_dtype, seed=self.generator)
        half = self.each(images, 0.0, self.share) / 2
        white = ops.where(draw > 1.0 - half, 255.0, images)
        return ops.where(draw < half, 0.0, white)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of, for saving."""
        return {**super().get_config(), "share": self.share}
