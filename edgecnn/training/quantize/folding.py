"""Fold batch norm and other scales and offsets of channels into the weights before them.

After training, batch norm is one multiplication and one addition a channel, and so is part of the
convolution that feeds it: W' = W * g / sqrt(v + e), b' = (b - m) * g / sqrt(v + e) + beta. Integer
networks are built that way, so quantization-aware training has to see the folded weights.

Reference: Jacob et al., arXiv:1712.05877, section 3.2. We fold once, before training, with the
statistics that the network has: fine-tuning then needs no second convolution a step, and it is what
Krishnamoorthi (arXiv:1806.08342, section 3.2.2) found best after the statistics are frozen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import keras
import numpy as np
from numpy.typing import NDArray

from edgecnn.training.quantize.arrays import to_numpy, weights_of

Floats = NDArray[np.float32]
Form = Literal["conv", "depthwise", "dense"]


@dataclass(slots=True, eq=False)
class Linear:
    """A convolution or a dense layer on its way into another model.

    Attributes:
        form: Which.
        config: Keras's, without activation and name.
        kernel: As Keras holds it: (height, width, channels in, channels out), depthwise (height,
            width, channels, multiplier), dense (in, out).
        bias: (channels out,); None without one.
    """

    form: Form
    config: dict[str, Any] = field(repr=False)
    kernel: Floats
    bias: Floats | None

    def fold(self, scale: Floats, offset: Floats) -> None:
        """Let the outcome be ``outcome * scale + offset``; both broadcast to (channels out,)."""
        channels = self.kernel.shape[-1]
        if self.form == "depthwise":
            channels *= self.kernel.shape[-2]
        wide = np.broadcast_to(np.asarray(scale, np.float64).reshape(-1), (channels,))
        shape = self.kernel.shape[-2:] if self.form == "depthwise" else (channels,)
        bias = 0.0 if self.bias is None else self.bias.astype(np.float64)
        self.kernel = (self.kernel * wide.reshape(shape)).astype(np.float32)
        shifted = bias * wide + np.asarray(offset, np.float64).reshape(-1)
        self.bias = np.broadcast_to(shifted, (channels,)).astype(np.float32)


def linear_of(layer: Any) -> Linear:
    """What a built Conv2D, DepthwiseConv2D or Dense computes before its activation."""
    form: Form = "conv"
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        form = "depthwise"
    elif isinstance(layer, keras.layers.Dense):
        form = "dense"
    config = {key: value for key, value in layer.get_config().items() if key not in _OWN}
    weights = weights_of(layer)
    return Linear(form, config, weights[0], weights[1] if layer.use_bias else None)


_OWN = ("name", "activation", "use_bias", "dtype", "lora_rank", "lora_alpha", "quantization_config")
"""Settings that the new layer gets anew."""


_PIXEL_LIKE = 16.0
"""Steps of an offset from which on half of one is little."""


def channelwise(scale: Floats, offset: Floats, channels: int, *, trainable: bool) -> Linear:
    """A depthwise 1 x 1 convolution: ``x * scale + offset`` for each channel."""
    config = {"kernel_size": 1, "trainable": trainable}
    linear = Linear("depthwise", config, np.ones((1, 1, channels, 1), np.float32), None)
    linear.fold(scale, offset)
    return linear


def scale_and_offset(layer: Any) -> tuple[Floats, Floats] | None:
    """What a layer does to each channel in inference, if that is ``x * scale + offset``.

    Args:
        layer: Built; batch norm over the last axis, Rescaling, or Normalization over the last axis.

    Returns:
        Scale and offset, each one value or one a channel; None for any other layer.
    """
    if type(layer) is keras.layers.BatchNormalization:
        return _batch_norm(layer)
    if type(layer) is keras.layers.Rescaling:
        return np.ravel(np.float32(layer.scale)), np.ravel(np.float32(layer.offset))
    if type(layer) is keras.layers.Normalization and not layer.invert:
        mean = np.ravel(to_numpy(layer.mean))
        spread = np.sqrt(np.ravel(to_numpy(layer.variance)))
        scale = 1.0 / np.maximum(spread, keras.config.epsilon())
        return scale.astype(np.float32), (-mean * scale).astype(np.float32)
    return None


def in_whole_steps(scale: Floats, offset: Floats) -> Floats:
    """The offset that moves pixels by a whole number of steps.

    ``pixel / 127.5 - 1`` has no pixel at zero, where integers must have a level: each of the 256
    values lies half-way between two levels, and which way it goes is the last bit's decision,
    another one in the file than in training. Moved by 128 instead of 127.5, each has its own.

    Args:
        scale: (1,) of ``x * scale + offset`` on the input of the net.
        offset: (1,), likewise.

    Returns:
        (1,) the offset, changed by half a step at most; as it was where the input has a range in
        which that would be much, and cannot be pixels.
    """
    steps = offset / scale
    return np.where(np.abs(steps) >= _PIXEL_LIKE, np.rint(steps) * scale, offset)


def _batch_norm(layer: Any) -> tuple[Floats, Floats]:
    def values(weight: Any, default: float) -> Any:
        if weight is None:
            return np.float64(default)
        return to_numpy(weight).astype(np.float64)

    spread = np.sqrt(values(layer.moving_variance, 1.0) + layer.epsilon)
    scale = values(layer.gamma, 1.0) / spread
    offset = values(layer.beta, 0.0) - values(layer.moving_mean, 0.0) * scale
    return np.ravel(scale).astype(np.float32), np.ravel(offset).astype(np.float32)
