"""Local response normalisation: a channel is damped by its strong neighbours.

Reference:
    Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks", NIPS 2012, section 3.3. Later nets (VGG on) found that it gains nothing; it is here
    for the nets that were published with it.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


@keras.saving.register_keras_serializable(package="edgecnn")
class LocalResponseNorm(keras.layers.Layer):  # type: ignore[misc]
    """x / (bias + alpha * sum of the squares of ``size`` neighbouring channels) ** 0.75.

    The sum is a 1 x 1 convolution with a band of ones, and the power is made of reciprocal roots
    (s ** -0.75 is r * r / sqrt(r), with r = 1 / sqrt(s)): TFLite's own LRN is not carried over by
    today's converters, and its POW has neither a fast nor an int8 kernel. The exponent of the
    paper, 0.75, is therefore fixed.

    Args:
        size: Channels in a sum, an odd number: the channel itself and as many on either side.
        alpha: Weight of the sum. Some frameworks divide it by size; this one, as the paper, not.
        bias: Keeps the divisor away from zero; positive.

    Raises:
        ValueError: size is even or below 1, alpha is negative or bias not positive.

    Input shape:
        (batch, height, width, channels), float.

    Output shape:
        The same.
    """

    def __init__(
        self, size: int = 5, alpha: float = 1e-4, bias: float = 2.0, **settings: Any
    ) -> None:
        super().__init__(**settings)
        if size < 1 or size % 2 == 0:
            raise ValueError(f"size is {size}; give an odd number of channels, such as 5.")
        if alpha < 0 or bias <= 0:
            raise ValueError(
                f"alpha is {alpha} and bias is {bias}; alpha must not be negative, and bias has to "
                "be positive."
            )
        self.size, self.alpha, self.bias = size, alpha, bias

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the band: 1 where two channels are at most ``size // 2`` apart."""
        places = np.arange(input_shape[-1] or 0)
        near = np.abs(places[:, None] - places[None, :]) <= self.size // 2
        self._band = near.astype(np.float32)[None, None]

    def call(self, x: Any) -> Any:
        """Normalise."""
        band = keras.ops.cast(self.alpha * self._band, x.dtype)
        sums = keras.ops.conv(x * x, band, padding="same", data_format="channels_last")
        root = keras.ops.rsqrt(sums + self.bias)
        return x * root * root * keras.ops.rsqrt(root)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape that comes in."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """What makes this layer again."""
        own = {"size": self.size, "alpha": self.alpha, "bias": self.bias}
        return {**super().get_config(), **own}
