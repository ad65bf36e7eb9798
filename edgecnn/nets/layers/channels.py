"""Layers that move or summarise channels and compute nothing: shuffle, slice, statistics.

The shuffle never makes a tensor of five dimensions, for which TFLite has no fast kernels: the two
axes of space are one during the exchange. Other forms were tried in ShuffleNetV2 at 112 pixels (two
shared cores): with a 1 x 1 convolution by a permutation the net takes 1.7 times as long on LiteRT
and more than 1.5 times on OpenVINO; with a gather along the channels 1.3 times on both, and its
answers on OpenVINO 2026.4 were wrong.
"""

from __future__ import annotations

from typing import Any

import keras

_register = keras.saving.register_keras_serializable(package="edgecnn")


@_register
class ChannelShuffle(keras.layers.Layer):  # type: ignore[misc]
    """Deal the channels of each group out to all groups.

    Without it, stacked grouped convolutions never exchange anything between groups. With g groups
    of n channels, channel i of group j goes to place i * g + j.

    Reference:
        Zhang et al., "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile
        Devices", CVPR 2018.

    Args:
        groups: Number of groups, at least 1.

    Raises:
        ValueError: groups is below 1 or does not divide the channels.

    Input shape:
        (batch, height, width, channels); height, width and channels are known.

    Output shape:
        The same.
    """

    def __init__(self, groups: int, **settings: Any) -> None:
        super().__init__(**settings)
        if groups < 1:
            raise ValueError(f"groups is {groups}; a shuffle needs at least 1.")
        self.groups = groups

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Check that the groups are of one size."""
        if len(input_shape) != 4 or None in input_shape[1:]:
            raise ValueError(
                f"ChannelShuffle needs (batch, height, width, channels) with a known size, but got "
                f"{tuple(input_shape)}."
            )
        channels = input_shape[-1] or 0
        if channels % self.groups:
            raise ValueError(
                f"{channels} channels cannot be divided into {self.groups} groups of one size."
            )

    def call(self, x: Any) -> Any:
        """Shuffle."""
        _, height, width, channels = x.shape
        groups = self.groups
        x = keras.ops.reshape(x, (-1, height * width, groups, channels // groups))
        x = keras.ops.transpose(x, (0, 1, 3, 2))
        return keras.ops.reshape(x, (-1, height, width, channels))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape that comes in."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """What makes this layer again."""
        return {**super().get_config(), "groups": self.groups}


@_register
class ChannelSlice(keras.layers.Layer):  # type: ignore[misc]
    """Neighbouring channels of a tensor: the split of ShuffleNetV2.

    Args:
        start: First channel, counted from 0.
        stop: Channel behind the last one.

    Raises:
        ValueError: The slice is empty or reaches beyond the channels that come in.

    Input shape:
        (batch, ..., channels).

    Output shape:
        (batch, ..., stop - start).
    """

    def __init__(self, start: int, stop: int, **settings: Any) -> None:
        super().__init__(**settings)
        if not 0 <= start < stop:
            raise ValueError(f"start is {start} and stop is {stop}; give 0 <= start < stop.")
        self.start, self.stop = start, stop

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Check that there are so many channels."""
        if self.stop > (input_shape[-1] or 0):
            raise ValueError(f"There are {input_shape[-1]} channels, but stop is {self.stop}.")

    def call(self, x: Any) -> Any:
        """Cut the channels out."""
        return x[..., self.start : self.stop]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As many channels as the slice has."""
        return (*input_shape[:-1], self.stop - self.start)

    def get_config(self) -> dict[str, Any]:
        """What makes this layer again."""
        return {**super().get_config(), "start": self.start, "stop": self.stop}


@_register
class ChannelStatistics(keras.layers.Layer):  # type: ignore[misc]
    """Mean and maximum over the channels of every pixel.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, height, width, 2): mean first.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Nothing to make: there are no weights."""

    def call(self, x: Any) -> Any:
        """Summarise."""
        mean = keras.ops.mean(x, axis=-1, keepdims=True)
        highest = keras.ops.max(x, axis=-1, keepdims=True)
        return keras.ops.concatenate([mean, highest], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Two channels."""
        return (*input_shape[:-1], 2)
