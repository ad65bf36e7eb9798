"""Mean and maximum over the channels of every pixel, apart, as integer networks compute them."""

from __future__ import annotations

from typing import Any

import keras

_register = keras.saving.register_keras_serializable(package="edgecnn")


class _OverChannels(keras.layers.Layer):  # type: ignore[misc]
    """One value a pixel.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, height, width, 1).
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Nothing to make: there are no weights."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """One channel."""
        return (*input_shape[:-1], 1)


@_register
class ChannelMean(_OverChannels):
    """Mean over the channels of every pixel."""

    def call(self, x: Any) -> Any:
        """Average."""
        return keras.ops.mean(x, axis=-1, keepdims=True)


@_register
class ChannelMaximum(_OverChannels):
    """Maximum over the channels of every pixel."""

    def call(self, x: Any) -> Any:
        """The largest."""
        return keras.ops.max(x, axis=-1, keepdims=True)
