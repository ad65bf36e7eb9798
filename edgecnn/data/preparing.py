"""From a picture of any size to the pixels that a net is trained on, by the device's own code.

A net that was trained on pictures resized in one way and runs on pictures resized in another loses
accuracy that no conversion can give back. Therefore training takes its pixels from
`edgecnn.runtime.preprocess`, where calibration, parity tests and the device take theirs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from edgecnn.bundle.schema import InputSpec
from edgecnn.core.image import Color
from edgecnn.errors import OptionError
from edgecnn.runtime.preprocess import input_tensor, value_table


def pixel_spec(width: int, height: int, color: Color = "rgb", **options: Any) -> InputSpec:
    """The input of a net that takes pixel values 0..255 as they are and scales them itself.

    Args:
        width: Of the net's input, in pixels.
        height: Of the net's input, in pixels.
        color: ``"rgb"``, ``"bgr"`` or ``"gray"``.
        **options: Further fields of `InputSpec`, for example ``resize="letterbox"``.
    """
    channels = 1 if color == "gray" else 3
    mean, std = (0.0,) * channels, (1.0,) * channels
    return InputSpec(width=width, height=height, color=color, mean=mean, std=std, **options)


def canvas(pixels: Any, color: Color, spec: InputSpec) -> NDArray[np.uint8]:
    """A picture at the size of the net's input, before normalisation, as the device makes it.

    Args:
        pixels: uint8, (H, W, 3), or (H, W) for ``gray``.
        color: Channel order of ``pixels``.
        spec: Size, colour, and how to resize; mean, std and layout are left for later.

    Returns:
        (h, w) uint8 for a gray input, else (h, w, 3) uint8 in the channel order of the input.

    Raises:
        ImageError: Not a picture in that colour order.
    """
    channels = len(spec.mean)
    plain = replace(spec, mean=(0.0,) * channels, std=(1.0,) * channels, layout="nhwc")
    tensor, _ = input_tensor(pixels, color, plain, dtype=np.uint8)
    return tensor[0, ..., 0] if channels == 1 else tensor[0]


def normalise(images: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.float32]:
    """What a net with a normalised input gets from canvases: (pixel - mean) / std.

    The same table as on the device fills the result, so that both agree to the last bit.

    Args:
        images: (N, h, w) or (N, h, w, C) uint8, as `canvas` gives them.
        spec: Gives mean, std and layout.

    Returns:
        (N, h, w, C) float32, or (N, C, h, w) where the layout is ``nchw``.

    Raises:
        OptionError: Canvases of another number of channels.
    """
    pixels = images[..., None] if images.ndim == 3 else images
    channels = len(spec.mean)
    if pixels.ndim != 4 or pixels.shape[3] != channels:
        raise OptionError(
            f"Expected pictures (N, height, width, {channels}) for a {spec.color} input, but got "
            f"shape {images.shape}."
        )
    table = value_table(spec, np.float32, 0.0, 0)
    values = table[pixels] if table.ndim == 1 else table[0][pixels, np.arange(channels)]
    if spec.layout == "nchw":
        values = values.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(values, np.float32)
